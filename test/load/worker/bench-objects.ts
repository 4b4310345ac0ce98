/** What the metering bench measures beside the product: a relay through an object without a ledger, and the ledger alone. */
import { DurableObject } from 'cloudflare:workers';
import { durableObjectSql } from '../../../apps/tenant-worker/src/adapters/do-sql.ts';
import { noUsage } from '../../../apps/tenant-worker/src/core/metering/usage.ts';
import { Ledger, LEDGER_MIGRATIONS } from '../../../apps/tenant-worker/src/modules/ledger.ts';
import { migrate } from '../../../apps/tenant-worker/src/modules/migrate.ts';
import type { Sql, SqlRow } from '../../../apps/tenant-worker/src/ports.ts';

/** Worker → object → upstream and nothing else. */
export class BareRelay extends DurableObject {
  override async fetch(request: Request): Promise<Response> {
    return relayTo(request);
  }
}

/** Sends a request on to the address in `x-bench-upstream`. */
export async function relayTo(request: Request): Promise<Response> {
  const headers = new Headers(request.headers);
  const to = headers.get('x-bench-upstream') ?? '';
  headers.delete('x-bench-upstream');
  const answer = await fetch(to, { method: 'POST', headers, body: await request.arrayBuffer() });
  return new Response(answer.body, { status: answer.status, headers: answer.headers });
}

export interface LedgerRound {
  readonly what: 'ledger' | 'bare';
  /** Of the first request; the others follow. */
  readonly from: number;
  readonly count: number;
  /** Whether each call waits until it is on disk, as in a request, or all of them together. */
  readonly commit: 'each' | 'together';
}

export interface LedgerWrites {
  readonly reserveStatements: number;
  readonly reserveRows: number;
  readonly settleStatements: number;
  readonly settleRows: number;
}

const nowMs = Date.parse('2026-11-21T00:00:00Z');
const idOf = (n: number): string => `01k${String(n).padStart(23, '0')}`;

/** The ledger in a real object's SQLite, and the least that any ledger must do: one row written, one row changed. */
export class BenchLedger extends DurableObject {
  readonly #sql: Sql;
  readonly #ledger: Ledger;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.#sql = durableObjectSql(ctx.storage);
    migrate(this.#sql, LEDGER_MIGRATIONS, nowMs);
    this.#sql.exec('CREATE TABLE IF NOT EXISTS bare (id TEXT PRIMARY KEY, amount INTEGER, note TEXT) WITHOUT ROWID');
    this.#ledger = new Ledger(this.#sql, { nowMs: () => nowMs });
  }

  async round({ what, from, count, commit }: LedgerRound): Promise<void> {
    const steps = what === 'ledger' ? ledgerSteps(this.#ledger) : bareSteps(this.#sql);
    for (let n = from; n < from + count; n += 1) {
      for (const step of steps) {
        step(idOf(n));
        if (commit === 'each') await this.ctx.storage.sync();
      }
    }
  }

  /** What one request writes: statements that write, and rows as the platform counts them (an index entry is one). */
  async writes(from: number): Promise<LedgerWrites> {
    const counted = { statements: 0, rows: 0 };
    const { storage } = this.ctx;
    const sql: Sql = {
      exec: (query, ...bindings) => {
        const cursor = storage.sql.exec<SqlRow>(query, ...bindings);
        const rows = cursor.toArray();
        counted.rows += cursor.rowsWritten;
        if (cursor.rowsWritten > 0) counted.statements += 1;
        return rows;
      },
      transaction: (fn) => storage.transactionSync(fn),
    };
    const [reserve, settle] = ledgerSteps(new Ledger(sql, { nowMs: () => nowMs }));
    reserve(idOf(from));
    const afterReserve = { ...counted };
    settle(idOf(from));
    return {
      reserveStatements: afterReserve.statements,
      reserveRows: afterReserve.rows,
      settleStatements: counted.statements - afterReserve.statements,
      settleRows: counted.rows - afterReserve.rows,
    };
  }
}

type Steps = readonly [(id: string) => void, (id: string) => void];

function ledgerSteps(ledger: Ledger): Steps {
  const usage = { ...noUsage, input: 1200, cacheRead: 16_000, output: 350 };
  return [
    (requestId) =>
      ledger.reserve({
        requestId,
        holdNanoUsd: 700_000_000,
        provider: 'anthropic',
        model: 'claude-sonnet-4-6',
        capNanoUsd: Number.MAX_SAFE_INTEGER,
        periodKey: '2026-11',
        byok: false,
      }),
    (requestId) =>
      ledger.settle(requestId, {
        usage,
        costNanoUsd: 13_650_000,
        outcome: 'final',
        priceVersion: '2026-11-21',
        upstreamId: 'msg_01',
        rawUsageJson: '{"usage":{"input_tokens":1200,"output_tokens":350}}',
      }),
  ];
}

function bareSteps(sql: Sql): Steps {
  return [
    (id) =>
      sql.transaction(() => {
        sql.exec('INSERT INTO bare (id, amount, note) VALUES (?, ?, ?)', id, 700_000_000, 'held');
      }),
    (id) =>
      sql.transaction(() => {
        sql.exec('UPDATE bare SET amount = ?, note = ? WHERE id = ?', 13_650_000, 'settled', id);
      }),
  ];
}
