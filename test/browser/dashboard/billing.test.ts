// Paying as a person meets it, with the payment stand-in: from the trial over its checkout to a plan, a refused card, a
// larger plan, the end of it; and every state of the page in every view.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { Billing } from '../../../apps/control-plane/src/contract/billing-api.ts';
import {
  accessibilityProblems,
  DESK,
  type DashboardUnderTest,
  newEmail,
  openContext,
  openDashboard,
  show,
  sidewaysOverflowPx,
  type SignedIn,
  signUp,
  VIEWS,
  visit,
} from './dashboard-under-test.ts';

let dashboard: DashboardUnderTest;
let ada: SignedIn;
beforeAll(async () => {
  dashboard = await openDashboard({ payments: 'configured' });
  ada = await signUp(dashboard, newEmail('billing'));
});
afterAll(async () => dashboard.close());

async function onPage(run: (page: Page) => Promise<void>): Promise<void> {
  const context = await openContext(dashboard, DESK, ada);
  try {
    await run(await context.newPage());
  } finally {
    await context.close();
  }
}

async function payHere(page: Page, card: string): Promise<void> {
  await page.getByLabel('Card number').fill(card);
  await page.getByRole('button', { name: /^Pay / }).click();
}

test('from the trial to a plan, to a larger one, and to its end', async () => {
  await onPage(async (page) => {
    await visit(page, '/billing', 'Billing');
    await page.getByText(/Your trial runs until/).waitFor();
    await page.getByRole('button', { name: 'Choose Pool' }).click();

    // The payment page is not ours.
    await page.getByRole('heading', { level: 1, name: /^Pay \$/ }).waitFor();
    await payHere(page, '4000 0000 0000 0002');
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toContain('declined');
    await payHere(page, '4242 4242 4242 4242');

    await page.getByRole('heading', { level: 1, name: 'Billing' }).waitFor();
    await page.getByText('You are on Pool').waitFor();
    await page.getByText('ending in 4242').waitFor();
    expect(new URL(page.url()).search).toBe('');
    await page.getByRole('cell', { name: 'paid', exact: true }).waitFor();

    await page.getByRole('button', { name: 'Change to Reef' }).click();
    const confirm = page.getByRole('button', { name: /^Pay \$.* and change$/ });
    await confirm.click();
    await page.getByText('You are on Reef').waitFor();

    // What may be run up above it: asked about before it holds, set, and given back to the plan.
    const limit = page.getByRole('textbox', { name: /^At most this much above the plan/ });
    await expect.poll(() => limit.inputValue()).toBe('100');
    await limit.fill('12,5');
    await page.getByRole('button', { name: 'Change the limit' }).click();
    await page.getByText('Write the amount without commas').waitFor();
    await limit.fill('20000');
    await page.getByText('It can be at most $10,000.').waitFor();
    await limit.fill('0');
    await page.getByRole('button', { name: 'Change the limit' }).click();
    await page.getByRole('dialog').getByText('Nothing is charged above the plan.').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('This is the plan’s own limit.').waitFor();
    await limit.fill('35.50');
    await page.getByRole('button', { name: 'Change the limit' }).click();
    await page.getByRole('dialog').getByText('grows by at most $35.50').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Change the limit' }).click();
    await page.getByText('Set by you. The plan’s own limit is $100.').waitFor();
    await page.getByText('at most $35.50 a month').waitFor();
    await page.getByRole('button', { name: 'Use the plan’s limit' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Change the limit' }).click();
    await page.getByText('This is the plan’s own limit.').waitFor();
    await expect.poll(() => limit.inputValue()).toBe('100');

    await page.getByRole('button', { name: 'End the plan' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'End it', exact: true }).click();
    await page.getByText(/^Reef ends on/).waitFor();
    await page.getByRole('button', { name: 'Keep Reef' }).click();
    await page.getByRole('button', { name: 'End the plan' }).waitFor();
  });
});

/** The page's own answer with a state that is slow to reach. */
async function serveState(page: Page, service: Partial<Billing['service']>): Promise<void> {
  await page.route('**/api/v1/orgs/*/billing', async (route) => {
    const answer = await route.fetch();
    const billing = Billing.parse(await answer.json());
    await route.fulfill({ json: { ...billing, service: { ...billing.service, ...service } } });
  });
}

describe('every state reads, fits and is accessible', () => {
  test.each([
    ['grace', 'A payment failed'],
    ['suspended', 'The payment is long overdue'],
    ['frozen', 'A payment is disputed'],
  ] as const)('%s', async (kind, title) => {
    await onPage(async (page) => {
      const next = kind === 'frozen' ? null : { kind: 'deleted' as const, at: '2027-01-05T00:00:00Z' };
      await serveState(page, { kind, why: kind === 'suspended' ? 'unpaid' : null, next });
      await visit(page, '/billing', 'Billing');
      await page.getByText(title, { exact: true }).waitFor();
      // And over every other page.
      await page.getByRole('link', { name: 'Open billing' }).waitFor();
      for (const view of VIEWS) {
        await show(page, view);
        expect(await accessibilityProblems(page), `${view.theme} ${view.width}`).toEqual([]);
        expect(await sidewaysOverflowPx(page)).toBe(0);
      }
    });
  });

  test('without the payment provider the plan is shown, and the invoices say why they are not', async () => {
    await onPage(async (page) => {
      const problem = {
        title: 'The payment provider does not answer',
        status: 503,
        code: 'billing_unavailable',
        detail: 'The payment provider does not answer. Everything goes on running.',
        next: 'Try again in a moment.',
        requestId: 'req_1',
      };
      await page.route('**/billing/invoices', (route) =>
        route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify(problem) }),
      );
      await visit(page, '/billing', 'Billing');
      await page.getByText('billing_unavailable').waitFor();
      await page.getByText(/You are on/).waitFor();

      // Nobody agrees to a sum that they have not seen.
      await page.route('**/billing/plan-preview?*', (route) =>
        route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify(problem) }),
      );
      await page.getByRole('button', { name: 'Change to Pool' }).click();
      const dialog = page.getByRole('dialog', { name: 'Change to Pool?' });
      const confirm = dialog.getByRole('button', { name: 'Change', exact: true });
      await dialog.getByText('billing_unavailable').waitFor();
      expect(await confirm.getAttribute('aria-disabled')).toBe('true');
      await page.unroute('**/billing/plan-preview?*');
      await dialog.getByRole('button', { name: 'Try again' }).click();
      await expect.poll(() => confirm.getAttribute('aria-disabled')).toBeNull();
    });
  });
});
