/** The tables of the snapshot index, step by step, and a row of it as the code sees it. */
import type { Protection } from '../core/snapshots/retention.ts';
import type { Migration, SqlRow } from '../ports.ts';
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
  {
    // Each snapshot goes on from its parent; `head` is what the next start goes on from.
    id: 'snapshot/3',
    sql: [
      'ALTER TABLE snapshot ADD COLUMN parent TEXT',
      'ALTER TABLE snapshot ADD COLUMN aside INTEGER NOT NULL DEFAULT 0',
      "ALTER TABLE snapshot ADD COLUMN protection TEXT CHECK (protection IN ('customer', 'automatic'))",
      'ALTER TABLE snapshot ADD COLUMN note TEXT',
      'ALTER TABLE snapshot ADD COLUMN proven_at_ms INTEGER',
      'ALTER TABLE snapshot ADD COLUMN uncompressed_bytes INTEGER',
      'ALTER TABLE snapshot ADD COLUMN inventory INTEGER NOT NULL DEFAULT 0',
      'ALTER TABLE snapshot ADD COLUMN sessions INTEGER',
      'ALTER TABLE snapshot ADD COLUMN cron_jobs INTEGER',
      `UPDATE snapshot SET parent =
         (SELECT p.id FROM snapshot p WHERE p.complete = 1 AND p.seq < snapshot.seq ORDER BY p.seq DESC LIMIT 1)
       WHERE complete = 1`,
      `CREATE TABLE snapshot_line (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        head TEXT,
        floor_incarnation INTEGER NOT NULL DEFAULT 0
      )`,
      'INSERT INTO snapshot_line (id, head) VALUES (1, (SELECT id FROM snapshot WHERE complete = 1 ORDER BY seq DESC LIMIT 1))',
      `CREATE TABLE snapshot_restore (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        chosen TEXT NOT NULL,
        replaced TEXT,
        asked_at_ms INTEGER NOT NULL,
        stage TEXT NOT NULL
      )`,
      `CREATE TABLE snapshot_asked (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        operation_id TEXT NOT NULL,
        note TEXT
      )`,
    ],
  },
];

export interface SnapshotRow {
  readonly id: string;
  readonly seq: number;
  readonly incarnation: number;
  readonly release: string;
  readonly why: string;
  readonly begunAtMs: number;
  readonly completedAtMs: number | null;
  /** Size of the plain archive, and its SHA-256 in hex. */
  readonly bytes: number;
  readonly sha256: string;
  readonly files: number;
  /** What it goes on from. */
  readonly parent: string | null;
  /** It shrank suspiciously: kept, and restored only when a person says so. */
  readonly aside: boolean;
  readonly protection: Protection | null;
  readonly note: string | null;
  /** When a drill last booted it. */
  readonly provenAtMs: number | null;
  /** Times it could not be read back. */
  readonly unreadable: number;
  /** Null where the keeper did not count. */
  readonly uncompressedBytes: number | null;
  readonly inventory: boolean;
  readonly sessions: number | null;
  readonly cronJobs: number | null;
}

const orNull = (row: SqlRow, column: string): number | null => (row[column] === null ? null : Number(row[column]));

export function toSnapshotRow(row: SqlRow): SnapshotRow {
  const protection = textOrNull(row, 'protection');
  return {
    id: text(row, 'id'),
    seq: Number(row['seq']),
    incarnation: Number(row['incarnation']),
    release: text(row, 'release'),
    why: text(row, 'why'),
    begunAtMs: Number(row['begun_at_ms']),
    completedAtMs: orNull(row, 'completed_at_ms'),
    bytes: Number(row['bytes'] ?? 0),
    sha256: textOrNull(row, 'sha256') ?? '',
    files: Number(row['files'] ?? 0),
    parent: textOrNull(row, 'parent'),
    aside: row['aside'] === 1,
    protection: protection === 'customer' || protection === 'automatic' ? protection : null,
    note: textOrNull(row, 'note'),
    provenAtMs: orNull(row, 'proven_at_ms'),
    unreadable: Number(row['unreadable']),
    uncompressedBytes: orNull(row, 'uncompressed_bytes'),
    inventory: row['inventory'] === 1,
    sessions: orNull(row, 'sessions'),
    cronJobs: orNull(row, 'cron_jobs'),
  };
}
