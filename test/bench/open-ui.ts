/**
 * The Control UI opened on a sleeping assistant, in a real browser: from the navigation to the first paint, to the socket
 * that the gateway took, and to the first answer to a message. Every run has a browser profile of its own, so nothing is
 * in its cache. `npm run bench -- --only ui --opens 10`.
 */
import type { Page } from 'playwright-core';
import { ask, launchChromium, signedInContext, watchSockets } from '../support/control-ui.ts';
import type { Person } from '../support/person.ts';
import { until } from '../support/product.ts';
import type { Product } from '../support/product.ts';
import { quantile, round } from './statistics.ts';

interface Opening {
  readonly firstPaintMs: number;
  readonly connectedMs: number;
  readonly firstAnswerMs: number;
}

export async function measureOpening(options: {
  product: Product;
  person: Person;
  tenant: { id: string; slug: string };
  runs: number;
  print: (line: Readonly<Record<string, unknown>>) => void;
}): Promise<void> {
  const { product, person, tenant, runs, print } = options;
  await person.openAssistant(tenant.slug);
  const browser = await launchChromium();
  const openings: Opening[] = [];
  try {
    // The first warms the caches of the machine, not those of the browser.
    for (let run = 0; run <= runs; run++) {
      const { state } = await person.call('tenantRead', { params: { tenantId: tenant.id } });
      if (state !== 'asleep') await person.call('tenantSleep', { params: { tenantId: tenant.id } });
      await person.waitFor(tenant.id, 'asleep');
      const context = await signedInContext(browser, person, { stack: product.stack, slug: tenant.slug });
      const opening = await open(await context.newPage(), product.stack.tenantOrigin(tenant.slug), run);
      await context.close();
      if (run === 0) continue;
      openings.push(opening);
      print({ open: run, ...opening });
    }
  } finally {
    await browser.close();
  }
  const of = (pick: (opening: Opening) => number, q: number): number => round(quantile(openings.map(pick), q), 0);
  print({
    what: 'Control UI opened on a sleeping assistant: navigation to first paint, socket taken, first answer',
    runs,
    firstPaintMedianMs: of((opening) => opening.firstPaintMs, 0.5),
    firstPaintP90Ms: of((opening) => opening.firstPaintMs, 0.9),
    connectedMedianMs: of((opening) => opening.connectedMs, 0.5),
    connectedP90Ms: of((opening) => opening.connectedMs, 0.9),
    firstAnswerMedianMs: of((opening) => opening.firstAnswerMs, 0.5),
    firstAnswerP90Ms: of((opening) => opening.firstAnswerMs, 0.9),
  });
}

async function open(page: Page, origin: string, run: number): Promise<Opening> {
  const sockets = watchSockets(page);
  const beganMs = performance.now();
  await page.goto(origin, { waitUntil: 'commit' });
  await until('the page to be connected', async () => sockets.connected > 0, 240_000);
  const connectedMs = sockets.connectedAtMs - beganMs;
  // A sum whose result no earlier answer on the page shows.
  await ask(page, `${run + 1_000} * 7`, new RegExp(`That is ${(run + 1_000) * 7}\\.`));
  const firstAnswerMs = performance.now() - beganMs;
  const firstPaintMs = await page.evaluate(
    () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
  );
  return {
    firstPaintMs: round(firstPaintMs, 0),
    connectedMs: round(connectedMs, 0),
    firstAnswerMs: round(firstAnswerMs, 0),
  };
}
