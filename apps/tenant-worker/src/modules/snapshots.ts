/**
 * The index of a tenant's snapshots. Owns `snapshot`. A row is written before the data (intent) and becomes `complete`
 * only after the data was read back and its manifest stored. Only complete rows are ever restored. One that turned out to
 * be unreadable is passed over and kept; the newest that can be read is never removed.
 */
import { unreadableMax } from '../core/limits.ts';
import type { Migration, Sql, SqlRow } from '../ports.ts';
import { text, textOrNull } from './row.ts';

export const SNAPSHOT_MIGRATIONS: readonly Migration[] = [
  {
    id: 'snapshot/1',
    sql: [
      `CREATE TABLE snapshot (
        id TEXT PRIMARY KEY,
        incarnation INTEGER NOT NULL,
        release TEXT NOT NULL,
        why TEXT NOT NULL,
        begun_at_ms INTEGER NOT NULL,
        complete INTEGER NOT NULL DEFAULT 0,
        completed_at_ms INTEGER,
        bytes INTEGER,
        sha256 TEXT,
        files INTEGER
      )`,
      'CREATE INDEX snapshot_newest ON snapshot (complete, id)',
    ],
  },
  {
    // Order is the order in which they were begun. An id begins with a time, and clocks are set back.
    id: 'snapshot/2',
    sql: [
      `CREATE TABLE snapshot_2 (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        incarnation INTEGER NOT NULL,
        release TEXT NOT NULL,
        why TEXT NOT NULL,
        begun_at_ms INTEGER NOT NULL,
        complete INTEGER NOT NULL DEFAULT 0,
        completed_at_ms INTEGER,
        bytes INTEGER,
        sha256 TEXT,
        files INTEGER,
        unreadable INTEGER NOT NULL DEFAULT 0
      )`,
      `INSERT INTO snapshot_2 (id, incarnation, release, why, begun_at_ms, complete, completed_at_ms, bytes, sha256, files)
       SELECT id, incarnation, release, why, begun_at_ms, complete, completed_at_ms, bytes, sha256, files
       FROM snapshot ORDER BY id`,
      'DROP TABLE snapshot',
      'ALTER TABLE snapshot_2 RENAME TO snapshot',
      'CREATE INDEX snapshot_complete ON snapshot (complete, seq)',
    ],
  },
];

export interface SnapshotRow {
  readonly id: string;
  readonly incarnation: number;
  readonly release: string;
  readonly why: string;
  readonly begunAtMs: number;
  readonly completedAtMs: number | null;
  /** Size of the plain archive, and its SHA-256 in hex. */
  readonly bytes: number;
  readonly sha256: string;
  readonly files: number;
}

/** Complete snapshots kept; retention by age comes with the restore page. */
export const snapshotsKeptMax = 24;

function toRow(row: SqlRow): SnapshotRow {
  return {
    id: text(row, 'id'),
    incarnation: Number(row['incarnation']),
    release: text(row, 'release'),
    why: text(row, 'why'),
    begunAtMs: Number(row['begun_at_ms']),
    completedAtMs: row['completed_at_ms'] === null ? null : Number(row['completed_at_ms']),
    bytes: Number(row['bytes'] ?? 0),
    sha256: textOrNull(row, 'sha256') ?? '',
    files: Number(row['files'] ?? 0),
  };
}

export class SnapshotIndex {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  begin(row: { id: string; incarnation: number; release: string; why: string; begunAtMs: number }): void {
    this.#sql.exec(
      'INSERT INTO snapshot (id, incarnation, release, why, begun_at_ms) VALUES (?, ?, ?, ?, ?)',
      row.id,
      row.incarnation,
      row.release,
      row.why,
      row.begunAtMs,
    );
  }

  complete(id: string, facts: { bytes: number; sha256: string; files: number; completedAtMs: number }): void {
    this.#sql.exec(
      'UPDATE snapshot SET complete = 1, completed_at_ms = ?, bytes = ?, sha256 = ?, files = ? WHERE id = ?',
      facts.completedAtMs,
      facts.bytes,
      facts.sha256,
      facts.files,
      id,
    );
  }

  /** The newest complete one that can be read. */
  newest(): SnapshotRow | null {
    const row = this.#sql.exec(
      'SELECT * FROM snapshot WHERE complete = 1 AND unreadable < ? ORDER BY seq DESC LIMIT 1',
      unreadableMax,
    )[0];
    return row === undefined ? null : toRow(row);
  }

  /** Whether there is any complete one, readable or not: then nothing may start from blank. */
  any(): boolean {
    return this.#sql.exec('SELECT 1 FROM snapshot WHERE complete = 1 LIMIT 1').length > 0;
  }

  get(id: string): SnapshotRow | null {
    const row = this.#sql.exec('SELECT * FROM snapshot WHERE id = ? AND complete = 1', id)[0];
    return row === undefined ? null : toRow(row);
  }

  /** Newest first. */
  list(limit: number): SnapshotRow[] {
    return this.#sql.exec('SELECT * FROM snapshot WHERE complete = 1 ORDER BY seq DESC LIMIT ?', limit).map(toRow);
  }

  /** It could not be read back. After `unreadableMax` times `newest()` is the one before it. */
  unreadable(id: string): void {
    this.#sql.exec('UPDATE snapshot SET unreadable = unreadable + 1 WHERE id = ?', id);
  }

  /** Ids whose objects may be removed: those older than the kept, and unfinished ones older than the newest. */
  removable(): string[] {
    const rows = this.#sql.exec(
      `WITH kept AS (
         SELECT seq FROM snapshot WHERE complete = 1 AND unreadable < ? ORDER BY seq DESC LIMIT ?
       )
       SELECT id FROM snapshot
       WHERE (complete = 0 AND seq < (SELECT max(seq) FROM kept))
          OR (complete = 1 AND seq < (SELECT min(seq) FROM kept) AND (SELECT count(*) FROM kept) = ?)
       ORDER BY seq LIMIT 20`,
      unreadableMax,
      snapshotsKeptMax,
      snapshotsKeptMax,
    );
    return rows.map((row) => text(row, 'id'));
  }

  /** The objects are gone. */
  forget(id: string): void {
    const newest = this.newest();
    if (newest?.id === id) throw new Error('invariant broken: the newest complete snapshot is never forgotten');
    this.#sql.exec('DELETE FROM snapshot WHERE id = ?', id);
  }

  /** The tenant was deleted and its objects are gone. */
  clear(): void {
    this.#sql.exec('DELETE FROM snapshot');
  }
}
