// One assistant's pages in the states that matter: what can be pressed and why not, what failed and what to do, what a
// month cost to the nano-dollar, and the connection that comes and goes. Answers are fixtures; everything else is real.

import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BrowserContext, Page } from 'playwright-core';
import {
  DESK,
  type DashboardUnderTest,
  hasFocus,
  inPage,
  newEmail,
  openContext,
  openDashboard,
  PHONE,
  type SignedIn,
  signUp,
  visit,
} from './dashboard-under-test.ts';
import { serveSecrets } from './secret-fixtures.ts';
import { CSV, failedOperation, serveProblem, serveTenant, type TenantFixture, TENANT_ID } from './fixtures.ts';

let dashboard: DashboardUnderTest;
let ada: SignedIn;
beforeAll(async () => {
  dashboard = await openDashboard();
  ada = await signUp(dashboard, newEmail('tenant'));
});
afterAll(async () => dashboard.close());

const overview = `/a/${TENANT_ID}`;

/** Opens the overview of a tenant in the given state, does the rest, and closes the browser. */
async function onOverview(
  fixture: TenantFixture,
  run: (page: Page, context: BrowserContext) => Promise<void>,
  view = DESK,
): Promise<void> {
  const context = await openContext(dashboard, view, ada);
  try {
    const page = await context.newPage();
    await serveTenant(page, fixture);
    await visit(page, overview, 'Nora');
    await run(page, context);
  } finally {
    await context.close();
  }
}

const disabled = async (page: Page, name: string): Promise<boolean> =>
  (await page.getByRole('button', { name, exact: true }).getAttribute('aria-disabled')) === 'true';

describe('what can be pressed', () => {
  test.each([
    { state: 'awake', wake: true, sleep: false, restart: false },
    { state: 'asleep', wake: false, sleep: true, restart: true },
    { state: 'needs_operator', wake: true, sleep: true, restart: false },
    { state: 'suspended', wake: true, sleep: true, restart: true },
  ] as const)('while it is $state', async ({ state, ...expected }) => {
    await onOverview({ state }, async (page) => {
      expect({
        wake: await disabled(page, 'Wake'),
        sleep: await disabled(page, 'Sleep'),
        restart: await disabled(page, 'Restart'),
      }).toEqual(expected);
    });
  });

  test('a button that cannot act says why, on a phone too, and sends nothing', async () => {
    await onOverview(
      { state: 'asleep' },
      async (page) => {
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
      },
      PHONE,
    );
  });

  test('restart asks first; Escape leaves everything as it was and gives the focus back', async () => {
    await onOverview({}, async (page) => {
      const restart = page.getByRole('button', { name: 'Restart', exact: true });
      await restart.click();
      await page.getByRole('dialog', { name: 'Restart Nora?' }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
      expect(await hasFocus(restart)).toBe(true);
    });
  });

  test('a refused action is explained with its code and request', async () => {
    await onOverview({ state: 'asleep' }, async (page) => {
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
  await onOverview({ state: 'needs_operator', operation: failedOperation() }, async (page, context) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: dashboard.origin });
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

describe('the cap', () => {
  test('is sent in whole nano-dollars, and a cap below what is spent warns first', async () => {
    await onOverview({}, async (page) => {
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
    await onOverview({}, async (page) => {
      await page.getByRole('textbox', { name: 'Spending cap per month' }).fill('1,500');
      await page.getByRole('button', { name: 'Change the cap' }).click();
      await page.getByText('Write the amount without commas, such as 1500 or 12.50.').waitFor();
    });
  });
});

describe('usage', () => {
  test('shows every request to the nano-dollar, pages on, and saves the month', async () => {
    await onOverview({}, async (page) => {
      await page.getByRole('link', { name: 'Usage', exact: true }).click();
      const table = page.getByRole('region', { name: 'Requests' });
      await table.getByText('$0.000213457').waitFor();
      expect(await table.getByRole('row').count()).toBe(51);
      await page.getByRole('button', { name: 'Show older requests' }).click();
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
    await onOverview({}, async (page) => {
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

test('budgets show how each stands, and are changed together', async () => {
  await onOverview({}, async (page) => {
    await visit(page, `${overview}/usage`, 'Nora');
    const section = page.getByRole('region', { name: 'Budgets' });
    await section.getByRole('listitem').filter({ hasText: 'today' }).getByText('91 % is used.').waitFor();
    await section.getByRole('listitem').filter({ hasText: 'opus' }).getByText('Reached').waitFor();
    await section.getByLabel('Budget per day').fill('2.50');
    await section.getByRole('button', { name: 'Remove the budget of anthropic/claude-opus-4-6' }).click();
    await section.getByRole('button', { name: 'Add a model' }).click();
    await section.getByLabel('Model', { exact: true }).fill('gpt');
    await section.getByRole('button', { name: 'Change the budgets' }).click();
    await section.getByText('Write the provider and the model').waitFor();
    await section.getByLabel('Model', { exact: true }).fill('openai/gpt-5');
    await section.getByLabel('A month').fill('4');
    await section.getByRole('checkbox', { name: 'Fuse' }).uncheck();
    const sent = page.waitForRequest((request) => request.method() === 'PUT');
    await section.getByRole('button', { name: 'Change the budgets' }).click();
    expect((await sent).postDataJSON()).toEqual({
      dayNanoUsd: 2_500_000_000,
      models: [{ model: 'openai/gpt-5', monthNanoUsd: 4_000_000_000 }],
      fuse: false,
    });
  });
});

test('a pause of the fuse is on every page with its reason, and is ended there', async () => {
  const spendPause = { why: 'repeated', id: 'p1', atMs: Date.now(), times: 21, withinMs: 600_000 } as const;
  await onOverview({ spendPause }, async (page) => {
    await visit(page, `${overview}/network`, 'Nora');
    const card = page.getByRole('region', { name: /requests are paused/ });
    await card.getByText('charged 21 times within 10 minutes').waitFor();
    const sent = page.waitForRequest((request) => request.url().endsWith('/budgets/resume'));
    await card.getByRole('button', { name: 'Let it go on' }).click();
    expect((await sent).postDataJSON()).toEqual({ pauseId: 'p1' });
    await page.getByText('Model requests go on.').waitFor();
  });
});

test('what OpenClaw’s own security audit finds critical is on every page of the assistant, in its words', async () => {
  const finding = { checkId: 'gateway.bind_no_auth', title: 'Open to everybody', detail: 'Set gateway.auth.' };
  const at = new Date().toISOString();
  await onOverview({ securityAudit: { release: '2026.9.6', at, criticals: [finding], warnings: 1 } }, async (page) => {
    const notice = page.getByRole('region', { name: /security audit warns/ });
    await notice.getByText('Open to everybody. Set gateway.auth. gateway.bind_no_auth').waitFor();
    await visit(page, `${overview}/usage`, 'Nora');
    await notice.waitFor();
  });
});

describe('the network', () => {
  test('shows where it went by day, and its log is searched and paged on the server', async () => {
    await onOverview({}, async (page) => {
      await visit(page, `${overview}/network`, 'Nora');
      const traffic = page.getByRole('region', { name: 'Traffic by host' });
      await traffic.getByRole('row', { name: /^Together 12 3 900 bytes 481 kB$/ }).waitFor();
      await page.getByLabel('Day, in UTC').selectOption('2026-11-20');
      await traffic.getByRole('row', { name: /^pypi.org 2 0 100 bytes 52 kB$/ }).waitFor();

      const entries = page.getByRole('list', { name: 'Requests, newest first' }).getByRole('listitem');
      await entries.first().waitFor();
      expect(await entries.count()).toBe(2);
      await page.getByRole('button', { name: 'Show older entries' }).click();
      await entries.getByText('de.wikipedia.org').waitFor();
      expect(await entries.count()).toBe(3);

      await page.getByLabel('Part of a host').fill('news.');
      await page.getByLabel('Part of a host').press('Enter');
      await page.getByText('en.wikipedia.org/wiki/Tide').waitFor({ state: 'detached' });
      expect(await entries.allInnerTexts()).toEqual([
        expect.stringMatching(/^POST news.example.net\s+Refused, asked you/),
      ]);
      await page.getByLabel('What became of it').selectOption('Allowed');
      await page.getByRole('button', { name: 'Search', exact: true }).click();
      await page.getByText('Nothing of this kind is in the log.').waitFor();
    });
  });

  test('says what failed where the log is not there, and the rest of the page stays', async () => {
    await onOverview({}, async (page) => {
      const problem = { status: 503, code: 'upstream_unavailable', detail: 'It did not answer.', next: 'Try again.' };
      await serveProblem(page, `**/api/v1/tenants/${TENANT_ID}/network/log**`, problem);
      await visit(page, `${overview}/network`, 'Nora');
      await page.getByText('It did not answer.').waitFor();
      await page.getByRole('heading', { name: 'Your rules' }).waitFor();
    });
  });
});

describe('secrets', () => {
  /** Opens the page of secrets with these answers. */
  const onSecrets = (run: (page: Page, asked: Awaited<ReturnType<typeof serveSecrets>>) => Promise<void>) =>
    onOverview({}, async (page) => {
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
});

test('a lost connection is said, and its end is noticed', async () => {
  await onOverview({}, async (page, context) => {
    await context.setOffline(true);
    await page.getByText('You are offline.').waitFor();
    await context.setOffline(false);
    await page.getByText('You are offline.').waitFor({ state: 'detached' });
  });
});

test('facts that could not be read again stay, and say how old they are', async () => {
  await onOverview({}, async (page) => {
    await page.unroute(`**/api/v1/tenants/${TENANT_ID}**`);
    await page.route(`**/api/v1/tenants/${TENANT_ID}**`, (route) => route.abort());
    await page.getByRole('button', { name: 'Refresh now' }).click();
    await page.getByText('No connection, last known').waitFor();
    await page.getByRole('heading', { level: 2, name: 'Settings' }).waitFor();
  });
});

test('the theme is chosen once for this device and is there before the first paint', async () => {
  await onOverview({}, async (page) => {
    await page.getByRole('button', { name: /^Your menu/ }).click();
    await page.getByRole('radio', { name: 'Dark' }).check({ force: true });
    expect(await inPage(page, 'getComputedStyle(document.documentElement).colorScheme')).toBe('dark');
    await page.reload({ waitUntil: 'commit' });
    expect(await inPage(page, 'document.documentElement.dataset.theme')).toBe('dark');
  });
});
