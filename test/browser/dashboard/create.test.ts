// The way from nothing to an assistant with the keyboard alone, and the refusals on it. The assistant is real: its
// container starts in the background while the page shows the steps.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import {
  DESK,
  type DashboardUnderTest,
  hasFocus,
  newEmail,
  openContext,
  openDashboard,
  PASSWORD,
  PHONE,
  signUp,
  visit,
} from './dashboard-under-test.ts';
import { serveProblem } from './fixtures.ts';

let dashboard: DashboardUnderTest;
beforeAll(async () => {
  dashboard = await openDashboard();
});
afterAll(async () => dashboard.close());

/** Presses Tab until the focused element has this accessible name; fails when it is not reached. */
async function tabTo(page: Page, name: string | RegExp, role: 'link' | 'button' | 'textbox'): Promise<void> {
  const target = page.getByRole(role, { name, exact: typeof name === 'string' }).first();
  for (let presses = 0; presses < 40; presses++) {
    if (await hasFocus(target)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab did not reach the ${role} ${String(name)}`);
}

const uniqueSlug = (base: string): string => `${base}-${Date.now().toString(36).slice(-6)}z`;

/** Another person, on a phone, wants the same address. */
async function expectTaken(slug: string): Promise<void> {
  const context = await openContext(dashboard, PHONE, await signUp(dashboard, newEmail('taken')));
  const page = await context.newPage();
  await visit(page, '/new', 'New assistant');
  await page.getByRole('textbox', { name: 'Name' }).fill('Mine too');
  await page.getByRole('textbox', { name: 'Address' }).fill(slug);
  await page.getByText(/is taken/).waitFor();
  await page.getByRole('button', { name: 'Create assistant' }).click();
  // Refused before anything is sent: still here, and on the field that must change.
  expect(await hasFocus(page.getByRole('textbox', { name: 'Address' }))).toBe(true);
  const offer = page.getByRole('button', { name: /^Use .+ instead$/ });
  const suggestion = (await offer.innerText()).replace(/^Use (.+) instead$/, '$1');
  await offer.click();
  await page.getByText(`${suggestion} is free`).waitFor({ state: 'attached' });
  await context.close();
}

test('a new person gets an assistant without a mouse, and nobody else its address', async () => {
  const context = await openContext(dashboard, DESK);
  const page = await context.newPage();
  await visit(page, '/', 'Sign in');
  await tabTo(page, 'Create an account', 'link');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Create an account' }).waitFor();
  // Focus is on the new page's heading, so the next stop is its first field.
  await expect.poll(async () => hasFocus(page.getByRole('heading', { level: 1 }))).toBe(true);
  await tabTo(page, 'Your name', 'textbox');
  await page.keyboard.type('Ada Lindqvist');
  await tabTo(page, 'E-mail address', 'textbox');
  await page.keyboard.type(newEmail('keyboard'));
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');

  await page.getByRole('heading', { level: 1, name: 'New assistant' }).waitFor();
  await tabTo(page, 'Name', 'textbox');
  const slug = uniqueSlug('skerry');
  await page.keyboard.type(slug);
  await expect.poll(async () => page.getByRole('textbox', { name: 'Address' }).inputValue()).toBe(slug);
  await page.getByText(`${slug} is free`).waitFor({ state: 'attached' });
  await page.keyboard.press('Enter');

  await page.waitForURL(/\/a\/ten_/);
  await page.getByRole('heading', { level: 1, name: slug }).waitFor();
  await page.getByRole('heading', { level: 2, name: new RegExp(`Setting up ${slug}|${slug} is ready`) }).waitFor();
  await page.getByRole('listitem').filter({ hasText: 'Starting the container' }).waitFor();
  // The page is the address: a reload shows the same work.
  await page.reload();
  await page.getByRole('heading', { level: 1, name: slug }).waitFor();
  expect(await page.getByRole('link', { name: `Open ${slug} in a new tab` }).getAttribute('href')).toContain(
    `//${slug}.`,
  );

  await tabTo(page, 'Assistants', 'link');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: slug }).waitFor();
  await context.close();
  await expectTaken(slug);
});

test('a database that fails midway is said as it is, and the same request is sent again', async () => {
  const context = await openContext(dashboard, DESK, await signUp(dashboard, newEmail('midway')));
  const page = await context.newPage();
  const keys: (string | undefined)[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/tenants'))
      keys.push(request.headers()['idempotency-key']);
  });
  const create = '**/api/v1/orgs/*/tenants';
  await visit(page, '/new', 'New assistant');
  const slug = uniqueSlug('midway');
  await page.getByRole('textbox', { name: 'Name' }).fill('Midway');
  await page.getByRole('textbox', { name: 'Address' }).fill(slug);
  await serveProblem(page, create, {
    status: 503,
    code: 'upstream_unavailable',
    detail: 'The database did not answer midway.',
    next: 'Nothing was created. Try again.',
  });
  await page.getByRole('button', { name: 'Create assistant' }).click();
  const alert = page.getByRole('alert');
  await alert.getByText('The database did not answer midway. Nothing was created. Try again.').waitFor();
  await alert.getByText('req_fixture_1').waitFor();
  await alert.getByRole('button', { name: 'Try again' }).click();
  await expect.poll(() => keys.length).toBe(2);
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(keys[1]).toBe(keys[0]);
  await context.close();
});
