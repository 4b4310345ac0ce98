/**
 * Applies numbered schema steps to the tenant's SQLite, each once, in the order given. A step that is known to the
 * database but not to this code means that newer code ran here: refused, since older code would misread what it wrote.
 */
import type { Migration, Sql } from '../ports.ts';
import { text } from './row.ts';

export function migrate(sql: Sql, migrations: readonly Migration[], nowMs: number): void {
  sql.exec('CREATE TABLE IF NOT EXISTS _migration (id TEXT PRIMARY KEY, applied_at_ms INTEGER NOT NULL)');
  const applied = new Set(sql.exec('SELECT id FROM _migration').map((row) => text(row, 'id')));
  const known = new Set(migrations.map((m) => m.id));
  const unknown = [...applied].filter((id) => !known.has(id));
  if (unknown.length > 0) throw new Error(`the schema is newer than this code: ${unknown.join(', ')}`);
  for (const migration of migrations) {
    if (applied.has(migration.id)) continue;
    sql.transaction(() => {
      for (const statement of migration.sql) sql.exec(statement);
      sql.exec('INSERT INTO _migration (id, applied_at_ms) VALUES (?, ?)', migration.id, nowMs);
    });
  }
}
