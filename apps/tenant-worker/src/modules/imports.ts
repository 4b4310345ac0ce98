/**
 * Uploads on their way to become a snapshot. Owns `import`. Parts come in order, each stored before it is counted, so the
 * count says what is there. The bytes are removed once nothing needs them (`spent`); the row stays as the record of what
 * was taken and left. What a conversion became is a snapshot of the index; `kept_until_ms` says when one that nobody
 * switched to goes, and an ended row keeps its `snapshot_id` until those objects are gone.
 */
import {
  convertedKeptMs,
  ImportReport,
  ImportView,
  importKeptMs,
  partsOf,
} from '../../../control-plane/src/contract/imports.ts';
import type { Migration, Sql, SqlRow } from '../ports.ts';
import { text, textOrNull } from './row.ts';

export const IMPORT_MIGRATIONS: readonly Migration[] = [
  {
    id: 'import/1',
    sql: [
      `CREATE TABLE import (
        id TEXT PRIMARY KEY,
        file_name TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        next_part INTEGER NOT NULL DEFAULT 0,
        state TEXT NOT NULL DEFAULT 'uploading',
        created_at_ms INTEGER NOT NULL,
        operation_id TEXT,
        snapshot_id TEXT UNIQUE,
        report TEXT,
        error TEXT,
        objects INTEGER NOT NULL DEFAULT 1
      )`,
    ],
  },
  {
    id: 'import/2',
    sql: [
      'ALTER TABLE import ADD COLUMN kept_until_ms INTEGER',
      `UPDATE import SET kept_until_ms = created_at_ms + ${30 * 86_400_000} WHERE state = 'ready'`,
    ],
  },
];

/** Rows kept as a record; uploads under way at a time. */
const keptMax = 20;
export const importsOpenMax = 2;

function toView(row: SqlRow): ImportView {
  const [report, error] = [textOrNull(row, 'report'), textOrNull(row, 'error')];
  return ImportView.parse({
    id: text(row, 'id'),
    fileName: text(row, 'file_name'),
    bytes: Number(row['bytes']),
    nextPart: Number(row['next_part']),
    state: text(row, 'state'),
    createdAtMs: Number(row['created_at_ms']),
    operationId: textOrNull(row, 'operation_id'),
    snapshotId: row['state'] === 'ready' ? textOrNull(row, 'snapshot_id') : null,
    keptUntilMs: row['state'] === 'ready' && row['kept_until_ms'] !== null ? Number(row['kept_until_ms']) : null,
    report: report === null ? null : JSON.parse(report),
    error: error === null ? null : JSON.parse(error),
  });
}

const bounded = ({ code, detail }: NonNullable<ImportView['error']>) => ({
  code: code.slice(0, 64),
  detail: detail.slice(0, 1_200),
});

export class Imports {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  get(id: string): ImportView | null {
    const row = this.#sql.exec('SELECT * FROM import WHERE id = ?', id)[0];
    return row === undefined ? null : toView(row);
  }

  /** The one that becomes this snapshot. */
  bySnapshot(snapshotId: string): ImportView | null {
    const row = this.#sql.exec('SELECT * FROM import WHERE snapshot_id = ?', snapshotId)[0];
    return row === undefined ? null : toView(row);
  }

  /** All of them, those included whose bytes are gone. */
  ids(): string[] {
    return this.#sql.exec('SELECT id FROM import').map((row) => text(row, 'id'));
  }

  /** Newest first. */
  list(): ImportView[] {
    return this.#sql.exec('SELECT * FROM import ORDER BY rowid DESC LIMIT ?', keptMax).map(toView);
  }

  /** Uploads and conversions under way. */
  open(): number {
    const row = this.#sql.exec("SELECT count(*) AS n FROM import WHERE state IN ('uploading', 'converting')")[0];
    return Number(row?.['n'] ?? 0);
  }

  create(view: Pick<ImportView, 'id' | 'fileName' | 'bytes' | 'createdAtMs'>): void {
    this.#sql.exec(
      'INSERT INTO import (id, file_name, bytes, created_at_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      view.id,
      view.fileName,
      view.bytes,
      view.createdAtMs,
    );
    this.#sql.exec(
      `DELETE FROM import WHERE objects = 0 AND (state = 'ready' OR kept_until_ms IS NULL)
         AND rowid NOT IN (SELECT rowid FROM import ORDER BY rowid DESC LIMIT ?)`,
      keptMax,
    );
  }

  /** Part `n` is stored. One that came before changes nothing. */
  partStored(id: string, n: number): void {
    this.#sql.exec(
      "UPDATE import SET next_part = ? WHERE id = ? AND next_part = ? AND state = 'uploading'",
      n + 1,
      id,
      n,
    );
  }

  /** It becomes `snapshotId`, if it can. */
  converting(id: string, operationId: string, snapshotId: string): void {
    this.#sql.exec(
      "UPDATE import SET state = 'converting', operation_id = ?, snapshot_id = ?, error = NULL WHERE id = ? AND state = 'uploading'",
      operationId,
      snapshotId,
      id,
    );
  }

  reported(id: string, report: ImportReport): void {
    this.#sql.exec('UPDATE import SET report = ? WHERE id = ?', JSON.stringify(ImportReport.parse(report)), id);
  }

  ready(id: string, nowMs: number): void {
    this.#sql.exec(
      "UPDATE import SET state = 'ready', kept_until_ms = ? WHERE id = ? AND state = 'converting'",
      nowMs + convertedKeptMs,
      id,
    );
  }

  /** Converted ones whose time is over. */
  overdue(nowMs: number): { readonly id: string; readonly snapshotId: string }[] {
    return this.#sql
      .exec("SELECT id, snapshot_id FROM import WHERE state = 'ready' AND kept_until_ms <= ? LIMIT 5", nowMs)
      .map((row) => ({ id: text(row, 'id'), snapshotId: text(row, 'snapshot_id') }));
  }

  /** Somebody switched to it: it is a snapshot like any other from now on. */
  settled(id: string): void {
    this.#sql.exec("UPDATE import SET kept_until_ms = NULL WHERE id = ? AND state = 'ready'", id);
  }

  /** What it became is not wanted; the objects are still there. */
  discarded(id: string, state: 'failed' | 'expired', error: ImportView['error']): void {
    this.#sql.exec(
      "UPDATE import SET state = ?, error = ?, kept_until_ms = 0 WHERE id = ? AND state = 'ready'",
      state,
      error === null ? null : JSON.stringify(bounded(error)),
      id,
    );
  }

  /** Discarded ones of which something is left. */
  discards(): { readonly id: string; readonly snapshotId: string }[] {
    return this.#sql
      .exec(
        `SELECT id, snapshot_id FROM import
         WHERE state IN ('failed', 'expired') AND kept_until_ms IS NOT NULL AND snapshot_id IS NOT NULL LIMIT 5`,
      )
      .map((row) => ({ id: text(row, 'id'), snapshotId: text(row, 'snapshot_id') }));
  }

  snapshotRemoved(id: string): void {
    this.#sql.exec('UPDATE import SET snapshot_id = NULL, kept_until_ms = NULL WHERE id = ?', id);
  }

  /** The conversion ended for a reason that is not the upload's: it can be begun again. */
  again(id: string, error: NonNullable<ImportView['error']>): void {
    this.#sql.exec(
      `UPDATE import SET state = 'uploading', operation_id = NULL, snapshot_id = NULL, report = NULL, error = ?
       WHERE id = ? AND state = 'converting'`,
      JSON.stringify(bounded(error)),
      id,
    );
  }

  failed(id: string, error: NonNullable<ImportView['error']>): void {
    this.#sql.exec(
      "UPDATE import SET state = 'failed', error = ? WHERE id = ? AND state IN ('uploading', 'converting')",
      JSON.stringify(bounded(error)),
      id,
    );
  }

  /** Uploads that nobody went on with end here. */
  expire(nowMs: number): void {
    this.#sql.exec(
      "UPDATE import SET state = 'expired' WHERE state = 'uploading' AND (created_at_ms + ? <= ? OR created_at_ms > ?)",
      importKeptMs,
      nowMs,
      nowMs + importKeptMs,
    );
  }

  /** Nothing needs the bytes of these any more. */
  spent(): { readonly id: string; readonly parts: number }[] {
    return this.#sql
      .exec("SELECT id, bytes FROM import WHERE objects = 1 AND state NOT IN ('uploading', 'converting') LIMIT 5")
      .map((row) => ({ id: text(row, 'id'), parts: partsOf(Number(row['bytes'])) }));
  }

  removed(id: string): void {
    this.#sql.exec('UPDATE import SET objects = 0 WHERE id = ?', id);
  }

  /** When the oldest upload under way or converted one expires, or what nobody needs is to be removed: at once. */
  nextDueMs(): number | null {
    if (this.spent().length > 0 || this.discards().length > 0) return 0;
    const row = this.#sql.exec(
      `SELECT min(CASE state WHEN 'uploading' THEN created_at_ms + ? WHEN 'ready' THEN kept_until_ms END) AS at
       FROM import WHERE state IN ('uploading', 'ready')`,
      importKeptMs,
    )[0];
    return row === undefined || row['at'] === null ? null : Number(row['at']);
  }
}
