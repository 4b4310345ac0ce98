// Applies the control plane's D1 migrations to the local database, in wrangler's own bookkeeping table, so that
// `wrangler d1 migrations` sees the same history. Each file is one batch: all of it lasts, or nothing.

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { D1Database } from '@cloudflare/workers-types';
import { unstable_splitSqlQuery } from 'wrangler';
import { StackError } from './progress.ts';

const TABLE = 'd1_migrations'; // wrangler's default `migrations_table`.

/** Applies what is missing, in order of file name. Resolves to the names applied now. */
export async function applyMigrations(db: D1Database, dir: string): Promise<string[]> {
  await db
    .prepare(
      `CREATE TABLE IF NOT EXISTS ${TABLE} (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, ` +
        'applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)',
    )
    .run();
  const { results } = await db.prepare(`SELECT name FROM ${TABLE}`).all<{ name: string }>();
  const done = new Set(results.map((row) => row.name));
  const files = readdirSync(dir)
    .filter((name) => name.endsWith('.sql'))
    .toSorted();
  const unknown = [...done].filter((name) => !files.includes(name));
  if (unknown.length > 0) {
    throw new StackError(
      `The local database has migrations this checkout does not know (${unknown.join(', ')}): ` +
        'update the checkout, or start with another state folder.',
    );
  }
  const missing = files.filter((name) => !done.has(name));
  for (const name of missing) await applyOne(db, path.join(dir, name), name);
  return missing;
}

async function applyOne(db: D1Database, file: string, name: string): Promise<void> {
  const statements = unstable_splitSqlQuery(readFileSync(file, 'utf8')).filter((sql) => sql.trim() !== '');
  try {
    await db.batch([
      ...statements.map((sql) => db.prepare(sql)),
      db.prepare(`INSERT INTO ${TABLE} (name) VALUES (?)`).bind(name),
    ]);
  } catch (error) {
    throw new StackError(
      `Migration ${name} failed and was rolled back: ${error instanceof Error ? error.message : ''}`,
    );
  }
}
