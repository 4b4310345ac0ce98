// The models that it thinks with.

import { expect, test } from 'vitest';
import { serveModels } from '../model-fixtures.ts';
import { visit } from '../dashboard-under-test.ts';
import { OVERVIEW, type Stage } from './stage.ts';

export function modelsTests(stage: Stage): void {
  test('are chosen by price, put in order with the keyboard, and saved as a whole', async () => {
    await stage.on({}, async (page) => {
      const { sent } = await serveModels(page);
      await visit(page, `${OVERVIEW}/models`, 'Nora');
      await page.getByText('$3.00 in, $15.00 out for a million tokens.').waitFor();
      const save = page.getByRole('button', { name: 'Save the models' });
      expect(await save.getAttribute('aria-disabled')).toBe('true');

      const add = page.getByRole('button', { name: 'Add a fallback of claude-sonnet-4-6' });
      await page.getByLabel('Let another model take over').first().selectOption('anthropic/claude-haiku-4-5');
      await add.press('Enter');
      await page.getByLabel('And then').selectOption('openai/gpt-5.5');
      // Chosen is not added: a closed choice changes with every arrow key.
      expect(await page.getByRole('button', { name: 'Try gpt-5.5 sooner' }).count()).toBe(0);
      await add.press('Enter');
      await page.getByText('Speaks another format, so the assistant asks it anew.').waitFor();
      await page.getByRole('button', { name: 'Try gpt-5.5 sooner' }).press('Enter');

      // A number out of bounds is said while it is typed, and not taken.
      await page.getByLabel('Limit a model').selectOption('anthropic/claude-haiku-4-5');
      await page.getByRole('button', { name: 'Add a limit' }).press('Enter');
      const limit = page.getByRole('textbox', { name: 'anthropic/claude-haiku-4-5' });
      await limit.fill('7');
      await limit.fill('700');
      await page.getByText('A whole number from 1 to 600.').waitFor();
      await limit.press('Tab');
      expect(await limit.inputValue()).toBe('7');

      await page.getByRole('radio', { name: /^Only these/ }).check();
      await page.getByRole('checkbox', { name: /^gpt-5\.5/ }).uncheck();
      await page.getByText('openai/gpt-5.5 is not among the allowed models.').waitFor();
      await page.getByLabel('Find a model').fill('gpt');
      await page.getByRole('checkbox', { name: /^gpt-5\.5/ }).check();
      // Nothing is saved by looking for a model.
      await page.getByLabel('Find a model').press('Enter');
      await page.getByLabel('Find a model').fill('opus');
      await page.getByRole('checkbox', { name: /^claude-opus-4-6/ }).check();
      await save.click();
      await page.getByText('The models are saved.').waitFor();
      expect(sent).toMatchObject([
        {
          primary: 'anthropic/claude-sonnet-4-6',
          routing: {
            allowed: [
              'anthropic/claude-sonnet-4-6',
              'anthropic/claude-haiku-4-5',
              'openai/gpt-5.5',
              'anthropic/claude-opus-4-6',
            ],
            perMinute: [{ model: 'anthropic/claude-haiku-4-5', requests: 7 }],
            fallbacks: [
              { model: 'anthropic/claude-sonnet-4-6', then: ['openai/gpt-5.5', 'anthropic/claude-haiku-4-5'] },
            ],
          },
        },
      ]);
      expect(await save.getAttribute('aria-disabled')).toBe('true');
    });
  });
}
