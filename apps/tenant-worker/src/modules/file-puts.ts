/**
 * The files that were put into the running assistant by themselves, the newest few. Owns `file_put`. A row is written
 * before the keeper is asked; what was cut off in between stays `putting` or `undoing`, and the same again goes on.
 */
import type { FilePut } from '../../../control-plane/src/contract/snapshot-file-rpc.ts';
import { FilePut as FilePutShape } from '../../../control-plane/src/contract/snapshot-file-rpc.ts';
import type { Migration, Sql, SqlRow } from '../ports.ts';

export const FILE_PUT_MIGRATIONS: readonly Migration[] = [
  {
    id: 'file_put/1',
    sql: [
      `CREATE TABLE file_put (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        snapshot_id TEXT NOT NULL,
        path TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        stage TEXT NOT NULL,
        replaced INTEGER
      )`,
    ],
  },
];

/** The keeper keeps twice as many: what was replaced by each, and by its undo. */
const rememberedMax = 5;

export class FilePuts {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Newest first. @throws when a row is not one this code knows: newer code wrote it */
  list(): FilePut[] {
    return this.#sql.exec('SELECT * FROM file_put ORDER BY seq DESC').map(toFilePut);
  }

  get(id: string): FilePut | null {
    const row = this.#sql.exec('SELECT * FROM file_put WHERE id = ?', id)[0];
    return row === undefined ? null : toFilePut(row);
  }

  /** The same id again changes nothing but its stage. */
  begin({ id, snapshotId, path, atMs }: Pick<FilePut, 'id' | 'snapshotId' | 'path' | 'atMs'>): void {
    this.#sql.exec(
      `INSERT INTO file_put (id, snapshot_id, path, at_ms, stage) VALUES (?, ?, ?, ?, 'putting')
       ON CONFLICT (id) DO UPDATE SET stage = 'putting'`,
      id,
      snapshotId,
      path,
      atMs,
    );
    this.#sql.exec(
      'DELETE FROM file_put WHERE seq NOT IN (SELECT seq FROM file_put ORDER BY seq DESC LIMIT ?)',
      rememberedMax,
    );
  }

  enter(id: string, stage: FilePut['stage']): void {
    this.#sql.exec('UPDATE file_put SET stage = ? WHERE id = ?', stage, id);
  }

  done(id: string, replaced: boolean): void {
    this.#sql.exec("UPDATE file_put SET stage = 'done', replaced = ? WHERE id = ?", replaced ? 1 : 0, id);
  }
}

function toFilePut(row: SqlRow): FilePut {
  return FilePutShape.parse({
    id: row['id'],
    snapshotId: row['snapshot_id'],
    path: row['path'],
    atMs: row['at_ms'],
    stage: row['stage'],
    replaced: row['replaced'] === null ? null : row['replaced'] === 1,
  });
}
