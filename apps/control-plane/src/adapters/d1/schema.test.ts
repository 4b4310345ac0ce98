// migrations/ and schema.ts state the same database: all files on an empty database, compared with the schema's own SQL.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { generateSQLiteDrizzleJson, generateSQLiteMigration } from 'drizzle-kit/api';
import { expect, test } from 'vitest';
import * as schema from './schema.ts';

const folder = path.resolve(import.meta.dirname, '../../../../../migrations');

/** All of them, with something done before the one that is named. */
function migrated(before?: { readonly file: string; readonly run: (database: DatabaseSync) => void }): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  for (const file of files.sort()) {
    if (before !== undefined && file.endsWith(before.file)) before.run(database);
    database.exec(readFileSync(path.join(folder, file), 'utf8'));
  }
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

const dayMs = 86_400_000;

function addReceipt(database: DatabaseSync, request: string, atMs: number, cost = 7): void {
  database
    .prepare(
      `INSERT INTO receipt (tenant_id, request_id, period, at_ms, day, provider, model, input_tokens, output_tokens,
         cache_read_tokens, cache_write_tokens, cost_nano_usd, outcome, price_version)
       VALUES ('t', ?, '2026-08', ?, 'd', 'p', 'm', 3, 2, 1, 0, ?, 'final', 'v') ON CONFLICT DO NOTHING`,
    )
    .run(request, atMs, cost);
}

const sums = (database: DatabaseSync) =>
  database.prepare('SELECT hour_ms, requests, input_tokens, cost_nano_usd FROM usage_rollup ORDER BY 1').all();

test('receipts from before there were sums are in them', () => {
  const database = migrated({
    file: 'usage_rollup.sql',
    run: (early) => {
      for (const [request, atMs] of [
        ['a', 10],
        ['b', 3_599_999],
        ['c', 3_600_000],
      ] as const)
        addReceipt(early, request, atMs);
    },
  });
  addReceipt(database, 'a', 10);
  addReceipt(database, 'd', 3_600_001, 1);
  expect(sums(database)).toEqual([
    { hour_ms: 0, requests: 2, input_tokens: 6, cost_nano_usd: 14 },
    { hour_ms: 3_600_000, requests: 2, input_tokens: 6, cost_nano_usd: 8 },
  ]);
});

test('a receipt goes by its age alone: nothing younger than the cutoff, and no cutoff nearer than 89 days', () => {
  const database = migrated();
  const nowMs = Date.now();
  addReceipt(database, 'old', nowMs - 95 * dayMs);
  addReceipt(database, 'young', nowMs - 80 * dayMs);
  const before = sums(database);
  expect(() => database.exec("DELETE FROM receipt WHERE request_id = 'old'")).toThrow(/append-only/);
  const move = (days: number) => database.prepare('UPDATE receipt_cutoff SET before_ms = ?').run(nowMs - days * dayMs);
  expect(() => move(85)).toThrow(/no nearer than 89 days/);
  move(90);
  expect(() => move(91)).toThrow(/moves forward only/);
  expect(() => database.exec('DELETE FROM receipt_cutoff')).toThrow(/never removed/);
  expect(() => database.exec('INSERT INTO receipt_cutoff VALUES (2, 9e15)')).toThrow(/one cutoff/);
  expect(() => database.exec('DELETE FROM receipt')).toThrow(/append-only/);
  database.exec("DELETE FROM receipt WHERE request_id = 'old'");
  // Told again, by a queue that kept it for long: it counts no second time.
  addReceipt(database, 'old', nowMs - 95 * dayMs);
  expect(database.prepare('SELECT request_id FROM receipt').all()).toEqual([{ request_id: 'young' }]);
  expect(sums(database)).toEqual(before);
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
    "SELECT * FROM usage_rollup WHERE tenant_id = 't' AND period = '2026-11'",
    'SELECT rowid FROM receipt WHERE at_ms < (SELECT before_ms FROM receipt_cutoff) ORDER BY at_ms LIMIT 500',
    "SELECT * FROM receipt WHERE tenant_id = 't' AND period = '2026-11' AND request_id > 'x' ORDER BY request_id LIMIT 500",
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
