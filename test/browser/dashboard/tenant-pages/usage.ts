// What a month cost to the nano-dollar, and what may be spent.

import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { hasFocus } from '../dashboard-under-test.ts';
import { serveProblem } from '../fixtures.ts';
import { budgets, CSV } from '../usage-fixtures.ts';
import type { Stage } from './stage.ts';

export function usageTests(stage: Stage): void {
  describe('the cap', () => {
    test('is sent in whole nano-dollars, and a cap below what is spent warns first', async () => {
      await stage.on({}, async (page) => {
        const field = page.getByRole('textbox', { name: 'Spending cap per month' });
        expect(await field.inputValue()).toBe('20');
        await field.fill('4.2');
        await page.getByText('$4.21 is spent already, so a cap of $4.20 refuses the next request.').waitFor();
        await field.fill('35.5');
        const sent = page.waitForRequest((request) => request.method() === 'PATCH');
        await page.getByRole('button', { name: 'Change the cap' }).click();
        expect((await sent).postDataJSON()).toEqual({ aiCapNanoUsdPerMonth: 35_500_000_000 });
      });
    });

    test('refuses what it can’t read, in words', async () => {
      await stage.on({}, async (page) => {
        await page.getByRole('textbox', { name: 'Spending cap per month' }).fill('1,500');
        await page.getByRole('button', { name: 'Change the cap' }).click();
        await page.getByText('Write the amount without commas, such as 1500 or 12.50.').waitFor();
      });
    });
  });

  describe('usage', () => {
    test('shows every request to the nano-dollar, pages on, and saves the month', async () => {
      await stage.on({ at: 'usage' }, async (page) => {
        const table = page.getByRole('region', { name: 'Requests' });
        await table.getByText('$0.000213457').waitFor();
        expect(await table.getByRole('row').count()).toBe(51);
        const olderPages = '**/usage/requests?*cursor=*';
        const problem = { status: 404, code: 'not_found', detail: 'This page is gone.', next: 'Load the page again.' };
        await serveProblem(page, olderPages, problem);
        const older = page.getByRole('button', { name: 'Show older requests' });
        await older.click();
        await page.getByRole('alert').getByText('This page is gone.').waitFor();
        expect(await table.getByRole('row').count()).toBe(51);
        await page.unroute(olderPages);
        await older.click();
        await expect.poll(async () => table.getByRole('row').count()).toBe(61);
        const download = page.getByRole('button', { name: /^Download \w+ \d{4} as CSV$/ });
        const [file] = await Promise.all([page.waitForEvent('download'), download.click()]);
        expect(file.suggestedFilename()).toMatch(/^[a-z0-9-]+-\d{4}-\d{2}-requests\.csv$/);
        expect(await readFile(await file.path(), 'utf8')).toBe(CSV);
        await page.route('**/usage/requests.csv?*', (route) => route.abort());
        await download.click();
        await page.getByRole('alert').filter({ hasText: 'Try again' }).waitFor();
      });
    });

    test('the month is in the address, and its days are there as a table', async () => {
      await stage.on({}, async (page) => {
        await page.getByRole('link', { name: 'Usage', exact: true }).click();
        await page.getByText('Show the days as a table').click();
        await page.getByRole('region', { name: 'Cost by day' }).getByText('$4.00').waitFor();
        const select = page.getByRole('combobox', { name: 'Month' });
        const older = (await select.locator('option').nth(1).getAttribute('value')) ?? '';
        const asked = page.waitForRequest((request) => request.url().endsWith(`/usage?period=${older}`));
        await select.selectOption(older);
        await asked;
        expect(new URL(page.url()).searchParams.get('month')).toBe(older);
        await page.goBack();
        await page.getByRole('heading', { level: 2, name: 'Settings' }).waitFor();
      });
    });
  });

  test('says what the nightly comparison with the other log found', async () => {
    await stage.on({ at: 'usage' }, async (page) => {
      await page.getByText(/log\. 1 of the last 2 compared days differs; on \w+ 2: 1 served twice\./).waitFor();
    });
  });

  describe('the budgets', () => {
    test('show how each stands, and are changed together, with the models that it may use', async () => {
      await stage.on({ at: 'usage' }, async (page) => {
        const section = page.getByRole('region', { name: 'Budgets' });
        await section.getByRole('listitem').filter({ hasText: 'today' }).getByText('91 % is used.').waitFor();
        await section.getByRole('listitem').filter({ hasText: 'opus' }).getByText('Reached').waitFor();
        // One that was set under a name that the list does not have is still there, and says so.
        await section.getByRole('textbox', { name: 'anthropic/claude-opus-4-6-20260105' }).waitFor();
        await section.getByText('Not in the list of models.').waitFor();
        await section.getByRole('button', { name: 'Remove the budget of anthropic/claude-opus-4-6-20260105' }).click();

        const choice = section.getByRole('combobox', { name: 'One more model' });
        const offered = (await choice.locator('option').allTextContents()).join('\n');
        expect(offered).toContain('claude-opus-4-6 · $5.00 in, $25.00 out');
        expect(offered).not.toContain('gemini-3');
        await choice.selectOption('openai/gpt-5.5');
        await section.getByRole('button', { name: 'Add a model’s budget' }).click();
        const amount = section.getByRole('textbox', { name: 'openai/gpt-5.5' });
        await expect.poll(() => hasFocus(amount)).toBe(true);
        await section.getByText('Your own OpenAI key pays for it').waitFor();

        // Sent with Enter, and what is wrong has the focus.
        await section.getByLabel('Budget per day').fill('2.50');
        await section.getByLabel('Budget per day').press('Enter');
        await section.getByText('Enter an amount in US dollars, such as 20.').waitFor();
        expect(await hasFocus(amount)).toBe(true);
        await amount.fill('4');
        await section.getByRole('checkbox', { name: 'Fuse' }).uncheck();
        const sent = page.waitForRequest((request) => request.method() === 'PUT');
        await section.getByRole('button', { name: 'Change the budgets' }).click();
        expect((await sent).postDataJSON()).toEqual({
          dayNanoUsd: 2_500_000_000,
          models: [{ model: 'openai/gpt-5.5', monthNanoUsd: 4_000_000_000 }],
          fuse: false,
        });
      });
    });

    test('can be changed while the list of models cannot be read, which is said', async () => {
      await stage.on({}, async (page) => {
        const problem = { status: 404, code: 'not_found', detail: 'No models now.', next: 'Load the page again.' };
        await serveProblem(page, '**/models', problem);
        await page.getByRole('link', { name: 'Usage', exact: true }).click();
        const section = page.getByRole('region', { name: 'Budgets' });
        await section.getByText('No models now.').waitFor();
        expect(await section.getByRole('combobox').isDisabled()).toBe(true);
        await section.getByLabel('Budget per day').fill('2');
        const sent = page.waitForRequest((request) => request.method() === 'PUT');
        await section.getByRole('button', { name: 'Change the budgets' }).click();
        expect((await sent).postDataJSON()).toMatchObject({ dayNanoUsd: 2_000_000_000, fuse: true });
      });
    });

    test('that somebody else changes meanwhile are said, and not put over what was typed', async () => {
      await stage.on({ at: 'usage' }, async (page) => {
        const section = page.getByRole('region', { name: 'Budgets' });
        const day = section.getByLabel('Budget per day');
        await day.fill('7');
        const answer = budgets();
        const json = { ...answer, wanted: { ...answer.wanted, dayNanoUsd: 5_000_000_000 } };
        await page.route('**/budgets', (route) => route.fulfill({ json }));
        await section.getByText('Somebody else changed the budgets meanwhile.').waitFor();
        expect(await day.inputValue()).toBe('7');
        await section.getByRole('button', { name: 'Discard the changes' }).click();
        expect(await day.inputValue()).toBe('5');
      });
    });
  });
}
