// The dashboard as people meet it: the whole stack with the demo model, and a browser. `TIDEPOOL_TEST_ORIGIN` names a
// stack that is up already, such as one from `npm start`; else one is started on a free port with fresh state.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { isPortFree, nextFreePort } from '../../../local/stack/ports.ts';
import { findChromium } from '../../../local/stack/system-packages.ts';

const FIRST_PORT = 8791;
const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

export const PASSWORD = 'low tide at noon';

export interface View {
  readonly theme: 'light' | 'dark';
  readonly width: 390 | 1280;
}

export const DESK: View = { theme: 'light', width: 1280 };
export const PHONE: View = { theme: 'dark', width: 390 };

/** Every page is looked at in each of these. */
export const VIEWS: readonly View[] = [DESK, { theme: 'dark', width: 1280 }, { theme: 'light', width: 390 }, PHONE];

export interface DashboardUnderTest {
  readonly origin: string;
  readonly browser: Browser;
  close(): Promise<void>;
}

/** `payments`: with the payment stand-in, for who pays. */
export async function openDashboard(options: { readonly payments?: 'configured' } = {}): Promise<DashboardUnderTest> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error('The browser tests need chromium; install it or set CHROMIUM_PATH.');
  const stack = await stackToUse(options);
  const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS }).catch(async (error: unknown) => {
    await stack.stop();
    throw error;
  });
  return {
    origin: stack.origin,
    browser,
    close: async () => {
      await browser.close();
      await stack.stop();
    },
  };
}

async function stackToUse(options: {
  readonly payments?: 'configured';
}): Promise<{ origin: string; stop: () => Promise<void> }> {
  const given = process.env['TIDEPOOL_TEST_ORIGIN'];
  if (given !== undefined && given !== '') return { origin: given, stop: () => Promise.resolve() };
  const port = (await isPortFree(FIRST_PORT)) ? FIRST_PORT : await nextFreePort(FIRST_PORT);
  if (port === null) throw new Error(`No free port from ${FIRST_PORT} up.`);
  const stateDir = await mkdtemp(path.join(tmpdir(), 'tidepool-browser-'));
  const { startStack } = await import('../../../local/stack/start-stack.ts');
  const stack = await startStack({ port, stateDir, model: 'demo', ...options });
  return {
    origin: stack.platformOrigin,
    stop: async () => {
      await stack.stop();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

const sizeOf = (view: View) => ({ width: view.width, height: view.width === 390 ? 844 : 820 });

/** Shows the same page in another size and theme. */
export async function show(page: Page, view: View): Promise<void> {
  await page.setViewportSize(sizeOf(view));
  await page.emulateMedia({ colorScheme: view.theme, reducedMotion: 'reduce' });
}

export type SignedIn = Awaited<ReturnType<BrowserContext['storageState']>>;

/** A browser of its own with the given size and theme: no cookies, or those of an earlier sign-in. */
export async function openContext(
  dashboard: DashboardUnderTest,
  view: View,
  signedIn?: SignedIn,
): Promise<BrowserContext> {
  return dashboard.browser.newContext({
    baseURL: dashboard.origin,
    viewport: sizeOf(view),
    colorScheme: view.theme,
    hasTouch: view.width === 390,
    locale: 'en-US',
    timezoneId: 'Europe/Stockholm',
    reducedMotion: 'reduce',
    ...(signedIn === undefined ? {} : { storageState: signedIn }),
  });
}

let people = 0;

/** An address nobody has used, also when the stack is kept between runs. */
export function newEmail(name: string): string {
  people += 1;
  return `${name}-${Date.now().toString(36)}-${people}@example.test`;
}

/** Makes a new person through the API and signs them in; the result opens contexts in which they are. */
export async function signUp(dashboard: DashboardUnderTest, email: string): Promise<SignedIn> {
  const context = await openContext(dashboard, DESK);
  try {
    const headers = { origin: dashboard.origin };
    for (const [path, data] of [
      ['/api/auth/sign-up/email', { name: 'Ada Lindqvist', email, password: PASSWORD }],
      ['/api/auth/sign-in/email', { email, password: PASSWORD }],
    ] as const) {
      const answer = await context.request.post(path, { data, headers });
      if (!answer.ok()) throw new Error(`${path} answered ${answer.status()}: ${(await answer.text()).slice(0, 300)}`);
    }
    return await context.storageState();
  } finally {
    await context.close();
  }
}

/** Opens a path and waits until its page, not its skeleton, is there. */
export async function visit(page: Page, target: string, heading: string | RegExp): Promise<void> {
  await page.goto(target);
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
}

/** WCAG 2.2 AA problems of the page as it stands, one line each; empty when there are none. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // A colour that is still on its way from one theme to the other is neither's.
  await page.evaluate(
    'Promise.allSettled(document.getAnimations().filter((a) => a instanceof CSSTransition).map((a) => a.finished))',
  );
  const { violations } = await new AxeBuilder({ page }).withTags(AXE_TAGS).analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`),
  );
}

/** The value of an expression in the page. Text, because the tests' own world has no DOM types. */
export async function inPage(page: Page, expression: string): Promise<unknown> {
  return page.evaluate<unknown>(expression);
}

/** Whether this element has the focus. */
export async function hasFocus(target: Locator): Promise<boolean> {
  return (await target.and(target.page().locator(':focus')).count()) === 1;
}

/** How many pixels the page is wider than its window: 0 when nothing makes it scroll sideways. */
export async function sidewaysOverflowPx(page: Page): Promise<number> {
  return Number(await inPage(page, 'Math.max(0, document.documentElement.scrollWidth - window.innerWidth)'));
}
