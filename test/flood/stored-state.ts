/**
 * What a tenant's objects hold on disk, row by row: a file changes also when the runtime folds its log into it, which
 * writes nothing new.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** A digest of each table of each object of a tenant, by the table's name. */
export function storedTables(stateDir: string, slug: string): ReadonlyMap<string, string> {
  return new Map(databasesOf(stateDir, slug).flatMap((file) => withCopy(file, (db) => tablesOf(file, db))));
}

/** When the objects' next alarm is due, by the runtime's own note of it; null when none is set. */
export function nextAlarmAtMs(stateDir: string, slug: string): number | null {
  const due = databasesOf(stateDir, slug).flatMap((file) =>
    withCopy(file, (db) => {
      const known = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = '_cf_METADATA'").get() !== undefined;
      // Nanoseconds, as a number that JavaScript cannot hold to the last digit.
      return known
        ? db.prepare('SELECT value / 1000000 AS ms FROM _cf_METADATA WHERE key = 1 AND value IS NOT NULL').all()
        : [];
    }),
  );
  return due.reduce<number | null>((first, { ms }) => Math.min(first ?? Infinity, Number(ms)), null);
}

/** The tables whose rows differ, by name. */
export function changedTables(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((table) => before.get(table) !== after.get(table));
}

/** A tenant's own, told from other tenants' by the slug in them. */
function databasesOf(stateDir: string, slug: string): string[] {
  const databases = readdirSync(path.join(stateDir, 'bindings'), { recursive: true, encoding: 'utf8' })
    // `metadata.sqlite` is the runtime's own, of all objects of a class.
    .filter((file) => file.endsWith('.sqlite') && file.includes('Tenant') && path.basename(file) !== 'metadata.sqlite')
    .map((file) => path.join(stateDir, 'bindings', file))
    .filter((file) => [file, `${file}-wal`].some((part) => existsSync(part) && readFileSync(part).includes(slug)));
  if (databases.length === 0) throw new Error('the stored state of the sleeping tenant was not found');
  return databases;
}

function tablesOf(file: string, db: DatabaseSync): [string, string][] {
  const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  return names.map(({ name }) => {
    const all = db.prepare(`SELECT * FROM "${String(name)}"`);
    all.setReadBigInts(true);
    const digest = createHash('sha256');
    for (const row of all.iterate()) digest.update(JSON.stringify(row, plain));
    return [`${path.basename(file).slice(0, 8)} ${String(name)}`, digest.digest('hex')];
  });
}

/** Reads a copy: the runtime has the database open. */
function withCopy<T>(file: string, read: (db: DatabaseSync) => T): T {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'tidepool-stored-'));
  try {
    const copy = path.join(scratch, 'copy.sqlite');
    copyFileSync(file, copy);
    if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${copy}-wal`);
    const db = new DatabaseSync(copy);
    try {
      return read(db);
    } finally {
      db.close();
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function plain(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
