/**
 * The tenant's record, its container runs, its awake time and its last activity, in the tenant's own SQLite. Owns
 * `tenant`, `run`, `awake_size` and `activity`. A run row is written before its container is started (intent) and closed once,
 * after it is gone. Awake time is what was seen, added up: it never falls, whatever the clock does.
 */
import { RestartSettings } from '../../../control-plane/src/contract/tenant-rpc.ts';
import { defaultSizeKey } from '../../../control-plane/src/contract/usage-totals.ts';
import type { OpenRun, RunFacts } from '../core/lifecycle/plan.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import { assertRecord, parseRecord } from '../core/lifecycle/record.ts';
import { awakeGapMaxMs, lastTriesMax, rescueTriesMax } from '../core/limits.ts';
import type { Migration, Sql, SqlRow } from '../ports.ts';
import { text } from './row.ts';

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
  {
    id: 'tenant/2',
    sql: [
      'ALTER TABLE run ADD COLUMN starts_since_ready INTEGER NOT NULL DEFAULT 0',
      'ALTER TABLE run ADD COLUMN restores INTEGER NOT NULL DEFAULT 0',
      'ALTER TABLE run ADD COLUMN unreachable_tries INTEGER NOT NULL DEFAULT 0',
      'ALTER TABLE run ADD COLUMN stop_tries INTEGER NOT NULL DEFAULT 0',
      'ALTER TABLE run ADD COLUMN tried_at_ms INTEGER',
      'ALTER TABLE run ADD COLUMN destroy_tries INTEGER NOT NULL DEFAULT 0',
      'ALTER TABLE run ADD COLUMN destroy_tried_at_ms INTEGER',
      'ALTER TABLE run ADD COLUMN seen_at_ms INTEGER',
      'CREATE TABLE awake (day_start_ms INTEGER PRIMARY KEY, ms INTEGER NOT NULL)',
      `CREATE TABLE activity (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        last_activity_at_ms INTEGER NOT NULL,
        dirty_at_ms INTEGER
      )`,
    ],
  },
  {
    id: 'tenant/3',
    sql: ["ALTER TABLE run ADD COLUMN settings TEXT NOT NULL DEFAULT 'current'"],
  },
  {
    // Until here every run was of the one size there was.
    id: 'tenant/4',
    sql: [
      "ALTER TABLE run ADD COLUMN size TEXT NOT NULL DEFAULT '1-3072-4000'",
      `CREATE TABLE awake_size (
        day_start_ms INTEGER NOT NULL,
        size TEXT NOT NULL,
        ms INTEGER NOT NULL,
        PRIMARY KEY (day_start_ms, size)
      ) WITHOUT ROWID`,
      "INSERT INTO awake_size SELECT day_start_ms, '1-3072-4000', ms FROM awake",
      'DROP TABLE awake',
    ],
  },
  {
    id: 'tenant/5',
    sql: ['ALTER TABLE run ADD COLUMN last_tries_left INTEGER'],
  },
];

/** Ended runs kept for support. */
const endedRunsKept = 200;
const dayMs = 86_400_000;

export interface Run extends RunFacts, OpenRun {
  readonly release: string;
  readonly readyAtMs: number | null;
  readonly endedAtMs: number | null;
}

export interface Activity {
  readonly lastActivityAtMs: number;
  readonly dirtyAtMs: number | null;
}

const orNull = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value));

function toRun(row: SqlRow): Run {
  return {
    incarnation: Number(row['incarnation']),
    release: text(row, 'release'),
    startedAtMs: orNull(row['started_at_ms']),
    gatewayAskedAtMs: orNull(row['gateway_asked_at_ms']),
    startsSinceReady: Number(row['starts_since_ready']),
    lostInPlace: Number(row['lost_in_place']),
    restores: Number(row['restores']),
    settings: RestartSettings.parse(row['settings']),
    readyAtMs: orNull(row['ready_at_ms']),
    endedAtMs: orNull(row['ended_at_ms']),
    unsaved: row['unsaved'] === 1,
    unreachableTries: Number(row['unreachable_tries']),
    stopTries: Number(row['stop_tries']),
    rescueTries: Number(row['rescue_attempts']),
    triedAtMs: orNull(row['tried_at_ms']),
    lastTriesLeft: orNull(row['last_tries_left']),
    destroyTries: Number(row['destroy_tries']),
    destroyTriedAtMs: orNull(row['destroy_tried_at_ms']),
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
    return row === undefined ? null : parseRecord(text(row, 'record'));
  }

  /** Saves the record whole, one version on. Throws, and writes nothing, when it could not be read back. */
  write(record: TenantRecord): TenantRecord {
    const next = { ...record, version: record.version + 1 };
    assertRecord(next);
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

  /** The intent to start a container of a size; repeated, it changes nothing. */
  beginRun(incarnation: number, release: string, nowMs: number, size: string = defaultSizeKey): void {
    this.#sql.exec(
      'INSERT INTO run (incarnation, release, started_at_ms, size) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      incarnation,
      release,
      nowMs,
      size,
    );
    this.#sql.exec('DELETE FROM run WHERE ended_at_ms IS NOT NULL AND incarnation < ?', incarnation - endedRunsKept);
  }

  /** The intent to start a gateway: from here on the container's disk may hold what no snapshot has. */
  gatewayAsked(incarnation: number, nowMs: number, settings: RestartSettings = 'current'): void {
    this.#sql.exec(
      `UPDATE run SET gateway_asked_at_ms = ?, gateway_starts = gateway_starts + 1,
         starts_since_ready = starts_since_ready + 1, stop_tries = 0, unsaved = 1, settings = ?
       WHERE incarnation = ?`,
      nowMs,
      settings,
      incarnation,
    );
  }

  gatewayReady(incarnation: number, nowMs: number): void {
    this.#sql.exec(
      `UPDATE run SET ready_at_ms = coalesce(ready_at_ms, ?), seen_at_ms = ?, starts_since_ready = 0,
         unreachable_tries = 0, stop_tries = 0, rescue_attempts = 0, tried_at_ms = NULL
       WHERE incarnation = ?`,
      nowMs,
      nowMs,
      incarnation,
    );
  }

  /** The gateway answered: the time since it was last seen counts as awake, of the run's size, within `awakeGapMaxMs`. */
  gatewaySeen(incarnation: number, nowMs: number): void {
    const run = this.#sql.exec('SELECT seen_at_ms, size FROM run WHERE incarnation = ?', incarnation)[0];
    const seenAtMs = orNull(run?.['seen_at_ms']);
    this.#sql.exec('UPDATE run SET seen_at_ms = ? WHERE incarnation = ?', nowMs, incarnation);
    if (run === undefined || seenAtMs === null || seenAtMs >= nowMs) return;
    const size = text(run, 'size');
    let fromMs = Math.max(seenAtMs, nowMs - awakeGapMaxMs);
    while (fromMs < nowMs) {
      const dayStartMs = fromMs - (fromMs % dayMs);
      const untilMs = Math.min(nowMs, dayStartMs + dayMs);
      this.#sql.exec(
        `INSERT INTO awake_size (day_start_ms, size, ms) VALUES (?, ?, ?)
         ON CONFLICT (day_start_ms, size) DO UPDATE SET ms = ms + excluded.ms`,
        dayStartMs,
        size,
        untilMs - fromMs,
      );
      fromMs = untilMs;
    }
  }

  /** When the gateway of a run last answered well; null when it never did, or that is no longer known. */
  lastSeenOkAtMs(incarnation: number): number | null {
    const row = this.#sql.exec('SELECT seen_at_ms FROM run WHERE incarnation = ?', incarnation)[0];
    return orNull(row?.['seen_at_ms']);
  }

  /** The gateway is gone since nobody knows when: time goes on counting when it is ready again. */
  gatewayLost(incarnation: number): void {
    this.#sql.exec(
      'UPDATE run SET lost_in_place = lost_in_place + 1, seen_at_ms = NULL WHERE incarnation = ?',
      incarnation,
    );
  }

  /** A ready gateway that stayed up clears the count, so that rare losses far apart do not add up. */
  gatewayProven(incarnation: number): void {
    this.#sql.exec('UPDATE run SET lost_in_place = 0 WHERE incarnation = ? AND lost_in_place > 0', incarnation);
  }

  /** The intent to restore into the run's container. */
  restoreTried(incarnation: number): void {
    this.#sql.exec('UPDATE run SET restores = restores + 1 WHERE incarnation = ?', incarnation);
  }

  /** The disk, its gateway stopped, is in a complete snapshot. */
  saved(incarnation: number): void {
    this.#sql.exec('UPDATE run SET unsaved = 0 WHERE incarnation = ?', incarnation);
  }

  /** The intent to stop a gateway. One may have run until now, so what was saved before is not all. */
  stopTried(incarnation: number): void {
    this.#sql.exec('UPDATE run SET stop_tries = stop_tries + 1, unsaved = 1 WHERE incarnation = ?', incarnation);
  }

  /** The run had to be saved and did not answer. */
  unreachable(incarnation: number, nowMs: number): void {
    this.#sql.exec(
      'UPDATE run SET unreachable_tries = unreachable_tries + 1, tried_at_ms = ? WHERE incarnation = ?',
      nowMs,
      incarnation,
    );
  }

  /** The run answers: silences apart from each other do not add up. */
  reachable(incarnation: number): void {
    this.#sql.exec('UPDATE run SET unreachable_tries = 0 WHERE incarnation = ? AND unreachable_tries > 0', incarnation);
  }

  /** The intent to save an older run. */
  rescueTried(incarnation: number, nowMs: number): void {
    this.#sql.exec(
      `UPDATE run SET rescue_attempts = rescue_attempts + 1, tried_at_ms = ?, last_tries_left = max(last_tries_left - 1, 0)
       WHERE incarnation = ?`,
      nowMs,
      incarnation,
    );
  }

  /** A person decided to go on without what could not be saved: the last tries, the first of them now. Returns the runs it concerns. */
  allowLastTries(): number[] {
    const rows = this.#sql.exec(
      `UPDATE run SET last_tries_left = ?, tried_at_ms = NULL
       WHERE ended_at_ms IS NULL AND unsaved = 1 AND rescue_attempts >= ? RETURNING incarnation`,
      lastTriesMax,
      rescueTriesMax,
    );
    return rows.map((row) => Number(row['incarnation']));
  }

  /** The intent to destroy the run's container. */
  destroyTried(incarnation: number, nowMs: number): void {
    this.#sql.exec(
      'UPDATE run SET destroy_tries = destroy_tries + 1, destroy_tried_at_ms = ? WHERE incarnation = ?',
      nowMs,
      incarnation,
    );
  }

  endRun(incarnation: number, reason: string, nowMs: number): void {
    this.#sql.exec(
      'UPDATE run SET ended_at_ms = ?, end_reason = ? WHERE incarnation = ? AND ended_at_ms IS NULL',
      nowMs,
      reason.slice(0, 200),
      incarnation,
    );
  }

  /** Milliseconds that gateways were seen up on the UTC days that begin within [fromMs, toMs). */
  awakeMs(fromMs: number, toMs: number): number {
    return Object.values(this.awakeMsBySize(fromMs, toMs)).reduce((sum, ms) => sum + ms, 0);
  }

  /** The same by instance size (`sizeKeyOf`). */
  awakeMsBySize(fromMs: number, toMs: number): Record<string, number> {
    const rows = this.#sql.exec(
      'SELECT size, sum(ms) AS total FROM awake_size WHERE day_start_ms >= ? AND day_start_ms < ? GROUP BY size',
      fromMs,
      toMs,
    );
    return Object.fromEntries(rows.map((row) => [text(row, 'size'), Number(row['total'])]));
  }

  /** What is stored of the last activity, or null when there was none. */
  activity(): Activity | null {
    const row = this.#sql.exec('SELECT last_activity_at_ms, dirty_at_ms FROM activity WHERE id = 1')[0];
    if (row === undefined) return null;
    return { lastActivityAtMs: Number(row['last_activity_at_ms']), dirtyAtMs: orNull(row['dirty_at_ms']) };
  }

  writeActivity({ lastActivityAtMs, dirtyAtMs }: Activity): void {
    this.#sql.exec(
      `INSERT INTO activity (id, last_activity_at_ms, dirty_at_ms) VALUES (1, ?, ?)
       ON CONFLICT (id) DO UPDATE SET last_activity_at_ms = excluded.last_activity_at_ms, dirty_at_ms = excluded.dirty_at_ms`,
      lastActivityAtMs,
      dirtyAtMs,
    );
  }
}
