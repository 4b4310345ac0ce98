/**
 * `npm run flood`: what strangers can do to a sleeping assistant and to its neighbour. Sends 5,000 requests and 1,000
 * upgrades without a session (junk cookies, junk MACs, junk codes, closed paths, many client addresses) to a tenant that
 * sleeps, on the loopback stack only, and measures a neighbour that is awake before, during and after. Prints a table and
 * exits 1 when anything woke, an object of the sleeping tenant wrote, or an answer was not a refusal.
 * `npm run flood -- --requests 5000 --upgrades 1000 --rate 200`; rate 0 sends as fast as 32 connections can.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { quantile, round } from '../bench/statistics.ts';
import { descendants, isGateway } from '../support/container-processes.ts';
import { Person } from '../support/person.ts';
import { startProduct, until } from '../support/product.ts';
import { floodRequest, floodUpgrade } from './junk.ts';
import { changedTables, nextAlarmAtMs, storedTables } from './stored-state.ts';

const bounded = (text: string, fallback: number, min: number, max: number): number => {
  const value = Number(text);
  return Number.isFinite(value) && text.trim() !== '' ? Math.min(Math.max(Math.floor(value), min), max) : fallback;
};
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '5000' },
    upgrades: { type: 'string', default: '1000' },
    rate: { type: 'string', default: '200' },
  },
});
const requests = bounded(values.requests, 5_000, 1, 50_000);
const upgrades = bounded(values.upgrades, 1_000, 1, 10_000);
const ratePerSecond = bounded(values.rate, 200, 0, 5_000);
const connections = 32;
/** The flood ends by itself, whatever answers. */
const floodMaxMs = 300_000;
const probeEveryMs = 50;

interface Measured {
  readonly times: number[];
  failed: number;
}

/** Asks the neighbour at a steady pace until `stop` is set. */
function probe(ask: () => Promise<Response>): { stop(): Promise<Measured> } {
  const measured: Measured = { times: [], failed: 0 };
  const asking = { stopped: false };
  const run = (async () => {
    while (!asking.stopped) {
      const beganMs = performance.now();
      try {
        const answer = await ask();
        await answer.arrayBuffer();
        if (answer.status === 200) measured.times.push(performance.now() - beganMs);
        else measured.failed++;
      } catch {
        measured.failed++;
      }
      const waitMs = beganMs + probeEveryMs - performance.now();
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, waitMs)));
    }
  })();
  return {
    stop: async () => {
      asking.stopped = true;
      await run;
      return measured;
    },
  };
}

/** Asks for a quarter of a minute, so that quiet is more than a lucky moment. */
async function measureQuiet(ask: () => Promise<Response>): Promise<Measured> {
  const measuring = probe(ask);
  await pause(15_000);
  return measuring.stop();
}

/** What is on disk: runs that the engine ever made, and the stored state of the sleeper's objects. */
function stateOf(stateDir: string, slug: string): { runs: string; sleeper: ReadonlyMap<string, string> } {
  const runs = readdirSync(path.join(stateDir, 'engine/run')).toSorted((a, b) => a.localeCompare(b));
  return { runs: runs.join(' '), sleeper: storedTables(stateDir, slug) };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const product = await startProduct();
let wrong = 0;
try {
  const person = await Person.signUp(() => product.stack, 'Flood');
  const victim = await person.createAssistant('Sleeper', 'flood-sleeper-4k');
  await person.waitFor(victim.id, 'awake');
  await person.call('tenantSleep', { params: { tenantId: victim.id } });
  await person.waitFor(victim.id, 'asleep');
  const neighbour = await person.createAssistant('Neighbour', 'flood-neighbour-7q');
  await person.waitFor(neighbour.id, 'awake');
  const cookie = await person.openAssistant(neighbour.slug);
  const viaContainer = (): Promise<Response> =>
    product.stack.fetch(`${neighbour.slug}.localhost`, '/manifest.webmanifest', {
      headers: { cookie, 'cf-connecting-ip': '198.51.100.200' },
    });
  await until('the neighbour to answer', async () => (await viaContainer()).ok);
  // A sleep has work of its own to end a minute later; what is written after that, a stranger has caused.
  await until(
    'the sleeper to have nothing due',
    async () => {
      const dueAtMs = nextAlarmAtMs(product.stateDir, victim.slug);
      if (dueAtMs === null || dueAtMs > Date.now() + floodMaxMs + 60_000) return true;
      throw new Error(`its next alarm is due in ${Math.round((dueAtMs - Date.now()) / 1_000)} s`);
    },
    600_000,
  );

  const before = stateOf(product.stateDir, victim.slug);
  const quietBefore = await measureQuiet(viaContainer);
  const flooded = probe(viaContainer);
  const flood = await sendFlood(product.stack.port, `${victim.slug}.localhost`);
  const during = await flooded.stop();
  const quietAfter = await measureQuiet(viaContainer);
  const after = stateOf(product.stateDir, victim.slug);

  const quiet = [...quietBefore.times, ...quietAfter.times];
  const ratio = (q: number): number => round(quantile(during.times, q) / quantile(quiet, q));
  console.log(`\nflood: ${requests} requests and ${upgrades} upgrades to a tenant that sleeps`);
  console.table(flood.statuses);
  console.table({
    'took, s': round(flood.tookMs / 1_000, 1),
    'sent a second': round((requests + upgrades) / (flood.tookMs / 1_000), 0),
    'without an answer': flood.lost,
  });
  const times = (name: string, { times: all, failed }: Measured) => ({
    phase: name,
    asked: all.length,
    failed,
    p50Ms: round(quantile(all, 0.5)),
    p90Ms: round(quantile(all, 0.9)),
    p99Ms: round(quantile(all, 0.99)),
  });
  console.log('the neighbour, through gate, objects and container:');
  console.table([times('quiet before', quietBefore), times('flood', during), times('quiet after', quietAfter)]);
  console.table({ ratio: { p50: ratio(0.5), p90: ratio(0.9), p99: ratio(0.99), budget: 2 } });

  const { state } = await person.call('tenantRead', { params: { tenantId: victim.id } });
  const written = changedTables(before.sleeper, after.sleeper);
  if (written.length > 0) console.log(`the sleeper wrote: ${written.join(', ')}`);
  const checks = {
    'the sleeper still sleeps': state === 'asleep',
    'no container was made or ended': before.runs === after.runs,
    'no gateway but the neighbour’s runs': descendants(product.stack.pids.engine() ?? 0).filter(isGateway).length === 1,
    'no object of the sleeper wrote anything': written.length === 0,
    'every answer was a refusal': flood.accepted === 0,
    'the neighbour answered all the time': during.failed === 0,
    'the neighbour’s median stayed within twice of quiet': ratio(0.5) <= 2,
  };
  for (const [what, holds] of Object.entries(checks)) {
    console.log(`  ${holds ? 'ok  ' : 'FAIL'} ${what}`);
    if (!holds) wrong++;
  }
} finally {
  await product.close();
}
if (wrong > 0) process.exitCode = 1;

interface Flood {
  readonly statuses: Record<string, Record<number, number>>;
  readonly tookMs: number;
  lost: number;
  /** Answers that let something through. */
  accepted: number;
}

/** Sends it all over a bounded number of connections at the rate asked for, one upgrade after every few requests. */
async function sendFlood(port: number, host: string): Promise<Flood> {
  const flood = { statuses: {} as Record<string, Record<number, number>>, lost: 0, accepted: 0 };
  const total = requests + upgrades;
  const beganMs = performance.now();
  let next = 0;
  const one = async (n: number): Promise<void> => {
    // Spread evenly: the n-th is an upgrade when the share of upgrades has grown by one.
    const isUpgrade = Math.floor(((n + 1) * upgrades) / total) > Math.floor((n * upgrades) / total);
    const kind = isUpgrade ? 'upgrade' : 'request';
    try {
      const status = await (isUpgrade ? floodUpgrade(port, host, n) : floodRequest(port, host, n));
      const seen = (flood.statuses[kind] ??= {});
      seen[status] = (seen[status] ?? 0) + 1;
      if (status < 300 || status >= 500) flood.accepted++;
    } catch {
      flood.lost++;
    }
  };
  const worker = async (): Promise<void> => {
    for (let n = next++; n < total && performance.now() - beganMs < floodMaxMs; n = next++) {
      const dueMs = ratePerSecond === 0 ? 0 : beganMs + (n * 1_000) / ratePerSecond - performance.now();
      if (dueMs > 0) await pause(dueMs);
      await one(n);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  return { ...flood, tookMs: performance.now() - beganMs };
}
