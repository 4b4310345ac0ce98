/**
 * `npm run load -- --tenants 200 --turns 30 --seed 1`: the books under load. Real workerd, the product's own tenant objects
 * with their SQLite on disk, an upstream stand-in in its own process with its own log; turns of all formats at once, on the
 * platform's account and on customers' own keys, taken over by fallbacks, left, cut, refused and sent again, while the
 * runtime is killed and objects are taken away. Then the product is left alone until nothing is open, and every ledger is
 * compared with the upstream's log, to the token and the nano-dollar. Prints tables; ends with 1 when anything differs.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { OperationId, TenantId } from '../../apps/control-plane/src/contract/ids.ts';
import { until } from '../support/product.ts';
import { plannedOf } from './attempts.ts';
import { readBooks } from './books.ts';
import { startCell, type Cell } from './cell.ts';
import { startCollector } from './collector.ts';
import { compareBooks, type Comparison } from './compare.ts';
import { ownKeyOf } from './gateway.ts';
import { planTenants, type LoadTenant } from './plan.ts';
import { settle } from './settle.ts';
import { runStorm } from './storm.ts';
import { startUpstream } from './upstream-process.ts';
import { readUpstreamLog } from './upstream-log.ts';

const { values } = parseArgs({
  options: {
    tenants: { type: 'string', default: '200' },
    turns: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    lanes: { type: 'string', default: '3' },
    kills: { type: 'string', default: '5' },
    evictions: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const bounded = (text: string | undefined, fallback: number, min: number, max: number): number => {
  const value = Number(text ?? '');
  return text !== undefined && Number.isFinite(value) ? Math.min(Math.max(Math.floor(value), min), max) : fallback;
};
const tenantCount = bounded(values.tenants, 200, 1, 1_000);
const turns = bounded(values.turns, 30, 1, 1_000);
const seed = bounded(values.seed, 1, 0, Number.MAX_SAFE_INTEGER);
const lanes = bounded(values.lanes, 3, 1, 8);
const kills = bounded(values.kills, 5, 0, 50);
const evictions = bounded(values.evictions, Math.ceil(tenantCount / 2), 0, 10_000);
const settleMaxMs = 600_000;
const problemsShown = 40;

const startedAtMs = Date.now();
const say = (line: string): void =>
  console.log(`${((Date.now() - startedAtMs) / 1000).toFixed(1).padStart(7)} s  ${line}`);
const usd = (nanoUsd: number): string => `$${(nanoUsd / 1e9).toFixed(9)}`;

const stateDir = mkdtempSync(path.join(os.tmpdir(), 'tidepool-load-'));
const upstreamLog = path.join(stateDir, 'upstream.jsonl');
const stops: (() => Promise<void>)[] = [];
try {
  const upstream = await startUpstream(upstreamLog);
  stops.push(() => upstream.stop());
  const collector = await startCollector();
  stops.push(() => collector.close());
  const cell = await startCell({ stateDir, upstreamUrl: upstream.baseUrl, collectorUrl: collector.url });
  let running = true;
  const stopCell = async (): Promise<void> => {
    if (running) await cell.stop();
    running = false;
  };
  stops.push(stopCell);

  const tenants = planTenants({ seed, tenants: tenantCount, turns });
  await provisionAll(cell, tenants);
  say(`${tenants.length} tenants are awake; ${turns} turns each, ${lanes} at a time, seed ${seed}`);
  const storm = await runStorm({ cell, tenants, seed, kills, evictions, lanes, progress: say });
  say(
    `the storm is over: ${storm.kills} kills, ${storm.evictions} evictions, ${storm.concurrentMax} calls at once at most`,
  );
  const settled = await settle({ cell, tenants, collector, upstreamLog, waitMaxMs: settleMaxMs, progress: say });
  say(`left alone for ${(settled.tookMs / 1000).toFixed(0)} s; ${settled.holding} tenants still hold something`);
  await stopCell();

  const books = readBooks(cell.persistDir);
  const log = readUpstreamLog(upstreamLog);
  const { problems, classes, shares, sums } = compareBooks(log, books, collector, plannedOf(tenants));
  const all = [...collector.problems, ...problems, ...overCap(tenants, books), ...notPlayed(shares, sums)];
  if (books.length !== tenants.length) all.push(`${books.length} ledgers were found of ${tenants.length} tenants`);

  console.log('\nas whoever asked saw it (calls):');
  console.table(storm.calls);
  console.log('by the table of outcomes (requests that reached the upstream):');
  console.table(
    Object.fromEntries(
      Object.entries(classes)
        .toSorted(([a], [b]) => a.localeCompare(b))
        .map(([name, { requests, chargedNanoUsd, billedNanoUsd }]) => [
          name,
          { requests, charged: usd(chargedNanoUsd), 'billed by the provider': usd(billedNanoUsd) },
        ]),
    ),
  );
  console.log('by provider and whose key paid:');
  console.table(shares);
  console.table({
    'ledgers (receipts)': { requests: sums.receipts, 'nano-USD': sums.chargedNanoUsd, tokens: sums.chargedTokens },
    'due by the table': { requests: sums.receipts, 'nano-USD': sums.dueNanoUsd, tokens: sums.dueTokens },
    difference: {
      requests: 0,
      'nano-USD': sums.chargedNanoUsd - sums.dueNanoUsd,
      tokens: sums.chargedTokens - sums.dueTokens,
    },
    'billed by the provider': { 'nano-USD': sums.billedNanoUsd },
    "own keys' receipts": { 'nano-USD': sums.listedNanoUsd },
    'own keys less what is due by their list': { 'nano-USD': sums.listedNanoUsd - sums.dueListedNanoUsd },
    'bill less charges: answers that broke after their usage': { 'nano-USD': sums.billedNanoUsd - sums.dueNanoUsd },
  });
  console.log(`attempts that came to nothing ${sums.failed}; turns that a fallback answered ${sums.takenOver}`);
  console.log(`retries ${storm.retries}; kills ${storm.kills}; evictions ${storm.evictions}; seed ${seed}`);
  for (const problem of all.slice(0, problemsShown)) console.log(`  DIFFERS ${problem}`);
  if (all.length > problemsShown) console.log(`  … and ${all.length - problemsShown} more`);
  say(all.length === 0 ? 'ok: nothing lost, nothing twice' : `${all.length} differences`);
  if (all.length > 0) process.exitCode = 1;
} finally {
  for (const stop of stops.toReversed()) await stop();
  if (values.keep) console.log(`kept: ${stateDir}`);
  else rmSync(stateDir, { recursive: true, force: true });
}

async function provisionAll(cell: Cell, tenants: readonly LoadTenant[]): Promise<void> {
  const left = [...tenants];
  const worker = async (): Promise<void> => {
    for (let tenant = left.shift(); tenant !== undefined; tenant = left.shift()) {
      const ref = { slug: tenant.slug, tenantId: TenantId.parse(tenant.tenantId) };
      await cell.provision({
        ...ref,
        generation: 1,
        operationId: OperationId.parse(`op_${ref.tenantId.slice(4)}`),
        spec: {
          displayName: 'Load',
          desired: 'active',
          members: [{ userId: 'usr_load', role: 'owner' }],
          release: '2026.9.6',
          pinned: false,
          size: { vcpu: 1, memoryMib: 3072, diskMb: 4000 },
          idleSleepMs: 86_400_000,
          keepAwake: true,
          models: {
            primary: 'anthropic/claude-sonnet-4-6',
            utility: 'anthropic/claude-haiku-4-5',
            routing: tenant.routing,
          },
          aiCapNanoUsdPerMonth: tenant.capNanoUsd,
        },
      });
      for (const provider of tenant.ownKeys)
        await cell.putModelKey({ ...ref, provider, plain: ownKeyOf(ref.tenantId, provider) });
      await until(`${tenant.slug} to be awake`, async () => (await cell.report(ref)).state === 'awake');
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

/** A run of some size that leaves a path out proves nothing of it. */
function notPlayed(shares: Comparison['shares'], sums: Comparison['sums']): string[] {
  if (sums.receipts === 0) return ['nothing was charged: the run proves nothing'];
  if (tenantCount * turns < 200) return [];
  const paths = ['anthropic', 'openai', 'google', 'openrouter', 'workers-ai'].map((name) => `${name}, our account`);
  const own = ['anthropic', 'openai', 'google', 'openrouter'].map((name) => `${name}, own key`);
  const missing = [...paths, ...own].filter((name) => (shares[name]?.requests ?? 0) === 0);
  return [...missing, ...(sums.takenOver === 0 ? ['a fallback'] : [])].map((name) => `nothing was answered by ${name}`);
}

/** Providers keep to the bounds here, so no cap may be overshot. */
function overCap(tenants: readonly LoadTenant[], books: ReturnType<typeof readBooks>): string[] {
  return books.flatMap(({ tenantId, totals }) => {
    const cap = tenants.find((tenant) => tenant.tenantId === tenantId)?.capNanoUsd ?? 0;
    return totals.flatMap(({ period, spentNanoUsd, heldNanoUsd }) =>
      spentNanoUsd + heldNanoUsd <= cap ? [] : [`${tenantId} ${period}: ${spentNanoUsd} spent of a cap of ${cap}`],
    );
  });
}
