// What stands over every page of an assistant, and what holds on all of them.

import { expect, test } from 'vitest';
import { inPage, visit } from '../dashboard-under-test.ts';
import { TENANT_ID } from '../fixtures.ts';
import { OVERVIEW, type Stage } from './stage.ts';

export function frameTests(stage: Stage): void {
  test('a pause of the fuse is on every page with its reason, and is ended there', async () => {
    const spendPause = { why: 'repeated', id: 'p1', atMs: Date.now(), times: 21, withinMs: 600_000 } as const;
    await stage.on({ at: 'network', fixture: { spendPause } }, async (page) => {
      const card = page.getByRole('region', { name: /requests are paused/ });
      await card.getByText('charged 21 times within 10 minutes').waitFor();
      const sent = page.waitForRequest((request) => request.url().endsWith('/budgets/resume'));
      await card.getByRole('button', { name: 'Let it go on' }).click();
      expect((await sent).postDataJSON()).toEqual({ pauseId: 'p1' });
      await page.getByText('Model requests go on.').waitFor();
    });
  });

  test('what OpenClaw’s own security audit finds critical is on every page of the assistant, in its words', async () => {
    const finding = { checkId: 'gateway.bind_no_auth', title: 'Open to everybody', detail: 'Set gateway.auth.' };
    const at = new Date().toISOString();
    await stage.on(
      { fixture: { securityAudit: { release: '2026.9.6', at, criticals: [finding], warnings: 1 } } },
      async (page) => {
        const notice = page.getByRole('region', { name: /security audit warns/ });
        await notice.getByText('Open to everybody. Set gateway.auth. gateway.bind_no_auth').waitFor();
        await visit(page, `${OVERVIEW}/usage`, 'Nora');
        await notice.waitFor();
      },
    );
  });

  test('a lost connection is said, and its end is noticed', async () => {
    await stage.on({}, async (page, context) => {
      await context.setOffline(true);
      await page.getByText('You are offline.').waitFor();
      await context.setOffline(false);
      await page.getByText('You are offline.').waitFor({ state: 'detached' });
    });
  });

  test('facts that could not be read again stay, and say how old they are', async () => {
    await stage.on({}, async (page) => {
      await page.unroute(`**/api/v1/tenants/${TENANT_ID}**`);
      await page.route(`**/api/v1/tenants/${TENANT_ID}**`, (route) => route.abort());
      await page.getByRole('button', { name: 'Refresh now' }).click();
      await page.getByText('No connection, last known').waitFor();
      await page.getByRole('heading', { level: 2, name: 'Settings' }).waitFor();
    });
  });

  test('the theme is chosen once for this device and is there before the first paint', async () => {
    await stage.on({}, async (page) => {
      await page.getByRole('button', { name: /^Your menu/ }).click();
      await page.getByRole('radio', { name: 'Dark' }).check({ force: true });
      expect(await inPage(page, 'getComputedStyle(document.documentElement).colorScheme')).toBe('dark');
      await page.reload({ waitUntil: 'commit' });
      expect(await inPage(page, 'document.documentElement.dataset.theme')).toBe('dark');
    });
  });
}
