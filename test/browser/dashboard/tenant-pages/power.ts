// What can be pressed in which state and why not, and what a refusal says.

import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { hasFocus, inPage, PHONE } from '../dashboard-under-test.ts';
import { failedOperation, serveProblem, TENANT_ID } from '../fixtures.ts';
import type { Stage } from './stage.ts';

const disabled = async (page: Page, name: string): Promise<boolean> =>
  (await page.getByRole('button', { name, exact: true }).getAttribute('aria-disabled')) === 'true';

export function powerTests(stage: Stage): void {
  describe('what can be pressed', () => {
    test.each([
      { state: 'awake', wake: true, sleep: false, restart: false },
      { state: 'asleep', wake: false, sleep: true, restart: true },
      { state: 'needs_operator', wake: true, sleep: true, restart: false },
      { state: 'suspended', wake: true, sleep: true, restart: true },
    ] as const)('while it is $state', async ({ state, ...expected }) => {
      await stage.on({ fixture: { state } }, async (page) => {
        expect({
          wake: await disabled(page, 'Wake'),
          sleep: await disabled(page, 'Sleep'),
          restart: await disabled(page, 'Restart'),
        }).toEqual(expected);
      });
    });

    test('a button that cannot act says why, on a phone too, and sends nothing', async () => {
      await stage.on({ fixture: { state: 'asleep' }, view: PHONE }, async (page) => {
        const asked: string[] = [];
        page.on('request', (request) => {
          if (request.method() === 'POST') asked.push(request.url());
        });
        const restart = page.getByRole('button', { name: 'Restart', exact: true });
        await restart.focus();
        await page.getByRole('tooltip').getByText('it must be awake or needs operator').waitFor();
        await restart.press('Enter');
        expect(asked).toEqual([]);
        expect(await page.getByRole('dialog').count()).toBe(0);
      });
    });

    test('restart asks first; Escape leaves everything as it was and gives the focus back', async () => {
      await stage.on({}, async (page) => {
        const restart = page.getByRole('button', { name: 'Restart', exact: true });
        await restart.click();
        await page.getByRole('dialog', { name: 'Restart Nora?' }).waitFor();
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'hidden' });
        expect(await hasFocus(restart)).toBe(true);
      });
    });

    test('a refused action is explained with its code and request', async () => {
      await stage.on({ fixture: { state: 'asleep' } }, async (page) => {
        await serveProblem(page, `**/api/v1/tenants/${TENANT_ID}/wake`, {
          status: 502,
          code: 'tenant_unreachable',
          detail: 'The assistant did not answer.',
          next: 'Try again in a moment.',
        });
        await page.getByRole('button', { name: 'Wake', exact: true }).click();
        const alert = page.getByRole('alert');
        await alert.getByText('The assistant did not answer. Try again in a moment.').waitFor();
        await alert.getByText('tenant_unreachable').waitFor();
        await alert.getByRole('button', { name: 'Try again' }).waitFor();
      });
    });
  });

  test('work that failed names the step, the code and the next thing to do', async () => {
    await stage.on({ fixture: { state: 'needs_operator', operation: failedOperation() } }, async (page, context) => {
      await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: stage.origin() });
      await page.getByRole('heading', { level: 2, name: 'Nora could not be set up' }).waitFor();
      await page.getByRole('listitem').filter({ hasText: 'Failed: Starting OpenClaw' }).waitFor();
      await page.getByText('Try again; its data is untouched.').waitFor();
      await page.getByRole('button', { name: 'Copy diagnostics' }).click();
      const copied = await inPage(page, 'navigator.clipboard.readText()');
      expect(copied).toContain('error: tenant_not_startable: OpenClaw did not answer within its time.');
      expect(copied).toContain('step: gateway failed 16000 ms');
      const sent = page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/restart'));
      await page.getByRole('button', { name: 'Try again' }).click();
      expect((await sent).headers()['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
    });
  });
}
