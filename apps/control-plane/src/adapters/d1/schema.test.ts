// migrations/ and schema.ts state the same database: all files on an empty database, compared with the schema's own SQL.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { generateSQLiteDrizzleJson, generateSQLiteMigration } from 'drizzle-kit/api';
import { expect, test } from 'vitest';
import * as schema from './schema.ts';

const folder = path.resolve(import.meta.dirname, '../../../../../migrations');

function migrated(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  for (const file of files.sort()) database.exec(readFileSync(path.join(folder, file), 'utf8'));
  return database;
}

async function fresh(): Promise<DatabaseSync> {
  const database = new DatabaseSync(':memory:');
  const [empty, wanted] = [await generateSQLiteDrizzleJson({}), await generateSQLiteDrizzleJson(schema)];
  for (const statement of await generateSQLiteMigration(empty, wanted)) database.exec(statement);
  return database;
}

/** Columns, keys and indexes of every table, in an order of their own. */
function shapeOf(database: DatabaseSync): unknown {
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  return tables.map(({ name }) => ({
    name,
    columns: database.prepare('SELECT * FROM pragma_table_info(?) ORDER BY name').all(String(name)),
    keys: database.prepare('SELECT * FROM pragma_foreign_key_list(?) ORDER BY "from"').all(String(name)),
    indexes: database
      .prepare(
        "SELECT name, replace(replace(sql, char(10), ' '), '`', '') AS sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? ORDER BY name",
      )
      .all(String(name)),
  }));
}

test('the migrations make exactly the schema', async () => {
  const unordered = (shape: unknown): unknown =>
    JSON.parse(JSON.stringify(shape, (key, value: unknown) => (key === 'cid' ? undefined : value)));
  expect(unordered(shapeOf(migrated()))).toEqual(unordered(shapeOf(await fresh())));
});

test('what is append-only refuses changes in the database itself', () => {
  const database = migrated();
  database.exec(
    "INSERT INTO audit_entry VALUES ('o', 1, 'a', 1, 'person', 'u', 'x', 'done', NULL, NULL, NULL, NULL, '{}', NULL, '', 'h')",
  );
  database.exec(
    "INSERT INTO receipt VALUES ('t','r','2026-11',1,'2026-11-21','p','m',1,1,0,0,1,'final','v',NULL,0,0,NULL,NULL,NULL,NULL,NULL)",
  );
  for (const table of ['audit_entry', 'receipt']) {
    expect(() => database.exec(`DELETE FROM ${table}`)).toThrow(/append-only/);
    expect(() => database.exec(`UPDATE ${table} SET at_ms = 2`)).toThrow(/append-only/);
  }
});

test('the sweep and the lists read by an index, never the whole fleet', () => {
  const database = migrated();
  const plans = [
    'SELECT * FROM tenant WHERE reported_generation < generation ORDER BY swept_at_ms LIMIT 50',
    "SELECT * FROM tenant WHERE org_id = 'o' AND id > 'x' ORDER BY id LIMIT 50",
    "SELECT * FROM receipt WHERE tenant_id = 't' AND request_id < 'x' ORDER BY request_id DESC LIMIT 50",
    'SELECT id FROM mail_outbox WHERE sent_at_ms IS NULL AND claimed_until_ms < 5 ORDER BY claimed_until_ms LIMIT 20',
    "SELECT * FROM audit_entry WHERE org_id = 'o' AND seq < 9 ORDER BY seq DESC LIMIT 50",
    "SELECT * FROM audit_entry WHERE org_id = 'o' AND tenant_id = 't' AND seq < 9 ORDER BY seq DESC LIMIT 50",
    "SELECT * FROM audit_entry WHERE org_id = 'o' AND actor_id = 'u' AND seq < 9 ORDER BY seq DESC LIMIT 50",
    "SELECT * FROM audit_head WHERE anchored_seq < seq AND anchored_day < 'd' ORDER BY anchored_day LIMIT 25",
    "SELECT * FROM member WHERE organization_id = 'o' AND user_id = 'u'",
  ];
  for (const sql of plans) {
    const plan = database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => String(detail));
    expect(plan.join('; '), sql).toMatch(/USING .*INDEX/);
    expect(plan.join('; '), sql).not.toMatch(/TEMP B-TREE/);
  }
});
