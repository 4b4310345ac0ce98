/**
 * The tenant's AI ledger: reserve before spending, settle once, in integer nano-USD. Owns `ledger_request` (one row per
 * request id, for ever the only one) and `ledger_period` (absolute totals of a UTC month).
 *
 * What must hold, after every call and after a crash between any two:
 * - a period's `spent` is the sum of its settled rows' cost, its `held` the sum of its open rows' hold;
 * - a reservation is granted only if spent + held + hold stays within the cap;
 * - a row that the customer's own key pays for (`byok`) is never charged and never held back by the cap;
 * - a row is charged at most once, and a hold that a crash left behind is neither charged nor dropped by itself: it
 *   becomes `unknown`, stays held and visible, until the second witness settles it or it is written off.
 * Keyed by request id, serialised by the Durable Object; each call is one transaction of at most two row writes.
 */
import type { Receipt } from '../../../control-plane/src/contract/tenant-rpc.ts';
import { periodOf } from '../core/metering/money.ts';
import { inputTokensTotal, type TokenUsage } from '../core/metering/usage.ts';
import type { Clock, Migration, Sql, SqlRow } from '../ports.ts';
import { number, text, textOrNull } from './row.ts';

export const LEDGER_MIGRATIONS: readonly Migration[] = [
  {
    id: 'ledger/1',
    sql: [
      `CREATE TABLE ledger_request (
        request_id TEXT PRIMARY KEY,
        period TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('held', 'unknown', 'settled', 'released')),
        /* What still has to be done with the row: 'open' = settle or release, 'export' = tell the control plane. */
        todo TEXT CHECK (todo IN ('open', 'export')),
        at_ms INTEGER NOT NULL,
        ended_at_ms INTEGER,
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        hold_nano_usd INTEGER NOT NULL,
        cost_nano_usd INTEGER NOT NULL DEFAULT 0,
        input_tokens INTEGER NOT NULL DEFAULT 0,
        output_tokens INTEGER NOT NULL DEFAULT 0,
        cache_read_tokens INTEGER NOT NULL DEFAULT 0,
        cache_write_tokens INTEGER NOT NULL DEFAULT 0,
        outcome TEXT,
        price_version TEXT,
        upstream_id TEXT,
        why TEXT,
        raw_usage TEXT
      ) WITHOUT ROWID`,
      'CREATE INDEX ledger_request_todo ON ledger_request (todo, request_id) WHERE todo IS NOT NULL',
      `CREATE TABLE ledger_period (
        period TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        spent_nano_usd INTEGER NOT NULL,
        held_nano_usd INTEGER NOT NULL,
        requests INTEGER NOT NULL,
        input_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL
      ) WITHOUT ROWID`,
    ],
  },
  {
    id: 'ledger/2',
    sql: [
      'ALTER TABLE ledger_request ADD COLUMN byok INTEGER NOT NULL DEFAULT 0',
      'ALTER TABLE ledger_request ADD COLUMN list_cost_nano_usd INTEGER NOT NULL DEFAULT 0',
    ],
  },
];

export interface Reservation {
  readonly requestId: string;
  readonly holdNanoUsd: number;
  readonly provider: string;
  readonly model: string;
  readonly capNanoUsd: number;
  readonly periodKey: string;
  /** The customer's own key pays for it. */
  readonly byok: boolean;
}

export type Reserved =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'duplicate' }
  | {
      readonly ok: false;
      readonly reason: 'cap_reached';
      readonly spentNanoUsd: number;
      readonly heldNanoUsd: number;
      readonly capNanoUsd: number;
    };

/**
 * `final`: the provider's whole usage, all of it priced. `partial`: what the provider had said before its stream broke.
 * `estimated`: from the second witness, or with something in the usage that the price table does not name.
 */
export type Outcome = 'final' | 'partial' | 'estimated';

export interface Settlement {
  readonly usage: TokenUsage;
  /** By the price table; what is charged, unless the customer's own key paid. */
  readonly costNanoUsd: number;
  readonly outcome: Outcome;
  readonly priceVersion: string;
  readonly upstreamId: string | null;
  readonly rawUsageJson: string | null;
}

export interface PeriodTotal {
  readonly period: string;
  readonly version: number;
  readonly spentNanoUsd: number;
  readonly heldNanoUsd: number;
  /** Charged requests; released ones are not counted. */
  readonly requests: number;
  /** All input, cached or not. */
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** A reservation whose end is not known yet. */
export interface OpenHold {
  readonly requestId: string;
  readonly period: string;
  readonly state: 'held' | 'unknown';
  readonly atMs: number;
  readonly provider: string;
  readonly model: string;
  readonly holdNanoUsd: number;
  readonly byok: boolean;
  readonly why: string | null;
}

/** No stream outlives this: longer than the dispatcher's own bound on one request. */
export const HOLD_AGE_MAX_MS = 30 * 60_000;
/** An unknown hold that no witness explains is let go, uncharged, after this. Longer than a witness is ever late. */
export const UNKNOWN_AGE_MAX_MS = 72 * 3_600_000;
const PAGE_MAX = 200;
const RAW_CHARS_MAX = 2_000;
const WHY_CHARS_MAX = 200;

export class Ledger {
  readonly #sql: Sql;
  readonly #clock: Clock;

  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql;
    this.#clock = clock;
  }

  /** Sets the most a request can cost aside, or refuses. The hold counts until `settle` or `release`. */
  reserve(request: Reservation): Reserved {
    assertAmount(request.holdNanoUsd);
    return this.#sql.transaction(() => {
      if (this.#sql.exec('SELECT 1 FROM ledger_request WHERE request_id = ?', request.requestId).length > 0) {
        return { ok: false, reason: 'duplicate' };
      }
      const period = this.#sql.exec(
        'SELECT spent_nano_usd AS spent, held_nano_usd AS held FROM ledger_period WHERE period = ?',
        request.periodKey,
      )[0];
      const spentNanoUsd = period ? number(period, 'spent') : 0;
      const heldNanoUsd = period ? number(period, 'held') : 0;
      if (!request.byok && spentNanoUsd + heldNanoUsd + request.holdNanoUsd > request.capNanoUsd) {
        return { ok: false, reason: 'cap_reached', spentNanoUsd, heldNanoUsd, capNanoUsd: request.capNanoUsd };
      }
      this.#sql.exec(
        `INSERT INTO ledger_request (request_id, period, state, todo, at_ms, provider, model, hold_nano_usd, byok)
         VALUES (?, ?, 'held', 'open', ?, ?, ?, ?, ?)`,
        request.requestId,
        request.periodKey,
        this.#clock.nowMs(),
        request.provider,
        request.model,
        request.holdNanoUsd,
        request.byok ? 1 : 0,
      );
      this.#sql.exec(
        `INSERT INTO ledger_period VALUES (?, 1, 0, ?, 0, 0, 0) ON CONFLICT (period) DO UPDATE SET
           version = version + 1, held_nano_usd = held_nano_usd + excluded.held_nano_usd`,
        request.periodKey,
        request.holdNanoUsd,
      );
      return { ok: true };
    });
  }

  /** Charges a reserved request, once. What it cost is charged whole, also above the hold or the cap. */
  settle(requestId: string, settlement: Settlement): { charged: boolean } {
    assertAmount(settlement.costNanoUsd);
    const { usage } = settlement;
    return this.#sql.transaction(() => {
      const open = this.#open(requestId);
      if (!open) return { charged: false };
      const costNanoUsd = open.byok ? 0 : settlement.costNanoUsd;
      this.#sql.exec(
        `UPDATE ledger_request SET state = 'settled', todo = 'export', ended_at_ms = ?, cost_nano_usd = ?,
           list_cost_nano_usd = ?, input_tokens = ?, output_tokens = ?, cache_read_tokens = ?, cache_write_tokens = ?,
           outcome = ?, price_version = ?, upstream_id = ?, raw_usage = ?
         WHERE request_id = ?`,
        this.#clock.nowMs(),
        costNanoUsd,
        open.byok ? settlement.costNanoUsd : 0,
        inputTokensTotal(usage),
        usage.output,
        usage.cacheRead,
        usage.cacheWrite5m + usage.cacheWrite1h,
        settlement.outcome,
        settlement.priceVersion,
        settlement.upstreamId,
        settlement.rawUsageJson?.slice(0, RAW_CHARS_MAX) ?? null,
        requestId,
      );
      this.#sql.exec(
        `UPDATE ledger_period SET version = version + 1, requests = requests + 1,
           held_nano_usd = held_nano_usd - ?, spent_nano_usd = spent_nano_usd + ?,
           input_tokens = input_tokens + ?, output_tokens = output_tokens + ? WHERE period = ?`,
        open.holdNanoUsd,
        costNanoUsd,
        inputTokensTotal(usage),
        usage.output,
        open.period,
      );
      return { charged: true };
    });
  }

  /** Lets a reservation go, uncharged: the upstream refused, failed or was never called. */
  release(requestId: string, why: string): { released: boolean } {
    return this.#sql.transaction(() => {
      const open = this.#open(requestId);
      if (!open) return { released: false };
      this.#sql.exec(
        `UPDATE ledger_request SET state = 'released', todo = NULL, ended_at_ms = ?, why = ? WHERE request_id = ?`,
        this.#clock.nowMs(),
        why.slice(0, WHY_CHARS_MAX),
        requestId,
      );
      this.#sql.exec(
        'UPDATE ledger_period SET version = version + 1, held_nano_usd = held_nano_usd - ? WHERE period = ?',
        open.holdNanoUsd,
        open.period,
      );
      return { released: true };
    });
  }

  /** The end of a request is not known (its answer broke off without any usage): keep the hold, show it as pending. */
  markUnknown(requestId: string, why: string): void {
    this.#sql.exec(
      "UPDATE ledger_request SET state = 'unknown', why = ? WHERE request_id = ? AND state = 'held'",
      why.slice(0, WHY_CHARS_MAX),
      requestId,
    );
  }

  /**
   * For the start of the object: no request can be under way, so every hold is one that a crash left behind.
   * Returns how many became `unknown`.
   */
  orphan(): number {
    return this.#sql.exec(
      `UPDATE ledger_request SET state = 'unknown', why = 'interrupted' WHERE todo = 'open' AND state = 'held'
       RETURNING request_id`,
    ).length;
  }

  /** Holds that are older than any stream become `unknown`; unknown ones that nothing explained are written off. */
  expire(nowMs: number): { unknown: number; writtenOff: number } {
    const unknown = this.#sql.exec(
      `UPDATE ledger_request SET state = 'unknown', why = 'expired'
       WHERE todo = 'open' AND state = 'held' AND at_ms <= ? RETURNING request_id`,
      nowMs - HOLD_AGE_MAX_MS,
    ).length;
    const old = this.#sql.exec(
      "SELECT request_id FROM ledger_request WHERE todo = 'open' AND state = 'unknown' AND at_ms <= ? LIMIT ?",
      nowMs - UNKNOWN_AGE_MAX_MS,
      PAGE_MAX,
    );
    for (const row of old) this.release(text(row, 'request_id'), 'written_off');
    return { unknown, writtenOff: old.length };
  }

  /** When `expire` has something to do next, or null. For the object's one alarm. */
  nextExpiryMs(): number | null {
    const rows = this.#sql.exec(
      "SELECT state, min(at_ms) AS at_ms FROM ledger_request WHERE todo = 'open' GROUP BY state",
    );
    const due = rows.map(
      (row) => number(row, 'at_ms') + (row['state'] === 'held' ? HOLD_AGE_MAX_MS : UNKNOWN_AGE_MAX_MS),
    );
    return due.length === 0 ? null : Math.min(...due);
  }

  /** Absolute totals of one UTC month. `version` rises with every change; zeros and version 0 when nothing happened. */
  periodTotal(periodKey: string): PeriodTotal {
    const row = this.#sql.exec('SELECT * FROM ledger_period WHERE period = ?', periodKey)[0];
    return {
      period: periodKey,
      version: row ? number(row, 'version') : 0,
      spentNanoUsd: row ? number(row, 'spent_nano_usd') : 0,
      heldNanoUsd: row ? number(row, 'held_nano_usd') : 0,
      requests: row ? number(row, 'requests') : 0,
      inputTokens: row ? number(row, 'input_tokens') : 0,
      outputTokens: row ? number(row, 'output_tokens') : 0,
    };
  }

  /** Charged requests, newest first. `before` is the `requestId` of the last one of the page before. */
  receipts(page: { limit: number; before: string | null }): Receipt[] {
    const limit = Math.max(1, Math.min(page.limit, PAGE_MAX));
    return this.#sql
      .exec(
        `SELECT * FROM ledger_request WHERE state = 'settled' AND request_id < ? ORDER BY request_id DESC LIMIT ?`,
        page.before ?? '~',
        limit,
      )
      .map(toReceipt);
  }

  /** Reservations whose end is not known yet, oldest first: what a person sees as "pending". */
  pending(limit = PAGE_MAX): OpenHold[] {
    return this.#sql
      .exec(
        "SELECT * FROM ledger_request WHERE todo = 'open' ORDER BY request_id LIMIT ?",
        Math.max(1, Math.min(limit, PAGE_MAX)),
      )
      .map((row) => ({
        requestId: text(row, 'request_id'),
        period: text(row, 'period'),
        state: row['state'] === 'unknown' ? 'unknown' : 'held',
        atMs: number(row, 'at_ms'),
        provider: text(row, 'provider'),
        model: text(row, 'model'),
        holdNanoUsd: number(row, 'hold_nano_usd'),
        byok: row['byok'] === 1,
        why: textOrNull(row, 'why'),
      }));
  }

  /**
   * Receipts that nobody has taken yet, oldest first. Take them and call `exported` in one transaction, so that each
   * goes out once and none is lost.
   */
  pendingExport(limit = PAGE_MAX): Receipt[] {
    return this.#sql
      .exec(
        "SELECT * FROM ledger_request WHERE todo = 'export' ORDER BY request_id LIMIT ?",
        Math.max(1, Math.min(limit, PAGE_MAX)),
      )
      .map(toReceipt);
  }

  exported(requestIds: readonly string[]): void {
    for (const requestId of requestIds) {
      this.#sql.exec("UPDATE ledger_request SET todo = NULL WHERE request_id = ? AND todo = 'export'", requestId);
    }
  }

  /** The period that is open now. */
  currentPeriod(): string {
    return periodOf(this.#clock.nowMs());
  }

  /** The reservation, if its end is not known yet. */
  #open(requestId: string): { period: string; holdNanoUsd: number; byok: boolean } | null {
    const row = this.#sql.exec(
      "SELECT period, hold_nano_usd, byok FROM ledger_request WHERE request_id = ? AND todo = 'open'",
      requestId,
    )[0];
    if (!row) return null;
    return { period: text(row, 'period'), holdNanoUsd: number(row, 'hold_nano_usd'), byok: row['byok'] === 1 };
  }
}

function toReceipt(row: SqlRow): Receipt {
  const outcome = row['outcome'];
  return {
    requestId: text(row, 'request_id'),
    period: text(row, 'period'),
    atMs: number(row, 'at_ms'),
    provider: text(row, 'provider'),
    model: text(row, 'model'),
    inputTokens: number(row, 'input_tokens'),
    outputTokens: number(row, 'output_tokens'),
    cacheReadTokens: number(row, 'cache_read_tokens'),
    cacheWriteTokens: number(row, 'cache_write_tokens'),
    costNanoUsd: number(row, 'cost_nano_usd'),
    byok: row['byok'] === 1,
    listCostNanoUsd: number(row, 'list_cost_nano_usd'),
    outcome: outcome === 'final' || outcome === 'partial' ? outcome : 'estimated',
    priceVersion: text(row, 'price_version'),
    upstreamId: textOrNull(row, 'upstream_id'),
  };
}

function assertAmount(nanoUsd: number): void {
  if (!Number.isSafeInteger(nanoUsd) || nanoUsd < 0)
    throw new RangeError('an amount is not a whole number of nano-USD');
}
