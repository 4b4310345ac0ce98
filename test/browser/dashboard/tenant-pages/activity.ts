// What it did with the time of each step, what happened to it in plain words, and the ways back.

import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { accessibilityProblems, hasFocus, inPage, show, sidewaysOverflowPx, VIEWS } from '../dashboard-under-test.ts';
import { serveProblem, slowOperation, timeline } from '../fixtures.ts';
import type { Stage } from './stage.ts';

const open = { outcome: null, endedAtMs: null } as const;

/** Presses through the question and returns what was asked of the API. */
async function confirmed(page: Page, button: string, confirm: string): Promise<unknown> {
  const sent = page.waitForRequest((request) => request.url().endsWith('/restart'));
  await page.route('**/restart', (route) => route.fulfill({ status: 202, json: slowOperation() }));
  await page.getByRole('button', { name: button }).click();
  await page.getByRole('button', { name: confirm }).click();
  return (await sent).postDataJSON();
}

export function activityTests(stage: Stage): void {
  describe('the activity', () => {
    test('tells a wake by its steps and a recovery in plain words', async () => {
      await stage.on({ at: 'activity' }, async (page) => {
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
      await stage.on({ at: 'activity' }, async (page) => {
        await show(page, view);
        await page.getByRole('list', { name: 'Activity' }).waitFor();
        for (const summary of await page.locator('summary').all()) await summary.click();
        // Opening the last of them scrolls, and what the fixed header covers would be judged as it is seen.
        await inPage(page, 'window.scrollTo(0, 0)');
        expect(await accessibilityProblems(page)).toEqual([]);
        expect(await sidewaysOverflowPx(page)).toBe(0);
      });
    });

    test('opens its steps by keyboard', async () => {
      await stage.on({ at: 'activity' }, async (page) => {
        // Of the list: the frame has one of its own, which may be there first.
        const summary = page.getByRole('list', { name: 'Activity' }).locator('summary').first();
        await summary.focus();
        expect(await hasFocus(summary)).toBe(true);
        await page.keyboard.press('Enter');
        await page.getByText('Restoring its memory').waitFor();
      });
    });

    test('says that there is nothing yet, and what went wrong when it cannot be read', async () => {
      await stage.on({ at: 'activity', fixture: { timeline: { items: [], nextCursor: null } } }, async (page) => {
        await page.getByText('Nothing yet.').waitFor();
      });
      await stage.on({}, async (page) => {
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
    test('lead from the last good settings to those that were refused', async () => {
      await stage.on({ at: 'activity' }, async (page) => {
        const asked = await confirmed(page, 'Use the refused settings again', 'Restart with those settings');
        expect(asked).toEqual({ settings: 'refused' });
      });
    });

    test('lead from a person who is asked to the last good settings, with the reason beside', async () => {
      const waiting = timeline({ ...open, kind: 'config_refused', steps: [] });
      await stage.on({ fixture: { state: 'needs_operator', timeline: waiting } }, async (page) => {
        await page.getByText('agents.list: not this').waitFor();
        await page.getByText('The end of the log').click();
        await page.getByText('gateway: closing').waitFor();
        const asked = await confirmed(page, 'Undo to the last good config', 'Restart from the last good config');
        expect(asked).toEqual({ settings: 'last_good' });
      });
    });

    test('are not offered where nothing was set aside', async () => {
      await stage.on({ at: 'activity', fixture: { timeline: timeline({ steps: [] }) } }, async (page) => {
        await page.getByText('Nothing was lost.').waitFor();
        expect(await page.getByRole('button', { name: 'Use the refused settings again' }).count()).toBe(0);
      });
    });
  });
}
