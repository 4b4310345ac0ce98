/**
 * The ledger's speed beside the least that any ledger must do: two bare writes per request in the same SQLite, in the
 * same run, turn about. `node test/bench/ledger.ts [requests per round]`. Prints JSON; budgets are in DESIGN §9.
 */
import { Ledger, LEDGER_MIGRATIONS } from '../../apps/tenant-worker/src/modules/ledger.ts';
import { migrate } from '../../apps/tenant-worker/src/modules/migrate.ts';
import { noUsage } from '../../apps/tenant-worker/src/core/metering/usage.ts';
import type { Sql } from '../../apps/tenant-worker/src/ports.ts';
import { openNodeSql } from '../support/node-sql.ts';

const ROUNDS = 7;
const perRound = Math.min(Math.max(Number(process.argv[2] ?? 5_000) || 5_000, 100), 50_000);
const nowMs = Date.parse('2026-11-21T00:00:00Z');

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

interface Speed {
  readonly perSecond: number;
  /** Processor time, which other work on the machine disturbs less than the clock. */
  readonly cpuMicros: number;
}

function measure(round: (from: number) => void, from: number): Speed {
  const beganMs = performance.now();
  const began = process.cpuUsage();
  round(from);
  const { user, system } = process.cpuUsage(began);
  return { perSecond: perRound / ((performance.now() - beganMs) / 1000), cpuMicros: (user + system) / perRound };
}

function id(n: number): string {
  return `01k${String(n).padStart(23, '0')}`;
}

function ledgerRound(ledger: Ledger): (from: number) => void {
  const usage = { ...noUsage, input: 1200, cacheRead: 16_000, output: 350 };
  return (from) => {
    for (let n = from; n < from + perRound; n += 1) {
      ledger.reserve({
        requestId: id(n),
        holdNanoUsd: 700_000_000,
        provider: 'anthropic',
        model: 'claude-sonnet-4-6',
        capNanoUsd: Number.MAX_SAFE_INTEGER,
        periodKey: '2026-11',
        byok: false,
      });
      ledger.settle(id(n), {
        usage,
        costNanoUsd: 13_650_000,
        outcome: 'final',
        priceVersion: '2026-11-21',
        upstreamId: 'msg_01',
        rawUsageJson: '{"usage":{"input_tokens":1200,"output_tokens":350}}',
      });
    }
  };
}

/** One insert and one update, each its own transaction: what has to be durable before and after the upstream call. */
function bareRound(sql: Sql): (from: number) => void {
  return (from) => {
    for (let n = from; n < from + perRound; n += 1) {
      sql.transaction(() =>
        sql.exec('INSERT INTO bare (id, amount, note) VALUES (?, ?, ?)', id(n), 700_000_000, 'held'),
      );
      sql.transaction(() =>
        sql.exec('UPDATE bare SET amount = ?, note = ? WHERE id = ?', 13_650_000, 'settled', id(n)),
      );
    }
  };
}

const sql = openNodeSql();
migrate(sql, LEDGER_MIGRATIONS, nowMs);
sql.exec('CREATE TABLE bare (id TEXT PRIMARY KEY, amount INTEGER, note TEXT) WITHOUT ROWID');
const ledger = new Ledger(sql, { nowMs: () => nowMs });
const rounds = { ledger: ledgerRound(ledger), bare: bareRound(sql) };
rounds.ledger(0);
rounds.bare(0);
const speeds: { ledger: Speed[]; bare: Speed[] } = { ledger: [], bare: [] };
for (let round = 1; round <= ROUNDS; round += 1) {
  speeds.ledger.push(measure(rounds.ledger, round * perRound));
  speeds.bare.push(measure(rounds.bare, round * perRound));
}
sql.close();

function summary(list: readonly Speed[]): Speed {
  return { perSecond: median(list.map((one) => one.perSecond)), cpuMicros: median(list.map((one) => one.cpuMicros)) };
}

const ours = summary(speeds.ledger);
const bare = summary(speeds.bare);
console.log(
  JSON.stringify({
    bench: 'ledger',
    what: 'reserve + settle against one bare insert + one bare update, each its own transaction, in-memory SQLite',
    rounds: ROUNDS,
    requestsPerRound: perRound,
    reserveSettlePerSecond: Math.round(ours.perSecond),
    barePerSecond: Math.round(bare.perSecond),
    ratio: Number((ours.perSecond / bare.perSecond).toFixed(3)),
    cpuMicrosPerRequest: Number(ours.cpuMicros.toFixed(1)),
    cpuRatio: Number((bare.cpuMicros / ours.cpuMicros).toFixed(3)),
    budget: { reserveSettlePerSecond: 5000 },
  }),
);
