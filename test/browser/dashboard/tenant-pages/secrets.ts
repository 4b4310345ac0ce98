// Secrets: listed without a value, stored, replaced, deleted.

import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { hasFocus } from '../dashboard-under-test.ts';
import { serveSecrets } from '../secret-fixtures.ts';
import type { Stage } from './stage.ts';

export function secretsTests(stage: Stage): void {
  /** Opens the page of secrets with these answers. */
  const onSecrets = (run: (page: Page, asked: Awaited<ReturnType<typeof serveSecrets>>) => Promise<void>) =>
    stage.on({}, async (page) => {
      const asked = await serveSecrets(page);
      await page.getByRole('link', { name: 'Secrets', exact: true }).click();
      await page.getByRole('heading', { name: 'Stored secrets' }).waitFor();
      await run(page, asked);
    });
  const value = 'sk-canary-in-the-browser-4321';

  test('are listed with what uses them and what was refused, never a value', async () => {
    await onSecrets(async (page) => {
      const row = (name: string) => page.getByRole('listitem').filter({ hasText: name });
      await row('anthropic').getByText('…6789').waitFor();
      await row('anthropic')
        .getByText(/^Refused .* \(401\)\. Replace it/)
        .waitFor();
      await row('github').getByText('Used by requests to api.github.com').waitFor();
      await row('tracker').getByText('the network policy lets no such request out').waitFor();
    });
  });

  test('a model key is stored by choosing the provider alone, and its value does not stay in the page', async () => {
    await onSecrets(async (page, asked) => {
      await page.getByRole('combobox', { name: 'Provider' }).selectOption('OpenAI');
      const field = page.getByLabel('API key');
      expect([await field.getAttribute('type'), await field.getAttribute('autocomplete')]).toEqual(['password', 'off']);
      await field.fill(` ${value}\n`);
      await page.getByRole('button', { name: 'Store the secret' }).click();
      await page.getByRole('listitem').filter({ hasText: 'openai' }).getByText('…4321').waitFor();
      expect(asked).toEqual([
        { method: 'PUT', path: 'openai', body: { use: { kind: 'model_key', provider: 'openai' }, value } },
      ]);
      expect(await field.inputValue()).toBe('');
      expect(await page.content()).not.toContain('canary');
    });
  });

  test('one for requests says where it goes; a button that cannot act says what is missing', async () => {
    await onSecrets(async (page, asked) => {
      await page.getByRole('radio', { name: 'For requests to a site' }).check();
      const store = page.getByRole('button', { name: 'Store the secret' });
      await store.focus();
      await page.getByRole('tooltip').getByText('Write the host first.').waitFor();
      await page.getByRole('textbox', { name: 'Name', exact: true }).fill('gitlab');
      await page.getByRole('textbox', { name: 'Host', exact: true }).fill('gitlab.example.com');
      await page.getByLabel('Path, optional').fill('/api/v4');
      await page.getByRole('checkbox', { name: 'POST' }).uncheck();
      await page.getByLabel('Secret', { exact: true }).fill(value);
      await store.click();
      await page.getByRole('listitem').filter({ hasText: 'gitlab' }).waitFor();
      const binding = { host: 'gitlab.example.com', methods: ['GET'], pathPrefix: '/api/v4' };
      const header = { header: 'Authorization', template: 'Bearer {secret}' };
      expect(asked[0]?.body).toEqual({ use: { kind: 'egress', binding: { ...binding, ...header } }, value });
    });
  });

  test('a refused one is said, and its value has to be pasted again', async () => {
    await onSecrets(async (page) => {
      await page.route('**/secrets/anthropic', (route) =>
        route.fulfill({
          status: 422,
          contentType: 'application/problem+json',
          body: JSON.stringify({ code: 'secret_invalid', detail: 'It was not stored.', next: 'Correct it.' }),
        }),
      );
      await page.getByRole('button', { name: 'Replace anthropic' }).click();
      const field = page.getByLabel('New value of anthropic');
      expect(await hasFocus(field)).toBe(true);
      await field.fill(value);
      await field.press('Enter');
      await page.getByRole('alert').getByText('The old value stays.').waitFor();
      expect([await field.inputValue(), (await page.content()).includes('canary')]).toEqual(['', false]);
    });
  });

  test('deleting one that is in use says what stops, and confirms it to the server', async () => {
    await onSecrets(async (page, asked) => {
      const button = page.getByRole('button', { name: 'Delete github' });
      await button.click();
      const dialog = page.getByRole('dialog', { name: 'Delete github?' });
      await dialog.getByText('requests to api.github.com').waitFor();
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'hidden' });
      expect([asked.length, await hasFocus(button)]).toEqual([0, true]);
      await button.click();
      await dialog.getByRole('button', { name: 'Delete the secret' }).click();
      await button.waitFor({ state: 'detached' });
      expect(asked).toEqual([{ method: 'DELETE', path: 'github?confirmed=true', body: null }]);
    });
  });
}
