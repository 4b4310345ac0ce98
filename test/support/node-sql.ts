/**
 * The `Sql` port over node:sqlite, for tests and benches of the modules that run on a Durable Object's SQLite.
 * Like there: synchronous, transactions nest, integers come back as numbers.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Sql, SqlRow, SqlValue } from '../../apps/tenant-worker/src/ports.ts';

export interface NodeSql extends Sql {
  close(): void;
}

/** Opens a database; `:memory:` unless a file is named. */
export function openNodeSql(file = ':memory:'): NodeSql {
  const db = new DatabaseSync(file);
  const prepared = new Map<string, StatementSync>();
  let depth = 0;

  function statement(query: string): StatementSync {
    const known = prepared.get(query);
    if (known) return known;
    const made = db.prepare(query);
    prepared.set(query, made);
    return made;
  }

  return {
    exec(query, ...bindings) {
      const rows = statement(query).all(...bindings.map(toNode));
      return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, fromNode(value)])));
    },
    transaction<T>(fn: () => T): T {
      const savepoint = `t${depth}`;
      db.exec(depth === 0 ? 'BEGIN IMMEDIATE' : `SAVEPOINT ${savepoint}`);
      depth += 1;
      try {
        const value = fn();
        depth -= 1;
        db.exec(depth === 0 ? 'COMMIT' : `RELEASE ${savepoint}`);
        return value;
      } catch (error) {
        depth -= 1;
        db.exec(depth === 0 ? 'ROLLBACK' : `ROLLBACK TO ${savepoint}`);
        throw error;
      }
    },
    close() {
      db.close();
    },
  };
}

function toNode(value: SqlValue): string | number | null | Uint8Array {
  return value instanceof ArrayBuffer ? new Uint8Array(value) : value;
}

function fromNode(value: unknown): SqlRow[string] {
  if (value instanceof Uint8Array) return value.slice().buffer;
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}
