// Sessions as people meet them: where sign-in leads, what a wrong password says, how an ended session is picked up.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import {
  DESK,
  type DashboardUnderTest,
  newEmail,
  openContext,
  openDashboard,
  PASSWORD,
  type SignedIn,
  signUp,
  visit,
} from './dashboard-under-test.ts';
import { serveProblem, serveTenant, TENANT_ID } from './fixtures.ts';

let dashboard: DashboardUnderTest;
let ada: SignedIn;
const email = newEmail('session');
beforeAll(async () => {
  dashboard = await openDashboard();
  ada = await signUp(dashboard, email);
});
afterAll(async () => dashboard.close());

async function signInHere(page: Page): Promise<void> {
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

test('a page behind sign-in is where sign-in leads back to', async () => {
  const context = await openContext(dashboard, DESK);
  const page = await context.newPage();
  await visit(page, '/account', 'Sign in');
  expect(new URL(page.url()).searchParams.get('next')).toBe('/account');
  await signInHere(page);
  await page.getByRole('heading', { level: 1, name: 'Account' }).waitFor();
  await context.close();
});

test.each([['https://example.com/'], ['//example.com/'], ['/\\example.com'], ['/api/auth/sign-out']])(
  'sign-in never leads to %s',
  async (next) => {
    const context = await openContext(dashboard, DESK, ada);
    const page = await context.newPage();
    await visit(page, `/sign-in?next=${encodeURIComponent(next)}`, 'Sign in');
    await signInHere(page);
    await page.getByRole('heading', { level: 1, name: 'Assistants' }).waitFor();
    expect(new URL(page.url()).origin).toBe(dashboard.origin);
    await context.close();
  },
);

test('the hand-off to a tenant host is a full navigation', async () => {
  const context = await openContext(dashboard, DESK);
  const page = await context.newPage();
  const asked: string[] = [];
  await page.route('**/open?*', async (route) => {
    asked.push(`${route.request().resourceType()} ${new URL(route.request().url()).search}`);
    await route.fulfill({ contentType: 'text/html', body: '<h1>handed off</h1>' });
  });
  await visit(page, `/sign-in?next=${encodeURIComponent('/open?slug=nora&state=abc')}`, 'Sign in');
  await signInHere(page);
  await page.getByRole('heading', { name: 'handed off' }).waitFor();
  expect(asked).toEqual(['document ?slug=nora&state=abc']);
  await context.close();
});

test('a session that ends while a page is open leads to sign-in and back', async () => {
  const context = await openContext(dashboard, DESK, ada);
  const page = await context.newPage();
  await serveTenant(page);
  await visit(page, `/a/${TENANT_ID}`, 'Nora');
  await page.unroute(`**/api/v1/tenants/${TENANT_ID}**`);
  await page.route(`**/api/v1/tenants/${TENANT_ID}**`, (route) =>
    route.fulfill({
      status: 401,
      contentType: 'application/problem+json',
      body: JSON.stringify({
        type: 'about:blank',
        title: 'Sign in first',
        status: 401,
        code: 'unauthenticated',
        detail: 'The session has ended.',
        next: 'Sign in.',
        requestId: 'req_x',
      }),
    }),
  );
  await page.getByRole('button', { name: 'Refresh now' }).click();
  await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  expect(new URL(page.url()).searchParams.get('next')).toBe(`/a/${TENANT_ID}`);
  await context.close();
});

test('signing out ends the session, also for the page that is reached by going back', async () => {
  const person = newEmail('leaves');
  const context = await openContext(dashboard, DESK, await signUp(dashboard, person));
  const page = await context.newPage();
  await visit(page, '/account', 'Account');
  await page.getByRole('button', { name: 'Sign out here' }).click();
  await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  await page.goBack();
  await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  await context.close();
});

test('another device is signed out from here', async () => {
  const person = newEmail('devices');
  const first = await openContext(dashboard, DESK, await signUp(dashboard, person));
  const second = await openContext(dashboard, DESK);
  const answer = await second.request.post('/api/auth/sign-in/email', {
    data: { email: person, password: PASSWORD },
    headers: { origin: dashboard.origin },
  });
  expect(answer.ok()).toBe(true);
  const page = await first.newPage();
  await visit(page, '/account', 'Account');
  await page.getByText('This device').waitFor();
  await page.getByRole('button', { name: 'Sign out all other devices' }).click();
  await page.getByRole('button', { name: 'Sign out all other devices' }).waitFor({ state: 'detached' });
  // And what was done with the account says so.
  await page.getByRole('listitem').filter({ hasText: 'Signed out all other devices' }).waitFor();
  // Looked up, not read from the short-lived copy in the cookie.
  const session = '/api/auth/get-session?disableCookieCache=true';
  expect(await (await second.request.get(session)).json()).toBeNull();
  expect(await (await first.request.get(session)).json()).not.toBeNull();
  await first.close();
  await second.close();
});

test('a platform that does not answer says so in a page of its own, and goes on when it answers again', async () => {
  const context = await openContext(dashboard, DESK, ada);
  const page = await context.newPage();
  const me = '**/api/v1/me';
  await serveProblem(page, me, {
    status: 503,
    code: 'upstream_unavailable',
    detail: 'The database did not answer.',
    next: 'Try again in a moment.',
  });
  await visit(page, '/account', 'This page could not be loaded');
  await page.getByRole('main').getByText('upstream_unavailable').waitFor();
  await page.unroute(me);
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { level: 1, name: 'Account' }).waitFor();
  await context.close();
});
