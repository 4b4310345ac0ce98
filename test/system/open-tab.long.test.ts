/**
 * A tab that is left open, with the real OpenClaw and a real browser: it does not keep its assistant awake, and it does not
 * wake it; it says that the assistant sleeps; one touch wakes it, and the page goes on without a reload. And however many
 * wake an assistant at once, it is started once.
 */
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask, composer, launchChromium, signedInContext, watchSockets } from '../support/control-ui.ts';
import { Person } from '../support/person.ts';
import { startProduct, until } from '../support/product.ts';
import type { Product } from '../support/product.ts';
import { tenantContainers } from '../support/tenant-containers.ts';

let product: Product;
let browser: Browser;
let person: Person;
let context: BrowserContext;
let tenant: { id: string; slug: string };
const host = 'olive-tab-5v.localhost';

beforeAll(async () => {
  product = await startProduct();
  browser = await launchChromium();
  person = await Person.signUp(() => product.stack, 'Olive');
  tenant = await person.createAssistant('Olive', 'olive-tab-5v');
  await person.waitFor(tenant.id, 'awake');
  context = await signedInContext(browser, person, { stack: product.stack, slug: tenant.slug });
});
afterAll(async () => {
  await browser?.close();
  await product?.close();
});

async function state(): Promise<string> {
  return (await person.call('tenantRead', { params: { tenantId: tenant.id } })).state;
}

async function fallAsleep(): Promise<void> {
  await person.call('tenantSleep', { params: { tenantId: tenant.id } });
  await person.waitFor(tenant.id, 'asleep');
}

const containers = () => tenantContainers(product.stack);

async function openTab(prepare: (page: Page) => Promise<void> = async () => undefined): Promise<Page> {
  const page = await context.newPage();
  await prepare(page);
  await page.goto(product.stack.tenantOrigin(tenant.slug));
  await composer(page).waitFor({ timeout: 240_000 });
  return page;
}

it(
  'stays asleep under a tab that keeps trying, wakes at one click, and goes on without a reload',
  { timeout: 600_000 },
  async () => {
    const page = await openTab();
    await ask(page, 'Hello, my name is Olive Kelp', /demo model/i);
    await page.evaluate(() => Object.assign(globalThis, { stillTheSamePage: true }));
    const sockets = watchSockets(page);
    await fallAsleep();

    const bar = page.getByRole('region', { name: 'Assistant status' });
    await bar.getByText('is asleep').waitFor();
    // Ten tries, with their growing pauses, are more than a minute.
    await until('ten tries of the page to connect', async () => sockets.tries >= 10, 240_000);
    expect([await state(), sockets.connected, (await containers()).running]).toEqual(['asleep', 0, []]);

    await bar.getByRole('button', { name: 'Wake it' }).click();
    await bar.getByText('Start OpenClaw').waitFor();
    await until('the page to be connected', async () => sockets.connected > 0);
    await bar.waitFor({ state: 'hidden' });
    await ask(page, 'What is my name?', /Your name is Olive Kelp/);
    expect(await page.evaluate(() => 'stillTheSamePage' in globalThis)).toBe(true);
    await page.close();
  },
);

it('is woken by a message that is written into the page, which is then answered', { timeout: 600_000 }, async () => {
  const page = await openTab();
  await page.evaluate(() => Object.assign(globalThis, { stillTheSamePage: true }));
  await fallAsleep();
  await page.getByRole('region', { name: 'Assistant status' }).getByText('is asleep').waitFor();
  await composer(page).focus();
  await page.keyboard.type('31 * 3');
  await page.keyboard.press('Enter');
  await person.waitFor(tenant.id, 'awake');
  await page
    .getByText(/That is 93\./)
    .last()
    .waitFor({ timeout: 240_000 });
  expect(await page.evaluate(() => 'stillTheSamePage' in globalThis)).toBe(true);
  await page.close();
});

/** Goes to the server and back, so that what the page sent before has arrived. */
const roundTrip = (page: Page) => page.evaluate("fetch('/__tidepool/status').then((answer) => answer.status)");

const minuteMs = 60_000;
const nightMs = 8 * 60 * minuteMs;

it(
  'sleeps all night under a tab that is left open, and wakes once, at the first act of the morning',
  { timeout: 900_000 },
  async () => {
    // The browser's clock is moved; the assistant's goes on as it is.
    const page = await openTab((made) => made.clock.install());
    await ask(page, '19 * 3', /That is 57\./);
    await page.evaluate(() => Object.assign(globalThis, { stillTheSamePage: true }));
    const sockets = watchSockets(page);
    await person.call('tenantUpdate', { params: { tenantId: tenant.id }, body: { idleSleepMs: minuteMs } });
    const bar = page.getByRole('region', { name: 'Assistant status' });

    // Hours of an open tab keep nothing awake: one idle minute of the assistant's own, and it sleeps.
    await until(
      'it to fall asleep by itself',
      async () => {
        await page.clock.fastForward(5 * minuteMs);
        await roundTrip(page);
        const seen = await person.call('tenantRead', { params: { tenantId: tenant.id } });
        if (seen.state === 'asleep') return true;
        throw new Error(JSON.stringify([seen.state, seen.awakeBecause, [...sockets.asked]]));
      },
      300_000,
    );
    await bar.getByText('is asleep').waitFor();
    const evening = { connected: sockets.connected, tries: sockets.tries, all: (await containers()).all };
    for (let passedMs = 0; passedMs < nightMs; passedMs += 5 * minuteMs) {
      await page.clock.fastForward(5 * minuteMs);
      expect(await roundTrip(page)).toBe(200);
    }
    // The tab went on trying, all night; the window comes to the front, which is no act.
    expect(sockets.tries - evening.tries).toBeGreaterThan(40);
    await page.bringToFront();
    await page.evaluate("dispatchEvent(new Event('focus')); document.dispatchEvent(new Event('visibilitychange'))");
    await roundTrip(page);
    expect([await state(), sockets.connected, await containers()]).toEqual([
      'asleep',
      evening.connected,
      { running: [], all: evening.all },
    ]);

    for (const viewport of [
      { width: 1280, height: 800 },
      { width: 360, height: 740 },
    ]) {
      await page.setViewportSize(viewport);
      const { violations } = await new AxeBuilder({ page }).include('#tidepool-tab').analyze();
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
      const box = await bar.getByRole('button', { name: 'Wake it' }).boundingBox();
      if (box === null) throw new Error('there is no button to wake it');
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(viewport.width);
      expect(box.y + box.height).toBeLessThanOrEqual(viewport.height);
    }

    // Both clocks agree again, as they do in the morning.
    await page.clock.setSystemTime(Date.now());
    await composer(page).focus();
    await page.keyboard.type('31 * 4');
    await page.keyboard.press('Enter');
    await page
      .getByText(/That is 124\./)
      .last()
      .waitFor({ timeout: 240_000 });
    expect(await page.evaluate(() => 'stillTheSamePage' in globalThis)).toBe(true);
    const started = (await containers()).all.filter((id) => !evening.all.includes(id));
    expect([await state(), started.length]).toEqual(['awake', 1]);
    await person.call('tenantUpdate', { params: { tenantId: tenant.id }, body: { idleSleepMs: 15 * minuteMs } });
    await page.close();
  },
);

it(
  'paints the page of a sleeping assistant at once, and the page then connects by itself',
  { timeout: 600_000 },
  async () => {
    await fallAsleep();
    const page = await context.newPage();
    const sockets = watchSockets(page);
    const documents: string[] = [];
    page.on('request', (asked) => void (asked.isNavigationRequest() && documents.push(asked.url())));
    const problems: string[] = [];
    page.on(
      'console',
      (message) => void (/Content Security Policy/.test(message.text()) && problems.push(message.text())),
    );
    await page.goto(product.stack.tenantOrigin(tenant.slug));
    await page.getByRole('region', { name: 'Assistant status' }).getByText('is waking up').waitFor();
    // What a person must never meet: a field for a token.
    expect(await page.getByPlaceholder(/token/i).and(page.locator(':not([inert] *)')).count()).toBe(0);
    await until('the page to be connected', async () => sockets.connected > 0);
    await page.getByRole('region', { name: 'Assistant status' }).waitFor({ state: 'hidden' });
    await composer(page).waitFor();
    await ask(page, '23 * 3', /That is 69\./);
    expect([documents.length, problems]).toEqual([1, []]);
    await page.close();
  },
);

it('is started once by ten who wake it at once', { timeout: 600_000 }, async () => {
  await fallAsleep();
  const navigate = {
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
    'sec-fetch-site': 'none',
    accept: 'text/html',
  };
  const before = (await containers()).all;
  const seen = new Set<string>();
  const wakes = Array.from({ length: 10 }, async (_, n) => {
    const answer =
      n % 2 === 0
        ? await person.request(host, '/', { headers: navigate })
        : await person.request(host, '/__tidepool/wake', { method: 'POST' });
    return answer.status;
  });
  expect((await Promise.all(wakes)).every((status) => status === 200 || status === 202)).toBe(true);
  await until('it to be awake', async () => {
    for (const id of (await containers()).all) if (!before.includes(id)) seen.add(id);
    return (await state()) === 'awake';
  });
  expect([...seen]).toHaveLength(1);
});

it("gives the very page that the release's gateway gives", { timeout: 600_000 }, async () => {
  const open = async (): Promise<{ page: string; policy: string }> => {
    const answer = await person.request(host, '/chat/main', {
      headers: {
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
        'sec-fetch-site': 'none',
        accept: 'text/html',
      },
    });
    const page = (await answer.text()).replace(/ data-view="[^"]*"/, '');
    const policy = answer.headers.get('content-security-policy') ?? '';
    return { page, policy: /script-src [^;]*/.exec(policy)?.[0] ?? '' };
  };
  await person.waitFor(tenant.id, 'awake');
  const ofGateway = await open();
  await fallAsleep();
  expect(await open()).toEqual(ofGateway);
});
