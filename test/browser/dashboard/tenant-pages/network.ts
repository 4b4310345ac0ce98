// Where it went, and the log of requests.

import { expect, test } from 'vitest';
import { visit } from '../dashboard-under-test.ts';
import { serveProblem, TENANT_ID } from '../fixtures.ts';
import { OVERVIEW, type Stage } from './stage.ts';

export function networkTests(stage: Stage): void {
  test('shows where it went by day, and its log is searched and paged on the server', async () => {
    await stage.on({ at: 'network' }, async (page) => {
      const traffic = page.getByRole('region', { name: 'Traffic by host' });
      await traffic.getByRole('row', { name: /^Together 12 3 900 bytes 481 kB$/ }).waitFor();
      await page.getByLabel('Day, in UTC').selectOption('2026-11-20');
      await traffic.getByRole('row', { name: /^pypi.org 2 0 100 bytes 52 kB$/ }).waitFor();

      const entries = page.getByRole('list', { name: 'Requests, newest first' }).getByRole('listitem');
      await entries.first().waitFor();
      expect(await entries.count()).toBe(2);
      await page.getByRole('button', { name: 'Show older entries' }).click();
      await entries.getByText('de.wikipedia.org').waitFor();
      expect(await entries.count()).toBe(3);

      await page.getByLabel('Part of a host').fill('news.');
      await page.getByLabel('Part of a host').press('Enter');
      await page.getByText('en.wikipedia.org/wiki/Tide').waitFor({ state: 'detached' });
      expect(await entries.allInnerTexts()).toEqual([
        expect.stringMatching(/^POST news.example.net\s+Refused, asked you/),
      ]);
      await page.getByLabel('What became of it').selectOption('Allowed');
      await page.getByRole('button', { name: 'Search', exact: true }).click();
      await page.getByText('Nothing of this kind is in the log.').waitFor();
    });
  });

  test('says what failed where the log is not there, and the rest of the page stays', async () => {
    await stage.on({}, async (page) => {
      const problem = { status: 503, code: 'upstream_unavailable', detail: 'It did not answer.', next: 'Try again.' };
      await serveProblem(page, `**/api/v1/tenants/${TENANT_ID}/network/log**`, problem);
      await visit(page, `${OVERVIEW}/network`, 'Nora');
      await page.getByText('It did not answer.').waitFor();
      await page.getByRole('heading', { name: 'Your rules' }).waitFor();
    });
  });
}
