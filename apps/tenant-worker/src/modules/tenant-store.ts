/**
 * The tenant's record and its container runs, in the tenant's own SQLite. Owns `tenant` and `run`.
 * A run row is written before its container is started (intent) and closed after it is gone.
 */
import type { OpenRun, RunFacts } from '../core/lifecycle/plan.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import { parseRecord } from '../core/lifecycle/record.ts';
import type { Migration, Sql, SqlRow } from '../ports.ts';

export const TENANT_MIGRATIONS: readonly Migration[] = [
  {
    id: 'tenant/1',
    sql: [
      'CREATE TABLE tenant (id INTEGER PRIMARY KEY CHECK (id = 1), record TEXT NOT NULL)',
      `CREATE TABLE run (
        incarnation INTEGER PRIMARY KEY,
        release TEXT NOT NULL,
        started_at_ms INTEGER NOT NULL,
        gateway_asked_at_ms INTEGER,
        gateway_starts INTEGER NOT NULL DEFAULT 0,
        lost_in_place INTEGER NOT NULL DEFAULT 0,
        ready_at_ms INTEGER,
        unsaved INTEGER NOT NULL DEFAULT 0,
        rescue_attempts INTEGER NOT NULL DEFAULT 0,
        ended_at_ms INTEGER,
        end_reason TEXT
      )`,
      'CREATE INDEX run_open ON run (ended_at_ms) WHERE ended_at_ms IS NULL',
    ],
  },
];

export interface Run extends RunFacts, OpenRun {
  readonly release: string;
  readonly readyAtMs: number | null;
}

const orNull = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value));

function toRun(row: SqlRow): Run {
  return {
    incarnation: Number(row['incarnation']),
    release: String(row['release']),
    startedAtMs: orNull(row['started_at_ms']),
    gatewayAskedAtMs: orNull(row['gateway_asked_at_ms']),
    gatewayStarts: Number(row['gateway_starts']),
    lostInPlace: Number(row['lost_in_place']),
    readyAtMs: orNull(row['ready_at_ms']),
    unsaved: row['unsaved'] === 1,
    rescueAttempts: Number(row['rescue_attempts']),
  };
}

export class TenantStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** @throws UnreadableRecord when a record is there and cannot be read */
  read(): TenantRecord | null {
    const row = this.#sql.exec('SELECT record FROM tenant WHERE id = 1')[0];
    return row === undefined ? null : parseRecord(String(row['record']));
  }

  /** Saves the record whole, one version on. */
  write(record: TenantRecord): TenantRecord {
    const next = { ...record, version: record.version + 1 };
    this.#sql.exec(
      'INSERT INTO tenant (id, record) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record',
      JSON.stringify(next),
    );
    return next;
  }

  run(incarnation: number): Run | null {
    const row = this.#sql.exec('SELECT * FROM run WHERE incarnation = ?', incarnation)[0];
    return row === undefined ? null : toRun(row);
  }

  openRuns(): Run[] {
    return this.#sql.exec('SELECT * FROM run WHERE ended_at_ms IS NULL ORDER BY incarnation LIMIT 50').map(toRun);
  }

  /** The intent to start a container; repeated, it changes nothing. */
  beginRun(incarnation: number, release: string, nowMs: number): void {
    this.#sql.exec(
      'INSERT INTO run (incarnation, release, started_at_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      incarnation,
      release,
      nowMs,
    );
  }

  /** The intent to start a gateway: from here on the container's disk may hold what no snapshot has. */
  gatewayAsked(incarnation: number, nowMs: number): void {
    this.#sql.exec(
      'UPDATE run SET gateway_asked_at_ms = ?, gateway_starts = gateway_starts + 1, unsaved = 1 WHERE incarnation = ?',
      nowMs,
      incarnation,
    );
  }

  gatewayReady(incarnation: number, nowMs: number): void {
    this.#sql.exec('UPDATE run SET ready_at_ms = coalesce(ready_at_ms, ?) WHERE incarnation = ?', nowMs, incarnation);
  }

  gatewayLost(incarnation: number): void {
    this.#sql.exec('UPDATE run SET lost_in_place = lost_in_place + 1 WHERE incarnation = ?', incarnation);
  }

  /** A ready gateway that stayed up clears the count, so that rare losses far apart do not add up. */
  gatewayProven(incarnation: number): void {
    this.#sql.exec('UPDATE run SET lost_in_place = 0 WHERE incarnation = ? AND lost_in_place > 0', incarnation);
  }

  saved(incarnation: number): void {
    this.#sql.exec('UPDATE run SET unsaved = 0 WHERE incarnation = ?', incarnation);
  }

  rescueTried(incarnation: number): void {
    this.#sql.exec('UPDATE run SET rescue_attempts = rescue_attempts + 1 WHERE incarnation = ?', incarnation);
  }

  endRun(incarnation: number, reason: string, nowMs: number): void {
    this.#sql.exec(
      'UPDATE run SET ended_at_ms = ?, end_reason = ? WHERE incarnation = ? AND ended_at_ms IS NULL',
      nowMs,
      reason.slice(0, 200),
      incarnation,
    );
  }

  /**
   * Milliseconds that gateways were up within [fromMs, toMs), for the meter of awake time. Runs still open count to `nowMs`.
   */
  awakeMs(fromMs: number, toMs: number, nowMs: number): number {
    const row = this.#sql.exec(
      `SELECT coalesce(sum(max(0, min(coalesce(ended_at_ms, ?), ?) - max(ready_at_ms, ?))), 0) AS total
       FROM run WHERE ready_at_ms IS NOT NULL AND ready_at_ms < ? AND coalesce(ended_at_ms, ?) > ?`,
      nowMs,
      toMs,
      fromMs,
      toMs,
      nowMs,
      fromMs,
    )[0];
    return Number(row?.['total'] ?? 0);
  }
}
