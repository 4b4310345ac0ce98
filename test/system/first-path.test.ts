/**
 * What a person can do, in a real browser with the real OpenClaw: sign up, read the mail, name an assistant, watch it
 * start, be in its Control UI without a token, read the streamed answer there, see what it cost; two people side by side;
 * then everything is stopped and started again, and all of it is still there.
 */
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findChromium } from '../../local/stack/system-packages.ts';
import { startProduct } from '../support/product.ts';
import type { Product } from '../support/product.ts';

const bootMs = 240_000;
const chromiumArgs = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let product: Product;
let browser: Browser;

beforeAll(async () => {
  product = await startProduct();
  const executablePath = findChromium();
  if (executablePath === null) throw new Error('the system test needs chromium');
  browser = await chromium.launch({ executablePath, args: chromiumArgs });
});

afterAll(async () => {
  await browser?.close();
  await product?.close();
});

interface Somebody {
  readonly context: BrowserContext;
  readonly dashboard: Page;
  readonly slug: string;
  assistant: Page;
}

async function signUpAndOpen(name: string, slug: string): Promise<Somebody> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.goto(`${product.stack.platformOrigin}/sign-up`);
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('E-mail address').fill(`${name.toLowerCase()}@example.com`);
  await page.getByLabel('Password', { exact: true }).fill('low tide at noon');
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.waitForURL('**/new');

  await page.getByLabel('Name', { exact: true }).fill(`${name}'s helper`);
  await page.getByLabel('Address').fill(slug);
  await page.getByRole('button', { name: 'Create assistant' }).click();
  await page.waitForURL('**/a/ten_*');
  await page.getByText('Awake', { exact: true }).first().waitFor({ timeout: bootMs });

  const opened = context.waitForEvent('page');
  await page
    .locator(`a[href^="${product.stack.tenantOrigin(slug)}"]`)
    .first()
    .click();
  const assistant = await opened;
  await assistant.locator('textarea:visible').first().waitFor({ timeout: 60_000 });
  return { context, dashboard: page, slug, assistant };
}

/** Sends a message in the Control UI and waits until its own page shows an answer that matches. */
async function ask(page: Page, message: string, answer: RegExp): Promise<void> {
  const box = page.locator('textarea:visible').first();
  await box.fill(message);
  await page.keyboard.press('Enter');
  await page.getByText(answer).last().waitFor({ timeout: 120_000 });
}

it('sign-up to answer to bill, two side by side, and a restart in between', { timeout: 900_000 }, async () => {
  const ada = await signUpAndOpen('Ada', 'ada-tide-1a');
  const brook = await signUpAndOpen('Brook', 'brook-tide-2b');

  // The verification mail is in the outbox, and its link verifies.
  const mail = await ada.context.newPage();
  await mail.goto(`${product.stack.platformOrigin}/outbox`);
  await mail.getByRole('listitem').filter({ hasText: 'ada@example.com' }).getByRole('link').click();
  await mail.getByRole('link', { name: 'Follow the link' }).click();
  await ada.dashboard.goto(`${product.stack.platformOrigin}/account`);
  await ada.dashboard
    .getByText(/confirmed/i)
    .first()
    .waitFor();

  expect(new URL(ada.assistant.url()).origin).toBe(product.stack.tenantOrigin('ada-tide-1a'));
  await ask(ada.assistant, 'Hello, my name is Ada Lovelace', /demo model/i);
  await ask(brook.assistant, 'Hello, my name is Brook Tidewater', /demo model/i);
  await ask(ada.assistant, 'What is my name?', /Your name is Ada Lovelace/);
  await ask(brook.assistant, 'What is my name?', /Your name is Brook Tidewater/);
  expect(await brook.assistant.getByText('Lovelace').count()).toBe(0);

  // What it cost, to the request.
  await ada.dashboard.goto(`${product.stack.platformOrigin}/`);
  await ada.dashboard
    .getByRole('link', { name: /Ada's helper/ })
    .first()
    .click();
  await ada.dashboard.getByRole('link', { name: 'Usage' }).click();
  await ada.dashboard.getByText('claude-sonnet-4-6').first().waitFor({ timeout: 60_000 });

  // Ada may not open Brook's assistant.
  const foreign = await ada.context.newPage();
  await foreign.goto(product.stack.tenantOrigin('brook-tide-2b'));
  await foreign.getByText('cannot be opened').first().waitFor();

  await product.restart();

  await ada.dashboard.goto(`${product.stack.platformOrigin}/`);
  await ada.dashboard.getByText("Ada's helper").first().waitFor({ timeout: 60_000 });
  const again = await ada.context.newPage();
  await again.goto(product.stack.tenantOrigin('ada-tide-1a'));
  await again.locator('textarea:visible').first().waitFor({ timeout: bootMs });
  await again
    .getByText(/Your name is Ada Lovelace/)
    .last()
    .waitFor({ timeout: 60_000 });
  await ask(again, 'And what is my name now?', /Your name is Ada Lovelace/);
});
