/**
 * Events on their way to the control plane. Owns `outbox`. A row stays until the control plane says that it applied it;
 * an unacknowledged row is sent again. Reports and operations are absolute, so only the newest of each waits; receipts
 * are immutable and each waits for itself.
 */
import type { TenantEvent } from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { Migration, Sql } from '../ports.ts';
import { text } from './row.ts';

export const OUTBOX_MIGRATIONS: readonly Migration[] = [
  {
    id: 'outbox/1',
    sql: [
      `CREATE TABLE outbox (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        at_ms INTEGER NOT NULL,
        body TEXT NOT NULL,
        due_at_ms INTEGER NOT NULL,
        sends INTEGER NOT NULL DEFAULT 0
      )`,
      'CREATE INDEX outbox_due ON outbox (due_at_ms)',
    ],
  },
];

/** An unacknowledged event is sent again after this, doubling to the maximum. */
const resendFirstMs = 60_000;
const resendMaxMs = 3_600_000;
/** One that could not be sent at all, sooner. */
const returnedFirstMs = 5_000;
const batchMax = 50;

/** Everything of an event but what the outbox adds. */
export type OutboxBody = TenantEvent extends infer E
  ? E extends TenantEvent
    ? Omit<E, 'v' | 'seq' | 'atMs'>
    : never
  : never;

export class Outbox {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /**
   * Adds an event, replacing an unacknowledged one of the same key (a newer absolute statement). The new row has a new
   * sequence number, so an acknowledgement of the replaced one does not reach it.
   */
  put(key: string, body: OutboxBody, nowMs: number): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO outbox (key, at_ms, body, due_at_ms) VALUES (?, ?, ?, ?)',
      key,
      nowMs,
      JSON.stringify(body),
      nowMs,
    );
  }

  /** Takes what is due, at most one batch, and schedules each row's next try before it is sent. */
  take(nowMs: number): TenantEvent[] {
    // A row due later than any row can be was put off before the clock was set back.
    const rows = this.#sql.exec(
      'SELECT * FROM outbox WHERE due_at_ms <= ? OR due_at_ms > ? ORDER BY seq LIMIT ?',
      nowMs,
      nowMs + resendMaxMs,
      batchMax,
    );
    return rows.map((row) => {
      const sends = Number(row['sends']);
      const delayMs = Math.min(resendFirstMs * 2 ** Math.min(sends, 20), resendMaxMs);
      this.#sql.exec(
        'UPDATE outbox SET sends = sends + 1, due_at_ms = ? WHERE seq = ?',
        nowMs + delayMs,
        Number(row['seq']),
      );
      // The body was typed when it was put; it is parsed again by the consumer.
      const body = JSON.parse(text(row, 'body')) as OutboxBody;
      return { v: 1, seq: Number(row['seq']), atMs: Number(row['at_ms']), ...body };
    });
  }

  /** Sending failed: these are due again after a pause that doubles with every try. */
  returned(seqs: readonly number[], nowMs: number): void {
    for (const seq of seqs) {
      this.#sql.exec(
        'UPDATE outbox SET due_at_ms = ? + min(? * (1 << min(max(sends - 1, 0), 20)), ?) WHERE seq = ?',
        nowMs,
        returnedFirstMs,
        resendMaxMs,
        seq,
      );
    }
  }

  /** Returns how many still wait. Sequence numbers that are not there change nothing. */
  acknowledge(seqs: readonly number[]): number {
    for (const seq of seqs.slice(0, 500)) this.#sql.exec('DELETE FROM outbox WHERE seq = ?', seq);
    return Number(this.#sql.exec('SELECT count(*) AS n FROM outbox')[0]?.['n'] ?? 0);
  }

  /**
   * The control plane was heard of. What was sent more than once in vain is due now, and its pauses begin anew: after an
   * outage everything goes out at once in the order of its numbers, and one that is refused for itself is hurried at
   * most once in a first pause. Returns whether there is any.
   */
  hurry(nowMs: number): boolean {
    const waiting = 'sends >= 2 AND due_at_ms > ?';
    const found = Number(this.#sql.exec(`SELECT count(*) AS n FROM outbox WHERE ${waiting}`, nowMs)[0]?.['n'] ?? 0);
    if (found > 0) this.#sql.exec(`UPDATE outbox SET due_at_ms = ?, sends = 0 WHERE ${waiting}`, nowMs, nowMs);
    return found > 0;
  }

  /** When the first row is due, or null when none waits. Never further away than the longest delay. */
  nextDueMs(nowMs: number): number | null {
    const due = this.#sql.exec('SELECT min(due_at_ms) AS due FROM outbox')[0]?.['due'];
    return due === null || due === undefined ? null : Math.min(Number(due), nowMs + resendMaxMs);
  }
}
