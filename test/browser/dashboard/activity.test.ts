// The activity of one assistant: what it did with the time of each step, what happened to it in plain words, the ways back;
// and the models it thinks with. Answers are fixtures; everything else is real.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import {
  accessibilityProblems,
  DESK,
  type DashboardUnderTest,
  hasFocus,
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
import { serveProblem, serveTenant, slowOperation, type TenantFixture, TENANT_ID, timeline } from './fixtures.ts';

let dashboard: DashboardUnderTest;
let ada: SignedIn;
beforeAll(async () => {
  dashboard = await openDashboard();
  ada = await signUp(dashboard, newEmail('activity'));
});
afterAll(async () => dashboard.close());

async function onPage(path: string, fixture: TenantFixture, run: (page: Page) => Promise<void>): Promise<void> {
  const context = await openContext(dashboard, DESK, ada);
  try {
    const page = await context.newPage();
    await serveTenant(page, fixture);
    await visit(page, path, 'Nora');
    await run(page);
  } finally {
    await context.close();
  }
}

const overview = `/a/${TENANT_ID}`;
const activity = `${overview}/activity`;
const open = { outcome: null, endedAtMs: null } as const;

describe('the activity', () => {
  test('tells a wake by its steps and a recovery in plain words', async () => {
    await onPage(activity, {}, async (page) => {
      const list = page.getByRole('list', { name: 'Activity' });
      const wake = list.getByRole('article').nth(0);
      await wake.getByText('9.5 s').waitFor();
      await wake.getByText('Steps', { exact: true }).click();
      await wake.getByText('Restoring its memory').waitFor();
      await wake.getByText('5.0 s').waitFor();
      const incident = list.getByRole('article').nth(1);
      await incident.getByRole('heading', { name: /process ended unexpectedly/ }).waitFor();
      await incident.getByText(/noticed after 0\.8 s/).waitFor();
      await incident.getByText('Nothing was lost.').waitFor();
    });
  });

  test.each(VIEWS)('can be read and reached in $theme at $width', async (view) => {
    await onPage(activity, {}, async (page) => {
      await show(page, view);
      await page.getByRole('list', { name: 'Activity' }).waitFor();
      for (const summary of await page.locator('summary').all()) await summary.click();
      expect(await accessibilityProblems(page)).toEqual([]);
      expect(await sidewaysOverflowPx(page)).toBe(0);
    });
  });

  test('opens its steps by keyboard', async () => {
    await onPage(activity, {}, async (page) => {
      // Of the list: the frame has one of its own, which may be there first.
      const summary = page.getByRole('list', { name: 'Activity' }).locator('summary').first();
      await summary.focus();
      expect(await hasFocus(summary)).toBe(true);
      await page.keyboard.press('Enter');
      await page.getByText('Restoring its memory').waitFor();
    });
  });

  test('says that there is nothing yet, and what went wrong when it cannot be read', async () => {
    await onPage(activity, { timeline: { items: [], nextCursor: null } }, async (page) => {
      await page.getByText('Nothing yet.').waitFor();
    });
    await onPage(overview, {}, async (page) => {
      await serveProblem(page, '**/timeline**', {
        status: 503,
        code: 'unavailable',
        detail: 'The activity cannot be read now.',
        next: 'Try again in a moment.',
      });
      await page.getByRole('link', { name: 'Activity', exact: true }).click();
      await page.getByRole('button', { name: 'Try again' }).waitFor();
    });
  });
});

describe('the ways back', () => {
  /** Presses through the question and returns what was asked of the API. */
  async function confirmed(page: Page, button: string, confirm: string): Promise<unknown> {
    const sent = page.waitForRequest((request) => request.url().endsWith('/restart'));
    await page.route('**/restart', (route) => route.fulfill({ status: 202, json: slowOperation() }));
    await page.getByRole('button', { name: button }).click();
    await page.getByRole('button', { name: confirm }).click();
    return (await sent).postDataJSON();
  }

  test('lead from the last good settings to those that were refused', async () => {
    await onPage(activity, {}, async (page) => {
      const asked = await confirmed(page, 'Use the refused settings again', 'Restart with those settings');
      expect(asked).toEqual({ settings: 'refused' });
    });
  });

  test('lead from a person who is asked to the last good settings, with the reason beside', async () => {
    const waiting = timeline({ ...open, kind: 'config_refused', steps: [] });
    await onPage(overview, { state: 'needs_operator', timeline: waiting }, async (page) => {
      await page.getByText('agents.list: not this').waitFor();
      await page.getByText('The end of the log').click();
      await page.getByText('gateway: closing').waitFor();
      const asked = await confirmed(page, 'Undo to the last good config', 'Restart from the last good config');
      expect(asked).toEqual({ settings: 'last_good' });
    });
  });

  test('are not offered where nothing was set aside', async () => {
    await onPage(activity, { timeline: timeline({ steps: [] }) }, async (page) => {
      await page.getByText('Nothing was lost.').waitFor();
      expect(await page.getByRole('button', { name: 'Use the refused settings again' }).count()).toBe(0);
    });
  });
});

describe('the models', () => {
  test('are chosen by price, put in order with the keyboard, and saved as a whole', async () => {
    await onPage(overview, {}, async (page) => {
      const { sent } = await serveModels(page);
      await visit(page, `${overview}/models`, 'Nora');
      await page.getByText('$3.00 in, $15.00 out for a million tokens.').waitFor();
      const save = page.getByRole('button', { name: 'Save the models' });
      expect(await save.getAttribute('aria-disabled')).toBe('true');

      await page.getByLabel('Let another model take over').first().selectOption('anthropic/claude-haiku-4-5');
      await page.getByLabel('And then').selectOption('openai/gpt-5.5');
      await page.getByText('Speaks another format, so the assistant asks it anew.').waitFor();
      await page.getByRole('button', { name: 'Try gpt-5.5 sooner' }).press('Enter');

      await page.getByRole('radio', { name: /^Only these/ }).check();
      await page.getByRole('checkbox', { name: /^gpt-5\.5/ }).uncheck();
      await page.getByText('openai/gpt-5.5 is not among the allowed models.').waitFor();
      await page.getByLabel('Find a model').fill('gpt');
      await page.getByRole('checkbox', { name: /^gpt-5\.5/ }).check();
      await save.click();
      await page.getByText('The models are saved.').waitFor();
      expect(sent).toMatchObject([
        {
          primary: 'anthropic/claude-sonnet-4-6',
          routing: {
            allowed: ['anthropic/claude-sonnet-4-6', 'anthropic/claude-haiku-4-5', 'openai/gpt-5.5'],
            fallbacks: [
              { model: 'anthropic/claude-sonnet-4-6', then: ['openai/gpt-5.5', 'anthropic/claude-haiku-4-5'] },
            ],
          },
        },
      ]);
      expect(await save.getAttribute('aria-disabled')).toBe('true');
    });
  });
});
