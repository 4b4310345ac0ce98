/**
 * The index of a tenant's snapshots. Owns `snapshot`. A row is written before the data (intent) and becomes `complete`
 * only after the data was read back and its manifest stored. Only complete rows are ever restored, and the newest
 * complete one is never removed.
 */
import type { Migration, Sql, SqlRow } from '../ports.ts';

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
    id: String(row['id']),
    incarnation: Number(row['incarnation']),
    release: String(row['release']),
    why: String(row['why']),
    begunAtMs: Number(row['begun_at_ms']),
    completedAtMs: row['completed_at_ms'] === null ? null : Number(row['completed_at_ms']),
    bytes: Number(row['bytes'] ?? 0),
    sha256: String(row['sha256'] ?? ''),
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

  newest(): SnapshotRow | null {
    const row = this.#sql.exec('SELECT * FROM snapshot WHERE complete = 1 ORDER BY id DESC LIMIT 1')[0];
    return row === undefined ? null : toRow(row);
  }

  get(id: string): SnapshotRow | null {
    const row = this.#sql.exec('SELECT * FROM snapshot WHERE id = ? AND complete = 1', id)[0];
    return row === undefined ? null : toRow(row);
  }

  list(limit: number): SnapshotRow[] {
    return this.#sql.exec('SELECT * FROM snapshot WHERE complete = 1 ORDER BY id DESC LIMIT ?', limit).map(toRow);
  }

  /** Ids whose objects may be removed: complete ones beyond the kept, and unfinished ones older than the newest complete. */
  removable(): string[] {
    const newest = this.newest();
    if (!newest) return [];
    const rows = this.#sql.exec(
      `SELECT id FROM snapshot WHERE (complete = 0 AND id < ?)
         OR (complete = 1 AND id NOT IN (SELECT id FROM snapshot WHERE complete = 1 ORDER BY id DESC LIMIT ?))
       ORDER BY id LIMIT 20`,
      newest.id,
      snapshotsKeptMax,
    );
    return rows.map((row) => String(row['id']));
  }

  /** The objects are gone. */
  forget(id: string): void {
    const newest = this.newest();
    if (newest?.id === id) throw new Error('invariant broken: the newest complete snapshot is never forgotten');
    this.#sql.exec('DELETE FROM snapshot WHERE id = ?', id);
  }
}
