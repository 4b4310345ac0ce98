/** SQLite files: told by their first bytes, copied by SQLite's own backup while they are in use, checked before they count. */
import { closeSync, openSync, readSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

const magic = 'SQLite format 3\0';
/** Pages per step; between steps writers get their turn. */
const pagesPerStep = 1_024;

export function isSqliteFile(file: string): boolean {
  const handle = openSync(file, 'r');
  try {
    const start = Buffer.alloc(magic.length);
    return readSync(handle, start, 0, magic.length, 0) === magic.length && start.toString('latin1') === magic;
  } finally {
    closeSync(handle);
  }
}

/** Copies a database as of one moment, also while somebody writes to it. `target` must not exist. */
export async function backupDatabase(file: string, target: string): Promise<void> {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
  try {
    await backup(database, target, { rate: pagesPerStep });
  } finally {
    database.close();
  }
}

/**
 * SQLite's own consistency check of a file that nobody uses.
 * @returns null when it passes, else SQLite's first complaint
 */
export function databaseDamage(file: string): string | null {
  const url = pathToFileURL(file);
  // Nobody writes to it, so no lock and no companion files are needed.
  url.searchParams.set('immutable', '1');
  try {
    const database = new DatabaseSync(url, { readOnly: true });
    try {
      const row = database.prepare('PRAGMA quick_check(1)').get();
      const verdict = row?.['quick_check'];
      return verdict === 'ok' ? null : String(verdict);
    } finally {
      database.close();
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
