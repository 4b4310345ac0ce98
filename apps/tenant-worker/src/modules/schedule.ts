/**
 * The assistant's own schedule as far as waking needs it: the next run, mirrored from the gateway while there is one, and
 * the wakes made for it. Owns `schedule`. A wake is written before it happens, with the run it is for: a run that never
 * comes cannot wake the tenant for ever, and another one starts from nothing.
 */
import type { ScheduleFacts } from '../core/lifecycle/awake.ts';
import type { Migration, Sql } from '../ports.ts';

export const SCHEDULE_MIGRATIONS: readonly Migration[] = [
  {
    id: 'schedule/1',
    sql: [
      `CREATE TABLE schedule (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        next_run_at_ms INTEGER,
        mirrored_at_ms INTEGER NOT NULL,
        woken_for_ms INTEGER,
        wakes INTEGER NOT NULL DEFAULT 0,
        last_wake_at_ms INTEGER
      )`,
    ],
  },
];

const orNull = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value));

export class Schedule {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  read(): ScheduleFacts {
    const row = this.#sql.exec('SELECT * FROM schedule WHERE id = 1')[0];
    const nextRunAtMs = orNull(row?.['next_run_at_ms']);
    const same = nextRunAtMs !== null && orNull(row?.['woken_for_ms']) === nextRunAtMs;
    return {
      nextRunAtMs,
      wakes: same ? Number(row?.['wakes'] ?? 0) : 0,
      lastWakeAtMs: same ? orNull(row?.['last_wake_at_ms']) : null,
    };
  }

  /** The gateway, or its disk after it stopped, says when the next run is. One that was due and is not the next any more has begun. */
  mirror(nextRunAtMs: number | null, nowMs: number): 'same' | 'changed' | 'run_begun' {
    const row = this.#sql.exec('SELECT next_run_at_ms FROM schedule WHERE id = 1')[0];
    const beforeMs = orNull(row?.['next_run_at_ms']);
    if (beforeMs === nextRunAtMs) return 'same';
    this.#sql.exec(
      `INSERT INTO schedule (id, next_run_at_ms, mirrored_at_ms) VALUES (1, ?, ?)
       ON CONFLICT (id) DO UPDATE SET next_run_at_ms = excluded.next_run_at_ms, mirrored_at_ms = excluded.mirrored_at_ms`,
      nextRunAtMs,
      nowMs,
    );
    return beforeMs !== null && beforeMs <= nowMs ? 'run_begun' : 'changed';
  }

  /** The intent to wake the tenant for its next run. */
  woken(nowMs: number): void {
    this.#sql.exec(
      `UPDATE schedule SET wakes = CASE WHEN woken_for_ms = next_run_at_ms THEN wakes + 1 ELSE 1 END,
         woken_for_ms = next_run_at_ms, last_wake_at_ms = ? WHERE id = 1`,
      nowMs,
    );
  }
}
