// Two tenants in real browsers, one of them hostile. Its page is served on its own host without any of our headers, as if
// the filter of its answers had failed; a second one comes from a foreign origin. Both have the victim's browser: cookies,
// sessions and all. Each row of the table is one attempt; none may succeed.

import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, signedInContext } from '../support/control-ui.ts';
import { Person } from '../support/person.ts';
import { startProduct, type Product } from '../support/product.ts';

let product: Product;
let browser: Browser;
let victim: Person;
let context: BrowserContext;
const hostile = 'mallory-pool-7f3k';
const victims = 'nora-pool-7f3k';
const foreign = 'http://attacker.example';
const table: [attempt: string, from: string, outcome: string][] = [];

beforeAll(async () => {
  product = await startProduct();
  browser = await launchChromium();
  const stack = () => product.stack;
  victim = await Person.signUp(stack, 'Nora');
  const mallory = await Person.signUp(stack, 'Mallory');
  await victim.createAssistant('Nora', victims);
  await mallory.createAssistant('Mallory', hostile);
  // The victim was invited to look at the hostile assistant: their browser has a session there too.
  context = await signedInContext(browser, victim, { stack: product.stack, slug: victims });
  await context.addCookies(
    victim
      .cookiesFor('localhost')
      .split('; ')
      .map((pair) => ({
        name: pair.slice(0, pair.indexOf('=')),
        value: pair.slice(pair.indexOf('=') + 1),
        domain: 'localhost',
        path: '/',
        httpOnly: true,
      })),
  );
});
afterAll(async () => {
  console.log(table.map((row) => row.join(' | ')).join('\n'));
  await browser?.close();
  await product?.close();
});

const origins = () => ({
  mine: product.stack.tenantOrigin(hostile),
  theirs: product.stack.tenantOrigin(victims),
  platform: product.stack.platformOrigin,
});

/** A page of the attacker's on one of the two origins, in the victim's browser. */
async function attackFrom(where: 'its own host' | 'a foreign origin'): Promise<Page> {
  const origin = where === 'its own host' ? origins().mine : foreign;
  const page = await context.newPage();
  await page.route(`${origin}/evil**`, (route) =>
    route.fulfill({
      contentType: route.request().url().endsWith('.js') ? 'text/javascript' : 'text/html',
      headers: { 'service-worker-allowed': '/' },
      body: route.request().url().endsWith('.js') ? '' : '<!doctype html><title>free stickers</title>',
    }),
  );
  await page.goto(`${origin}/evil`);
  return page;
}

/** Whether the victim is still signed in on their host and on the dashboard, as themselves. */
async function standing(): Promise<string> {
  // With the browser's own cookies: what the attacks made of them is what counts.
  const at = async (host: string, where: string): Promise<Response> => {
    const cookies = await context.cookies(`http://${host}:${product.stack.port}/`);
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    return product.stack.fetch(host, where, { headers: { cookie } });
  };
  const { status } = await at(`${victims}.localhost`, '/__tidepool/status');
  const { user } = (await (await at('localhost', '/api/v1/me')).json()) as { user?: { name: string } };
  return `${status} ${user?.name ?? 'nobody'}`;
}

/** Runs a script in the attacker's page; its value, or how it was stopped. */
async function run(page: Page, script: string): Promise<unknown> {
  return page.evaluate<unknown>(
    `(async () => { try { return await (async () => { ${script} })(); } catch (error) { return 'refused: ' + error.name; } })()`,
  );
}

/** The status of the next answer from there, or why the browser gave the page none. */
async function outcomeOf(page: Page, url: string): Promise<string> {
  const request = await page.waitForRequest((each) => each.url() === url);
  const answer = await request.response();
  return answer === null ? (request.failure()?.errorText ?? 'no answer') : String(answer.status());
}

const places = ['its own host', 'a foreign origin'] as const;

test.each(places)('a page on %s reads, sends, frames, opens and registers nothing of anybody else', async (where) => {
  const page = await attackFrom(where);
  const { theirs, platform } = origins();
  const note = (attempt: string, outcome: unknown): void => void table.push([attempt, where, String(outcome)]);
  const targets = [
    ['the victim’s host', theirs, '/__tidepool/status', '/__tidepool/sign-out'],
    ['the dashboard', platform, '/api/v1/me', '/api/v1/me/end-sessions'],
  ] as const;
  for (const [name, origin, read, change] of targets) {
    const readIt = await run(
      page,
      `const a = await fetch('${origin}${read}', { credentials: 'include' }); return a.status + await a.text();`,
    );
    note(`read ${name} with its cookies`, readIt);
    expect(readIt).toMatch(/^refused/);

    const [, seen] = await Promise.all([
      run(
        page,
        `await fetch('${origin}${change}', { method: 'POST', mode: 'no-cors', credentials: 'include', body: '{}' });`,
      ),
      outcomeOf(page, `${origin}${change}`),
    ]);
    note(`change ${name} with a blind POST`, seen);
    // The browser may keep even the refusal from the page; `standing()` tells that nothing came of it.
    expect(seen).toMatch(/^(403|net::ERR_)/);

    const framed = await run(
      page,
      `const f = document.createElement('iframe'); f.src = '${origin}/';
       const loaded = new Promise((r) => { f.onload = r; }); document.body.append(f); await loaded;
       try { f.contentWindow.postMessage({ steal: true }, '${origin}'); } catch {}
       return f.contentDocument === null ? 'another document' : 'own';`,
    );
    const frame = page.frames().at(-1);
    note(`frame ${name}`, `${String(framed)}, ${frame?.url() ?? 'gone'}`);
    expect(frame?.url() ?? '').not.toBe(`${origin}/`);

    const socket = await run(
      page,
      `return await new Promise((r) => { const s = new WebSocket('${origin.replace('http', 'ws')}/');
         s.onopen = () => r('open'); s.onerror = () => r('refused: socket'); });`,
    );
    note(`open a socket to ${name}`, socket);
    expect(socket).toBe('refused: socket');

    const worker = await run(
      page,
      `await navigator.serviceWorker.register('${origin}/evil.js', { scope: '/' }); return 'registered';`,
    );
    note(`register a service worker of ${name}`, worker);
    expect(worker).toMatch(/^refused/);
  }

  const tossed = await run(
    page,
    `for (const domain of ['localhost', '.localhost', '${victims}.localhost'])
       for (const name of ['tidepool_session', 'tidepool_state', 'tidepool.session_token', '__Host-tidepool_session'])
         document.cookie = name + '=planted; path=/; domain=' + domain;
     return document.cookie.includes('tidepool') ? 'reads: ' + document.cookie : 'nothing to read';`,
  );
  note('read and plant cookies', tossed);
  expect(tossed).not.toContain(victim.cookiesFor(`${victims}.localhost`).split('=')[1] ?? 'none');

  const [popup] = await Promise.all([
    context.waitForEvent('page'),
    run(page, `window.other = window.open('${platform}/sign-in'); return true;`),
  ]);
  await popup.waitForLoadState();
  const held = await run(
    page,
    `try { return window.other.document.title; } catch { return window.other.closed ? 'cut off' : 'no access'; }`,
  );
  const opener = await popup.evaluate<unknown>('window.opener === null');
  note('keep a handle on the dashboard’s window', `${String(held)}, opener ${opener === true ? 'null' : 'kept'}`);
  expect(['cut off', 'no access', 'refused: SecurityError']).toContain(held);
  await popup.close();

  expect(await standing()).toBe('200 Nora');
  await page.close();
});

test('a code works on one host, in one browser, once, whoever holds it', async () => {
  const thief = new Person(() => product.stack);
  const note = (attempt: string, outcome: unknown): void => void table.push([attempt, 'a thief', String(outcome)]);
  const navigate = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' };
  const newVictim = await Person.signUp(() => product.stack, 'Ida');
  const slug = 'ida-pool-7f3k';
  await newVictim.createAssistant('Ida', slug);
  const host = `${slug}.localhost`;
  const first = await newVictim.request(host, '/', { headers: navigate });
  const open = new URL(first.headers.get('location') ?? 'http://missing/');
  const second = await newVictim.request('localhost', open.pathname + open.search, { headers: navigate });
  const back = new URL(second.headers.get('location') ?? 'http://missing/');
  const redeem = (person: Person, at: string): Promise<Response> =>
    person.request(at, back.pathname + back.search, { headers: navigate });
  const session = (answer: Response): boolean =>
    answer.headers.getSetCookie().some((line) => /^tidepool_session=[^;]/.test(line));

  await thief.request(host, '/', { headers: navigate });
  const stolen = await redeem(thief, host);
  note('redeem a stolen code with a state of its own', stolen.status);
  expect(session(stolen)).toBe(false);
  const elsewhere = await redeem(newVictim, `${hostile}.localhost`);
  note('redeem it on another host', elsewhere.status);
  expect(session(elsewhere)).toBe(false);

  const cookie = newVictim.cookiesFor(host);
  const tries = await Promise.all(
    Array.from({ length: 100 }, () =>
      product.stack.fetch(host, back.pathname + back.search, { headers: { ...navigate, cookie } }),
    ),
  );
  const winners = tries.filter(session).length;
  note('redeem it 100 times at once, in the right browser', `${winners} winner`);
  expect(winners).toBe(1);
  const replayed = await product.stack.fetch(host, back.pathname + back.search, { headers: { ...navigate, cookie } });
  note('replay it', replayed.status);
  expect(session(replayed)).toBe(false);
});
