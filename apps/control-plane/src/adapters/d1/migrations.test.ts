// Migrations on a database that is in use: each file is applied to rows of every table that was there before it, and what
// they held is still there after it. Foreign keys are on and a file is one transaction, as on D1: a table that is rebuilt
// by dropping it takes along what hangs on it.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';

const folder = path.resolve(import.meta.dirname, '../../../../../migrations');
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.sql'))
  .sort();

type Row = Record<string, unknown>;

/** Tables that a migration removed on purpose, with the migration. */
const removed: Readonly<Record<string, string>> = { audit: '0008_audit_chain.sql' };

/** What CHECKs and triggers want of a table's row. Everything else is made up. */
const wanted: Readonly<Record<string, Row>> = {
  audit_entry: { seq: 1, prev_hash: '', actor_kind: 'person', outcome: 'done', detail: '{}' },
  account_event: { country: 'SE', device: 'Firefox' },
};

function tablesOf(database: DatabaseSync): string[] {
  return database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    .all()
    .map(({ name }) => String(name));
}

/** One row with a value in every column; a foreign key names the row that was made for its table. */
function fill(database: DatabaseSync, table: string): void {
  const parents = new Map(
    database
      .prepare('SELECT * FROM pragma_foreign_key_list(?)')
      .all(table)
      .map((key) => [String(key['from']), `${String(key['table'])}.${String(key['to'])}`]),
  );
  const row: Record<string, string | number> = {};
  for (const { name, type } of database.prepare('SELECT name, type FROM pragma_table_info(?)').all(table)) {
    const column = String(name);
    row[column] = /int/i.test(String(type)) ? 1 : (parents.get(column) ?? `${table}.${column}`);
  }
  Object.assign(row, wanted[table]);
  const columns = Object.keys(row);
  const marks = columns.map(() => '?').join();
  database
    .prepare(`INSERT INTO "${table}" (${columns.map((name) => `"${name}"`).join()}) VALUES (${marks})`)
    .run(...Object.values(row));
}

const rowsOf = (database: DatabaseSync, table: string): Row[] => database.prepare(`SELECT * FROM "${table}"`).all();

/** What was there and is there no more, or is not as it was. Columns and tables may be added. */
function lost(database: DatabaseSync, before: ReadonlyMap<string, readonly Row[]>): string[] {
  const tables = new Set(tablesOf(database));
  return [...before].flatMap(([table, rows]) => {
    if (!tables.has(table)) return [table];
    const now = rowsOf(database, table);
    const isThere = (row: Row): boolean =>
      now.some((each) => Object.entries(row).every(([column, value]) => each[column] === value));
    return rows.every(isThere) ? [] : [table];
  });
}

const keep = (database: DatabaseSync): Map<string, Row[]> =>
  new Map(tablesOf(database).map((table) => [table, rowsOf(database, table)]));

function apply(database: DatabaseSync, sql: string): void {
  database.exec(`BEGIN; ${sql}; COMMIT`);
}

/** All migrations, each over rows in every table of those before it. */
function inUse(after: (file: string, database: DatabaseSync, before: Map<string, Row[]>) => void): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  for (const file of files) {
    const before = keep(database);
    apply(database, readFileSync(path.join(folder, file), 'utf8'));
    after(file, database, before);
    const empty = tablesOf(database).filter((table) => rowsOf(database, table).length === 0);
    // A table may name one of the same file that comes later.
    database.exec('BEGIN; PRAGMA defer_foreign_keys = on');
    for (const table of empty) if (rowsOf(database, table).length === 0) fill(database, table);
    database.exec('COMMIT');
  }
  return database;
}

test('every row outlives every later migration', () => {
  let rows = 0;
  inUse((file, database, before) => {
    for (const [table, by] of Object.entries(removed)) if (by === file) before.delete(table);
    for (const kept of before.values()) rows += kept.length;
    expect(lost(database, before), file).toEqual([]);
  });
  // Nothing was compared where nothing was there.
  expect(rows).toBeGreaterThan(files.length * 8);
});

test('a table that is rebuilt by dropping it would be seen to lose what hangs on it', () => {
  const database = inUse(() => undefined);
  const before = keep(database);
  apply(database, 'CREATE TABLE user_new AS SELECT * FROM user; DROP TABLE user; ALTER TABLE user_new RENAME TO user');
  expect(lost(database, before)).toEqual(['account', 'account_event', 'invitation', 'member', 'session']);
});
