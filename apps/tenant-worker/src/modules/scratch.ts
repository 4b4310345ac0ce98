/**
 * Scratch runs and what drills proved, in the tenant's SQLite. Owns `scratch` and `drill`. A row is written before its
 * container is started and closed once, after it is gone: at most one is open. Numbers are never used twice, so the name
 * of a destroyed container is never that of a later one.
 */
import { z } from 'zod';
import type { ScratchOutcome, ScratchPurpose, ScratchRun } from '../core/scratch/run.ts';
import { DrillFailure, ProvenRestore } from '../../../control-plane/src/contract/trials.ts';
import type { Migration, Sql, SqlRow } from '../ports.ts';
import { text, textOrNull } from './row.ts';

export const SCRATCH_MIGRATIONS: readonly Migration[] = [
  {
    id: 'scratch/1',
    sql: [
      `CREATE TABLE scratch (
        n INTEGER PRIMARY KEY AUTOINCREMENT,
        purpose TEXT NOT NULL,
        snapshot_id TEXT NOT NULL,
        release TEXT NOT NULL,
        operation_id TEXT,
        begun_at_ms INTEGER NOT NULL,
        starts INTEGER NOT NULL DEFAULT 0,
        restores INTEGER NOT NULL DEFAULT 0,
        restored_files INTEGER,
        gateway_starts INTEGER NOT NULL DEFAULT 0,
        checks INTEGER NOT NULL DEFAULT 0,
        outcome TEXT,
        destroy_tries INTEGER NOT NULL DEFAULT 0,
        destroy_tried_at_ms INTEGER,
        ended_at_ms INTEGER
      )`,
      'CREATE INDEX scratch_open ON scratch (ended_at_ms) WHERE ended_at_ms IS NULL',
      `CREATE TABLE drill (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        begun_at_ms INTEGER NOT NULL,
        failed INTEGER NOT NULL DEFAULT 0,
        proven TEXT,
        failure TEXT
      )`,
    ],
  },
];

/** Ended runs kept for support. */
const endedKept = 50;

const OutcomeSchema = z.union([
  z.object({
    ok: z.literal(true),
    counts: z.object({ files: z.number(), sessions: z.number().nullable(), cronJobs: z.number().nullable() }),
  }),
  z.object({ ok: z.literal(false), code: z.string(), detail: z.string() }),
]);

export interface DrillRecord {
  readonly begunAtMs: number;
  readonly failed: boolean;
  readonly proven: ProvenRestore | null;
  readonly failure: DrillFailure | null;
}

const orNull = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value));

function toRun(row: SqlRow): ScratchRun {
  const outcome = textOrNull(row, 'outcome');
  return {
    n: Number(row['n']),
    purpose: text(row, 'purpose') as ScratchPurpose,
    snapshotId: text(row, 'snapshot_id'),
    release: text(row, 'release'),
    operationId: textOrNull(row, 'operation_id'),
    begunAtMs: Number(row['begun_at_ms']),
    starts: Number(row['starts']),
    restores: Number(row['restores']),
    restoredFiles: orNull(row['restored_files']),
    gatewayStarts: Number(row['gateway_starts']),
    checks: Number(row['checks']),
    outcome: outcome === null ? null : (OutcomeSchema.parse(JSON.parse(outcome)) as ScratchOutcome),
    destroyTries: Number(row['destroy_tries']),
    destroyTriedAtMs: orNull(row['destroy_tried_at_ms']),
  };
}

/** Steps whose tries are counted. */
export type CountedStep = 'start' | 'restore' | 'start_gateway' | 'check';

const columns = {
  start: 'starts',
  restore: 'restores',
  start_gateway: 'gateway_starts',
  check: 'checks',
} as const satisfies Record<CountedStep, string>;

export class ScratchRuns {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The run that was begun and whose container may still be there, or null. */
  open(): ScratchRun | null {
    const row = this.#sql.exec('SELECT * FROM scratch WHERE ended_at_ms IS NULL ORDER BY n LIMIT 1')[0];
    return row === undefined ? null : toRun(row);
  }

  get(n: number): ScratchRun | null {
    const row = this.#sql.exec('SELECT * FROM scratch WHERE n = ?', n)[0];
    return row === undefined ? null : toRun(row);
  }

  /** Whether an operation was taken over before. */
  knows(operationId: string): boolean {
    return this.#sql.exec('SELECT 1 FROM scratch WHERE operation_id = ? LIMIT 1', operationId).length > 0;
  }

  /** The intent. Throws when one is open. */
  begin(run: Pick<ScratchRun, 'purpose' | 'snapshotId' | 'release' | 'operationId' | 'begunAtMs'>): ScratchRun {
    if (this.open() !== null) throw new Error('invariant broken: a second scratch run beside an open one');
    const row = this.#sql.exec(
      'INSERT INTO scratch (purpose, snapshot_id, release, operation_id, begun_at_ms) VALUES (?, ?, ?, ?, ?) RETURNING *',
      run.purpose,
      run.snapshotId,
      run.release,
      run.operationId,
      run.begunAtMs,
    )[0];
    if (row === undefined) throw new Error('invariant broken: an inserted row is returned');
    const begun = toRun(row);
    this.#sql.exec('DELETE FROM scratch WHERE ended_at_ms IS NOT NULL AND n < ?', begun.n - endedKept);
    if (run.purpose === 'drill') {
      this.#sql.exec(
        `INSERT INTO drill (id, begun_at_ms) VALUES (1, ?)
         ON CONFLICT (id) DO UPDATE SET begun_at_ms = excluded.begun_at_ms`,
        run.begunAtMs,
      );
    }
    return begun;
  }

  /** The intent of one step. */
  tried(n: number, step: CountedStep): void {
    this.#sql.exec(`UPDATE scratch SET ${columns[step]} = ${columns[step]} + 1 WHERE n = ?`, n);
  }

  restored(n: number, files: number): void {
    this.#sql.exec('UPDATE scratch SET restored_files = ? WHERE n = ?', files, n);
  }

  /** What came of it; the first outcome stays. */
  conclude(n: number, outcome: ScratchOutcome): void {
    this.#sql.exec('UPDATE scratch SET outcome = ? WHERE n = ? AND outcome IS NULL', JSON.stringify(outcome), n);
  }

  destroyTried(n: number, nowMs: number): void {
    this.#sql.exec(
      'UPDATE scratch SET destroy_tries = destroy_tries + 1, destroy_tried_at_ms = ? WHERE n = ?',
      nowMs,
      n,
    );
  }

  /** The container is gone. */
  ended(n: number, nowMs: number): void {
    this.#sql.exec('UPDATE scratch SET ended_at_ms = ? WHERE n = ? AND ended_at_ms IS NULL', nowMs, n);
  }

  drill(): DrillRecord | null {
    const row = this.#sql.exec('SELECT * FROM drill WHERE id = 1')[0];
    if (row === undefined) return null;
    const [proven, failure] = [textOrNull(row, 'proven'), textOrNull(row, 'failure')];
    return {
      begunAtMs: Number(row['begun_at_ms']),
      failed: row['failed'] === 1,
      proven: proven === null ? null : ProvenRestore.parse(JSON.parse(proven)),
      failure: failure === null ? null : DrillFailure.parse(JSON.parse(failure)),
    };
  }

  /** A drill proved a snapshot: an earlier failure is over. */
  proven(proven: ProvenRestore): void {
    this.#sql.exec('UPDATE drill SET failed = 0, failure = NULL, proven = ? WHERE id = 1', JSON.stringify(proven));
  }

  /** A drill failed; what was proven before stays proven. */
  drillFailed(failure: DrillFailure): void {
    this.#sql.exec('UPDATE drill SET failed = 1, failure = ? WHERE id = 1', JSON.stringify(failure));
  }
}
