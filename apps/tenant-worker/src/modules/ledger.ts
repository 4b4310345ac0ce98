/**
 * The tenant's AI ledger: reserve before spending, settle once, in integer nano-USD. Owns `ledger_request` (one row per
 * request id, for ever the only one), `ledger_period` (absolute totals of a UTC month) and, by `LedgerDays`, the totals of
 * each day and model.
 *
 * What must hold, after every call and after a crash between any two:
 * - a period's `spent` is the sum of its settled rows' cost, its `held` the sum of its open rows' hold; a day's and a
 *   model's likewise, of the rows that the platform pays;
 * - a reservation is granted only if spent + held + hold stays within every budget it counts against;
 * - a row that the customer's own key pays for (`byok`) is never charged and never held back by the cap;
 * - a row is charged at most once, and a hold that a crash left behind is neither charged nor dropped by itself: it
 *   becomes `unknown`, stays held and visible, until the second witness settles it or it is written off.
 * Keyed by request id, serialised by the Durable Object; each call is one transaction of at most three row writes (two
 * for a request that the customer's own key pays).
 */
import type { Receipt, TurnPart } from '../../../control-plane/src/contract/receipt.ts';
import type { BudgetUse, SpendBudgets, SpendPause } from '../../../control-plane/src/contract/budgets.ts';
import { budgetsFor, judgeSpend, opensAtMs, type Budget } from '../core/metering/budget.ts';
import { periodOf } from '../core/metering/money.ts';
import { inputTokensTotal, type TokenUsage } from '../core/metering/usage.ts';
import type { Clock, Sql } from '../ports.ts';
import { LedgerDays } from './ledger-days.ts';
import { toOpenHold, toReceipt, type OpenHold } from './ledger-rows.ts';
import { number, text } from './row.ts';

export { LEDGER_MIGRATIONS } from './ledger-schema.ts';

export interface Reservation {
  readonly requestId: string;
  readonly holdNanoUsd: number;
  readonly provider: string;
  readonly model: string;
  /** Of the month. */
  readonly capNanoUsd: number;
  readonly budgets?: SpendBudgets | undefined;
  readonly periodKey: string;
  /** The customer's own key pays for it. */
  readonly byok: boolean;
  /** `provider/model` as it is priced, by which it counts; as it was asked for when left out. */
  readonly modelKey?: string;
  /** The same for the same body. */
  readonly bodyHash?: number;
  /** Which attempt of a turn it is; none for a first one of the model that was asked for. */
  readonly part?: TurnPart | null;
}

export type Reserved =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'duplicate' }
  | {
      readonly ok: false;
      readonly reason: 'budget_reached';
      readonly refused: BudgetUse;
      /** What is left for a shorter answer. */
      readonly leftNanoUsd: number;
    }
  /** By the fuse, which stands before the ledger (`SpendGuard`). */
  | { readonly ok: false; readonly reason: 'paused'; readonly pause: SpendPause };

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

/** No stream outlives this: longer than the dispatcher's own bound on one request. */
export const HOLD_AGE_MAX_MS = 30 * 60_000;
/**
 * An unknown hold is let go, uncharged, after this, when there is no witness or it could not be asked (one that can decides
 * within hours: `NO_RECORD_AFTER_MS`). Long enough for a weekend in which the gateway's log cannot be read.
 */
export const UNKNOWN_AGE_MAX_MS = 72 * 3_600_000;
const PAGE_MAX = 200;
const RAW_CHARS_MAX = 2_000;
const WHY_CHARS_MAX = 200;

interface ChargedRow {
  readonly hash: number;
  readonly atMs: number;
}

export class Ledger {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #days: LedgerDays;

  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql;
    this.#clock = clock;
    this.#days = new LedgerDays(sql);
  }

  /** Sets the most a request can cost aside, or refuses. The hold counts until `settle` or `release`. */
  reserve(request: Reservation): Reserved {
    assertAmount(request.holdNanoUsd);
    const { requestId, holdNanoUsd, provider, model, modelKey = `${provider}/${model}`, byok } = request;
    return this.#sql.transaction(() => {
      if (this.#sql.exec('SELECT 1 FROM ledger_request WHERE request_id = ?', requestId).length > 0) {
        return { ok: false, reason: 'duplicate' };
      }
      const nowMs = this.#clock.nowMs();
      if (!byok) {
        const uses = this.#uses(budgetsFor(request, modelKey, nowMs), request.periodKey, nowMs);
        const verdict = judgeSpend(uses, holdNanoUsd);
        if (!verdict.ok) return { ...verdict, reason: 'budget_reached' };
      }
      this.#sql.exec(
        `INSERT INTO ledger_request
           (request_id, period, state, todo, at_ms, provider, model, model_key, body_hash, hold_nano_usd, byok,
            turn, attempt, asked, after_why)
         VALUES (?, ?, 'held', 'open', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        requestId,
        request.periodKey,
        nowMs,
        provider,
        model,
        modelKey,
        request.bodyHash ?? null,
        holdNanoUsd,
        byok ? 1 : 0,
        request.part?.turn ?? null,
        request.part?.attempt ?? null,
        request.part?.asked ?? null,
        request.part?.after ?? null,
      );
      this.#sql.exec(
        `INSERT INTO ledger_period VALUES (?, 1, 0, ?, 0, 0, 0) ON CONFLICT (period) DO UPDATE SET
           version = version + 1, held_nano_usd = held_nano_usd + excluded.held_nano_usd`,
        request.periodKey,
        holdNanoUsd,
      );
      if (!byok) this.#days.hold({ atMs: nowMs, modelKey }, holdNanoUsd);
      return { ok: true };
    });
  }

  /** What counts against each of these budgets now. */
  uses(budgets: readonly Budget[]): BudgetUse[] {
    return this.#uses(budgets, this.currentPeriod(), this.#clock.nowMs());
  }

  #uses(budgets: readonly Budget[], period: string, nowMs: number): BudgetUse[] {
    const month = this.periodTotal(period);
    return budgets.map(({ name, capNanoUsd }) => {
      // The organisation's share is told as an end of this assistant's own month.
      const { spentNanoUsd, heldNanoUsd } =
        name.kind === 'day'
          ? this.#days.ofDay(nowMs)
          : name.kind === 'model'
            ? this.#days.ofModel(period, name.model)
            : month;
      return { name, capNanoUsd, spentNanoUsd, heldNanoUsd, opensAtMs: opensAtMs(name, nowMs) };
    });
  }

  /** What was charged in each hour that is younger than `fromMs`, by the hour's beginning. */
  hoursCharged(fromMs: number): ReadonlyMap<number, number> {
    return this.#days.hours(fromMs);
  }

  /** Bodies that the platform paid for, newest first: of these requests, or of the last `limit`. */
  bodiesCharged(of: { readonly requestIds: readonly string[] } | { readonly limit: number }): ChargedRow[] {
    const paid = "FROM ledger_request WHERE state = 'settled' AND byok = 0 AND body_hash IS NOT NULL";
    const rows =
      'limit' in of
        ? this.#sql.exec(`SELECT body_hash, ended_at_ms ${paid} ORDER BY request_id DESC LIMIT ?`, of.limit)
        : of.requestIds.flatMap((id) => this.#sql.exec(`SELECT body_hash, ended_at_ms ${paid} AND request_id = ?`, id));
    return rows.map((row) => ({ hash: number(row, 'body_hash'), atMs: number(row, 'ended_at_ms') }));
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
      if (!open.byok) this.#days.settle(open, costNanoUsd);
      return { charged: true };
    });
  }

  /** Lets a reservation go, uncharged: the upstream refused, failed or was never called. Its receipt says so. */
  release(requestId: string, why: string): { released: boolean } {
    return this.#sql.transaction(() => {
      const open = this.#open(requestId);
      if (!open) return { released: false };
      this.#sql.exec(
        `UPDATE ledger_request SET state = 'released', todo = 'export', ended_at_ms = ?, why = ? WHERE request_id = ?`,
        this.#clock.nowMs(),
        why.slice(0, WHY_CHARS_MAX),
        requestId,
      );
      this.#sql.exec(
        'UPDATE ledger_period SET version = version + 1, held_nano_usd = held_nano_usd - ? WHERE period = ?',
        open.holdNanoUsd,
        open.period,
      );
      if (!open.byok) this.#days.release(open);
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

  /** Charged requests, newest first, and with `failed` those that came to nothing. `before` is the `requestId` of the last one of the page before. */
  receipts(page: { limit: number; before: string | null; failed?: boolean }): Receipt[] {
    const limit = Math.max(1, Math.min(page.limit, PAGE_MAX));
    return this.#sql
      .exec(
        `SELECT * FROM ledger_request WHERE state IN ('settled', ?) AND request_id < ?
         ORDER BY request_id DESC LIMIT ?`,
        page.failed === true ? 'released' : 'settled',
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
      .map(toOpenHold);
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
  #open(requestId: string): OpenRow | null {
    const row = this.#sql.exec(
      "SELECT period, at_ms, model_key, hold_nano_usd, byok FROM ledger_request WHERE request_id = ? AND todo = 'open'",
      requestId,
    )[0];
    if (!row) return null;
    return {
      period: text(row, 'period'),
      atMs: number(row, 'at_ms'),
      modelKey: text(row, 'model_key'),
      holdNanoUsd: number(row, 'hold_nano_usd'),
      byok: row['byok'] === 1,
    };
  }
}

interface OpenRow {
  readonly period: string;
  readonly atMs: number;
  readonly modelKey: string;
  readonly holdNanoUsd: number;
  readonly byok: boolean;
}

function assertAmount(nanoUsd: number): void {
  if (!Number.isSafeInteger(nanoUsd) || nanoUsd < 0)
    throw new RangeError('an amount is not a whole number of nano-USD');
}
