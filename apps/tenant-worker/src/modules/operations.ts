/**
 * Long work as operations with named steps and times: what the dashboard and the waiting page show. Owns `operation`.
 * A finished operation never changes again.
 */
import { Operation } from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { OperationKind, OperationStep } from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { Migration, Sql } from '../ports.ts';
import { text } from './row.ts';

export const OPERATION_MIGRATIONS: readonly Migration[] = [
  {
    id: 'operation/1',
    sql: [
      'CREATE TABLE operation (id TEXT PRIMARY KEY, started_at_ms INTEGER NOT NULL, finished INTEGER NOT NULL, body TEXT NOT NULL)',
      'CREATE INDEX operation_recent ON operation (started_at_ms)',
    ],
  },
];

/** Finished operations kept, also to know a repeated command; older ones are in the control plane. */
const keptMax = 100;

export type StepName = OperationStep['name'];

export class Operations {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  read(id: string): Operation | null {
    const row = this.#sql.exec('SELECT body FROM operation WHERE id = ?', id)[0];
    return row === undefined ? null : Operation.parse(JSON.parse(text(row, 'body')));
  }

  /** Begins an operation; the same id again changes nothing. */
  begin(id: Operation['id'], tenantId: Operation['tenantId'], kind: OperationKind, nowMs: number): Operation {
    const existing = this.read(id);
    if (existing) return existing;
    const operation: Operation = {
      id,
      tenantId,
      kind,
      startedAtMs: nowMs,
      finishedAtMs: null,
      steps: [],
      attempt: 1,
      error: null,
    };
    this.#write(operation);
    this.#sql.exec(
      // By rowid, the order in which they began: a clock that is set back must not forget the newest.
      'DELETE FROM operation WHERE finished = 1 AND rowid NOT IN (SELECT rowid FROM operation ORDER BY rowid DESC LIMIT ?)',
      keptMax,
    );
    return operation;
  }

  /** Starts `name` and ends, as done, the step that ran before it. Naming the running step again changes nothing. */
  step(id: string, name: StepName, nowMs: number): Operation | null {
    return this.#change(id, (operation) => {
      const last = operation.steps.at(-1);
      if (last?.name === name && last.endedAtMs === null) return null;
      const steps = operation.steps.map((s) => (s.endedAtMs === null ? { ...s, endedAtMs: nowMs, ok: true } : s));
      return { ...operation, steps: [...steps, { name, startedAtMs: nowMs, endedAtMs: null, ok: null }].slice(-32) };
    });
  }

  /** Puts better times on the steps that are known by now; the same again changes nothing. */
  refine(id: string, better: (steps: readonly OperationStep[]) => readonly OperationStep[]): Operation | null {
    return this.#change(id, (operation) => {
      const steps = [...better(operation.steps)];
      return JSON.stringify(steps) === JSON.stringify(operation.steps) ? null : { ...operation, steps };
    });
  }

  /** A step failed and the work starts over with the next attempt. */
  retry(id: string, nowMs: number): Operation | null {
    return this.#change(id, (operation) => ({
      ...operation,
      attempt: operation.attempt + 1,
      steps: operation.steps.map((s) => (s.endedAtMs === null ? { ...s, endedAtMs: nowMs, ok: false } : s)),
    }));
  }

  finish(id: string, nowMs: number, error: Operation['error'] = null): Operation | null {
    return this.#change(id, (operation) => ({
      ...operation,
      finishedAtMs: nowMs,
      error,
      steps: operation.steps.map((s) => (s.endedAtMs === null ? { ...s, endedAtMs: nowMs, ok: error === null } : s)),
    }));
  }

  /** Ids of operations that are under way, but for those of some kinds. */
  unfinished(besides: readonly OperationKind[] = []): string[] {
    const rows = this.#sql.exec('SELECT id, body FROM operation WHERE finished = 0 ORDER BY rowid LIMIT 50');
    return rows
      .map((row) => Operation.parse(JSON.parse(text(row, 'body'))))
      .filter((operation) => !besides.includes(operation.kind))
      .map((operation) => operation.id);
  }

  #change(id: string, change: (operation: Operation) => Operation | null): Operation | null {
    const operation = this.read(id);
    if (!operation || operation.finishedAtMs !== null) return null;
    const next = change(operation);
    if (next === null) return null;
    this.#write(next);
    return next;
  }

  #write(operation: Operation): void {
    this.#sql.exec(
      'INSERT INTO operation (id, started_at_ms, finished, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET finished = excluded.finished, body = excluded.body',
      operation.id,
      operation.startedAtMs,
      operation.finishedAtMs === null ? 0 : 1,
      JSON.stringify(operation),
    );
  }
}
