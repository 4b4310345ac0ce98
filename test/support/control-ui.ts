/** The Control UI in a real browser: signed in without the dashboard's pages, and what its tab does over the network. */
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { findChromium } from '../../local/stack/system-packages.ts';
import type { Stack } from '../../local/stack/start-stack.ts';
import type { Person } from './person.ts';

const chromiumArgs = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error('this needs chromium');
  return await chromium.launch({ executablePath, args: chromiumArgs });
}

/** A browser profile that holds the person's session on the assistant's host, and nothing else. */
export async function signedInContext(
  browser: Browser,
  person: Person,
  at: { stack: Stack; slug: string },
): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const domain = `${at.slug}.localhost`;
  // Only when there is no session yet: opening the page would wake the assistant.
  if (!person.cookiesFor(domain).includes('tidepool_session=')) await person.openAssistant(at.slug);
  const cookies = person.cookiesFor(domain).split('; ');
  await context.addCookies(
    cookies.map((cookie) => {
      const split = cookie.indexOf('=');
      return { name: cookie.slice(0, split), value: cookie.slice(split + 1), domain, path: '/' };
    }),
  );
  return context;
}

/** Where the person writes. */
export function composer(page: Page): ReturnType<Page['locator']> {
  return page.locator('textarea:visible').first();
}

/** Sends a message in the Control UI and waits until its own page shows an answer that matches. */
export async function ask(page: Page, message: string, answer: RegExp): Promise<void> {
  await composer(page).fill(message);
  await page.keyboard.press('Enter');
  await page.getByText(answer).last().waitFor({ timeout: 120_000 });
}

/** What the page's sockets did so far. */
export interface SocketWatch {
  tries: number;
  /** Sockets on which the gateway took the page's greeting. */
  connected: number;
  /** Of the last such socket, by `performance.now()`. */
  connectedAtMs: number;
  /** What the page asked of the gateway, and how often. */
  readonly asked: Map<string, number>;
}

export function watchSockets(page: Page): SocketWatch {
  const seen: SocketWatch = { tries: 0, connected: 0, connectedAtMs: Number.NaN, asked: new Map() };
  page.on('websocket', (socket) => {
    seen.tries++;
    socket.on('framesent', ({ payload }) => {
      const method = /"method":"([\w.]+)"/.exec(String(payload).slice(0, 300))?.[1] ?? 'no method';
      seen.asked.set(method, (seen.asked.get(method) ?? 0) + 1);
    });
    socket.on('framereceived', ({ payload }) => {
      if (!String(payload).slice(0, 300).includes('"type":"hello-ok"')) return;
      seen.connected++;
      seen.connectedAtMs = performance.now();
    });
  });
  return seen;
}
