/** The `Sql` port over a Durable Object's SQLite. */
import type { Sql, SqlRow, SqlValue } from '../ports.ts';

export function durableObjectSql(storage: DurableObjectStorage): Sql {
  return {
    exec: (query: string, ...bindings: SqlValue[]): SqlRow[] => storage.sql.exec<SqlRow>(query, ...bindings).toArray(),
    transaction: <T>(fn: () => T): T => storage.transactionSync(fn),
  };
}
