// Every page in light and dark, on a phone and on a desk: no WCAG 2.2 AA problem that a program can find, nothing that
// scrolls sideways, one level-1 heading, a title, and no message in the browser's console.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
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
import { serveModels } from './model-fixtures.ts';
import { serveAudit, serveMembers } from './org-fixtures.ts';
import { serveSecrets } from './secret-fixtures.ts';
import { failedOperation, serveList, serveProblem, serveTenant, slowOperation, TENANT_ID } from './fixtures.ts';

interface PageCase {
  readonly what: string;
  readonly path: string;
  readonly heading: string | RegExp;
  readonly signedIn: boolean;
  readonly prepare?: (page: Page) => Promise<void>;
  readonly act?: (page: Page) => Promise<void>;
  /** What the page must show before it is judged. */
  readonly shows?: string | RegExp;
}

const overview = `/a/${TENANT_ID}`;
const unavailable = {
  status: 503,
  code: 'upstream_unavailable',
  detail: 'The database did not answer.',
  next: 'Try again in a moment.',
};

const cases: readonly PageCase[] = [
  { what: 'sign in', path: '/sign-in', heading: 'Sign in', signedIn: false },
  {
    what: 'sign in, refused',
    path: '/sign-in',
    heading: 'Sign in',
    signedIn: false,
    act: async (page) => {
      await page.getByLabel('E-mail address').fill('nobody@example.test');
      await page.getByLabel('Password', { exact: true }).fill('not the password');
      await page.getByRole('button', { name: 'Sign in' }).click();
    },
    // The second, when this page was tried too often in a row.
    shows: /That did not match|Too many attempts/,
  },
  { what: 'sign up', path: '/sign-up', heading: 'Create an account', signedIn: false },
  { what: 'forgotten password', path: '/forgot-password', heading: 'Set a new password', signedIn: false },
  {
    what: 'reset link, too old',
    path: '/reset-password?error=INVALID_TOKEN',
    heading: /does not work/,
    signedIn: false,
  },
  { what: 'reset link', path: '/reset-password?token=x', heading: 'Choose a new password', signedIn: false },
  { what: 'e-mail confirmed', path: '/verify-email', heading: /is confirmed/, signedIn: false },
  { what: 'e-mail not confirmed', path: '/verify-email?error=TOKEN_EXPIRED', heading: /did not work/, signedIn: false },
  { what: 'no assistants', path: '/', heading: 'Assistants', signedIn: true, shows: 'No assistant yet' },
  {
    what: 'assistants',
    path: '/',
    heading: 'Assistants',
    signedIn: true,
    prepare: (page) =>
      serveList(page, [
        {},
        { name: 'An assistant with a name that is long enough to be cut', state: 'asleep', spentNanoUsd: 0 },
        { name: 'Three', state: 'waking', operation: slowOperation() },
        { name: 'Four', state: 'needs_operator' },
        { name: 'Five', state: 'suspended', spentNanoUsd: 21_000_000_000 },
      ]),
    shows: 'Suspended',
  },
  { what: 'new assistant', path: '/new', heading: 'New assistant', signedIn: true },
  {
    what: 'new assistant, reserved address',
    path: '/new',
    heading: 'New assistant',
    signedIn: true,
    act: async (page) => page.getByLabel('Address').fill('admin'),
    shows: /is reserved/,
  },
  {
    what: 'overview',
    path: overview,
    heading: 'Nora',
    signedIn: true,
    prepare: (page) => serveTenant(page),
    shows: 'Settings',
  },
  {
    what: 'overview, slow',
    path: overview,
    heading: 'Nora',
    signedIn: true,
    prepare: (page) => serveTenant(page, { state: 'waking', operation: slowOperation() }),
    shows: /slower than usual/,
  },
  {
    what: 'overview, failed',
    path: overview,
    heading: 'Nora',
    signedIn: true,
    prepare: (page) => serveTenant(page, { state: 'needs_operator', operation: failedOperation() }),
    shows: 'Copy diagnostics',
  },
  {
    what: 'overview, stored copy',
    path: overview,
    heading: 'Nora',
    signedIn: true,
    prepare: (page) => serveTenant(page, { state: 'suspended', live: false, reason: 'payment_overdue' }),
    shows: 'Last report',
  },
  {
    what: 'models',
    path: `${overview}/models`,
    heading: 'Nora',
    signedIn: true,
    prepare: async (page) => {
      await serveTenant(page);
      await serveModels(page);
    },
    shows: 'When claude-sonnet-4-6 fails',
  },
  {
    what: 'models, not there',
    path: `${overview}/models`,
    heading: 'Nora',
    signedIn: true,
    prepare: async (page) => {
      await serveTenant(page);
      await serveProblem(page, `**/api/v1/tenants/${TENANT_ID}/models`, unavailable);
    },
    shows: 'The database did not answer',
  },
  {
    what: 'network',
    path: `${overview}/network`,
    heading: 'Nora',
    signedIn: true,
    prepare: (page) => serveTenant(page),
    shows: 'news.example.net',
  },
  {
    what: 'network, not there',
    path: `${overview}/network`,
    heading: 'Nora',
    signedIn: true,
    prepare: async (page) => {
      await serveTenant(page);
      await serveProblem(page, `**/api/v1/tenants/${TENANT_ID}/network`, unavailable);
    },
    shows: 'The database did not answer',
  },
  {
    what: 'secrets',
    path: `${overview}/secrets`,
    heading: 'Nora',
    signedIn: true,
    prepare: async (page) => {
      await serveTenant(page);
      await serveSecrets(page);
    },
    act: async (page) => {
      await page.getByRole('button', { name: 'Replace github' }).click();
      await page.getByRole('radio', { name: 'For requests to a site' }).check();
    },
    shows: 'tracker.example.com',
  },
  {
    what: 'usage',
    path: `${overview}/usage`,
    heading: 'Nora',
    signedIn: true,
    prepare: (page) => serveTenant(page),
    shows: 'Cut off',
  },
  {
    what: 'members, with a role that is chosen and not given yet',
    path: '/members',
    heading: /^Members of /,
    signedIn: true,
    prepare: serveMembers,
    act: async (page) => {
      await page.getByRole('combobox', { name: 'Role of Berta' }).selectOption('Admin');
      await page.getByRole('button', { name: 'Give this role to Berta' }).waitFor();
    },
    shows: 'Expired: send it again.',
  },
  { what: 'audit', path: '/audit', heading: 'Audit', signedIn: true, prepare: serveAudit, shows: 'Asked for by Ada' },
  { what: 'account', path: '/account', heading: 'Account', signedIn: true, shows: 'This device' },
  {
    what: 'not available',
    path: overview,
    heading: /could not be loaded/,
    signedIn: true,
    prepare: (page) => serveProblem(page, `**/api/v1/tenants/${TENANT_ID}`, unavailable),
  },
  { what: 'not found', path: '/there/is/nothing', heading: 'There is nothing here', signedIn: false },
];

let dashboard: DashboardUnderTest;
let ada: SignedIn;

beforeAll(async () => {
  dashboard = await openDashboard();
  ada = await signUp(dashboard, newEmail('a11y'));
});
afterAll(async () => dashboard.close());

test.each(cases)('$what', async ({ path, heading, signedIn, prepare, act, shows }) => {
  const context = await openContext(dashboard, DESK, signedIn ? ada : undefined);
  try {
    const page = await context.newPage();
    const messages: string[] = [];
    page.on('console', (message) => {
      // An answer of 4xx or 5xx is what some of these cases are about; the page's own words follow it.
      const expected = message.text().startsWith('Failed to load resource') || message.text().includes('ApiError');
      if (['error', 'warning'].includes(message.type()) && !expected) messages.push(message.text());
    });
    page.on('pageerror', (error) => messages.push(String(error)));
    await prepare?.(page);
    await visit(page, path, heading);
    await act?.(page);
    if (shows !== undefined) await page.getByText(shows).locator('visible=true').first().waitFor();
    for (const view of VIEWS) {
      await show(page, view);
      const where = `${view.theme}, ${view.width} px`;
      expect(await accessibilityProblems(page), where).toEqual([]);
      expect(await sidewaysOverflowPx(page), where).toBe(0);
    }
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
    expect(await page.title()).toMatch(/ · Tidepool$/);
    expect(messages).toEqual([]);
  } finally {
    await context.close();
  }
});
