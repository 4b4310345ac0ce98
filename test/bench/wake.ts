/** Wake time, as a ratio to the same OpenClaw started by hand on a copy of the same state, and the steps of wake and sleep. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { GatewayClient } from '../support/gateway-client.ts';
import type { Person } from '../support/person.ts';
import type { Product } from '../support/product.ts';
import { copyTenantState, startByHand } from './by-hand.ts';
import { quantile, round } from './statistics.ts';

type Print = (line: Readonly<Record<string, unknown>>) => void;

export async function measureWake(options: {
  product: Product;
  person: Person;
  tenant: { id: string; slug: string };
  openclawDir: string;
  wakes: number;
  print: Print;
}): Promise<void> {
  const { product, person, tenant, openclawDir, wakes, print } = options;
  const home = mkdtempSync(path.join(os.tmpdir(), 'tidepool-bench-'));
  const wakeTimes: number[] = [];
  const bootTimes: number[] = [];
  const cookie = await person.openAssistant(tenant.slug);
  try {
    copyTenantState(path.join(product.stateDir, 'engine/run'), home);
    // Turn about, so that whatever else the machine does meets both alike. The first of each warms the caches.
    for (let i = 0; i <= wakes; i++) {
      const { state } = await person.call('tenantRead', { params: { tenantId: tenant.id } });
      if (state !== 'asleep') await person.call('tenantSleep', { params: { tenantId: tenant.id } });
      await person.waitFor(tenant.id, 'asleep');
      const boot = await startByHand(openclawDir, home);
      await boot.stop();
      const beganMs = performance.now();
      await person.request(`${tenant.slug}.localhost`, '/', {
        headers: {
          'sec-fetch-mode': 'navigate',
          'sec-fetch-dest': 'document',
          'sec-fetch-site': 'none',
          accept: 'text/html',
        },
      });
      const client = await GatewayClient.connectWhenReady(() => product.stack, tenant.slug, cookie);
      const tookMs = performance.now() - beganMs;
      client.close();
      if (i === 0) continue;
      wakeTimes.push(tookMs);
      bootTimes.push(boot.readyMs);
      print({ wake: i, wakeMs: round(tookMs, 0), byHandMs: round(boot.readyMs, 0) });
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
  print({
    what: 'wake: authenticated request to connected Control UI socket, against OpenClaw by hand to ready',
    runs: wakes,
    wakeMedianMs: round(quantile(wakeTimes, 0.5), 0),
    wakeP90Ms: round(quantile(wakeTimes, 0.9), 0),
    byHandMedianMs: round(quantile(bootTimes, 0.5), 0),
    ratio: round(quantile(wakeTimes, 0.5) / quantile(bootTimes, 0.5)),
    budget: 1.3,
  });
  await printSteps(person, tenant.id, wakes, print);
}

/** The medians of the steps, as the assistant's own timeline has them. */
async function printSteps(person: Person, tenantId: string, wakes: number, print: Print): Promise<void> {
  const { items } = await person.call('timelineRead', { params: { tenantId }, query: { limit: '100' } });
  for (const kind of ['wake', 'sleep'] as const) {
    const done = items
      .flatMap((item) => (item.kind === 'operation' && item.operation.kind === kind ? [item.operation] : []))
      .filter((operation) => operation.finishedAtMs !== null && operation.error === null)
      .slice(0, wakes);
    const steps = new Map<string, number[]>();
    for (const { name, startedAtMs, endedAtMs } of done.flatMap((operation) => operation.steps)) {
      if (endedAtMs !== null) steps.set(name, [...(steps.get(name) ?? []), endedAtMs - startedAtMs]);
    }
    const whole = done.map(({ startedAtMs, finishedAtMs }) => (finishedAtMs ?? Number.NaN) - startedAtMs);
    print({
      what: `${kind}: medians of its steps, in ms`,
      runs: done.length,
      medianMs: quantile(whole, 0.5),
      p90Ms: quantile(whole, 0.9),
      steps: Object.fromEntries([...steps].map(([name, times]) => [name, quantile(times, 0.5)])),
    });
  }
}
