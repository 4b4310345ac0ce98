/** Operations: one body per id, steps in order and bounded, and nothing changes what is finished. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OperationId, TenantId, ulidFrom } from '../../../control-plane/src/contract/ids.ts';
import { openNodeSql, type NodeSql } from '../../../../test/support/node-sql.ts';
import { migrate } from './migrate.ts';
import { OPERATION_MIGRATIONS, Operations } from './operations.ts';

const tenantId = TenantId.parse(`ten_${ulidFrom(0, new Uint8Array(10))}`);
const id = (n: number): OperationId => OperationId.parse(`op_${ulidFrom(n, new Uint8Array(10))}`);
const error = { code: 'gateway_exit', detail: 'It ended.', next: 'Restart it.' };

let sql: NodeSql;
let operations: Operations;
beforeEach(() => {
  sql = openNodeSql();
  migrate(sql, OPERATION_MIGRATIONS, 0);
  operations = new Operations(sql);
});
afterEach(() => sql.close());

describe('an operation', () => {
  it('begins once under its id', () => {
    operations.begin(id(1), tenantId, 'wake', 10);
    operations.step(id(1), 'container', 20);
    expect(operations.begin(id(1), tenantId, 'sleep', 99)).toMatchObject({ kind: 'wake', startedAtMs: 10 });
    expect(operations.read(id(1))?.steps).toHaveLength(1);
  });

  it('ends the step before when the next begins, and keeps the one that is named again', () => {
    operations.begin(id(1), tenantId, 'wake', 0);
    operations.step(id(1), 'container', 10);
    expect(operations.step(id(1), 'container', 15)).toBeNull();
    operations.step(id(1), 'gateway', 20);
    expect(operations.read(id(1))?.steps).toEqual([
      { name: 'container', startedAtMs: 10, endedAtMs: 20, ok: true },
      { name: 'gateway', startedAtMs: 20, endedAtMs: null, ok: null },
    ]);
  });

  it('marks the step under way as failed when it is tried again', () => {
    operations.begin(id(1), tenantId, 'wake', 0);
    operations.step(id(1), 'container', 10);
    expect(operations.retry(id(1), 20)).toMatchObject({ attempt: 2 });
    operations.step(id(1), 'container', 30);
    expect(operations.read(id(1))?.steps.map((step) => step.ok)).toEqual([false, null]);
  });

  it.each([
    ['well', null, true],
    ['badly', error, false],
  ])('that ended %s says so, ends its step, and never changes again', (_how, withError, ok) => {
    operations.begin(id(1), tenantId, 'wake', 0);
    operations.step(id(1), 'gateway', 10);
    const finished = operations.finish(id(1), 20, withError);
    expect(finished).toMatchObject({ finishedAtMs: 20, error: withError });
    expect(finished?.steps.at(-1)).toMatchObject({ endedAtMs: 20, ok });
    expect(operations.step(id(1), 'health', 30)).toBeNull();
    expect(operations.retry(id(1), 30)).toBeNull();
    expect(operations.finish(id(1), 30, error)).toBeNull();
    expect(operations.begin(id(1), tenantId, 'sleep', 40)).toEqual(finished);
    expect(operations.read(id(1))).toEqual(finished);
  });

  it('that is not known is changed by nothing', () => {
    expect([operations.step(id(1), 'stop', 0), operations.retry(id(1), 0), operations.finish(id(1), 0)]).toEqual([
      null,
      null,
      null,
    ]);
    expect(operations.read(id(1))).toBeNull();
  });

  it('keeps the last 32 steps, as its contract allows', () => {
    operations.begin(id(1), tenantId, 'wake', 0);
    for (let i = 0; i < 100; i++) operations.step(id(1), i % 2 === 0 ? 'container' : 'gateway', i);
    expect(operations.read(id(1))?.steps).toHaveLength(32);
    expect(operations.read(id(1))?.steps.at(-1)?.startedAtMs).toBe(99);
  });
});

describe('all operations', () => {
  it('that are under way are named, oldest first', () => {
    for (const n of [1, 2, 3]) operations.begin(id(n), tenantId, 'wake', 100 - n);
    operations.finish(id(2), 200);
    expect(operations.unfinished()).toEqual([id(1), id(3)]);
  });

  it('are bounded: the newest hundred that ended, and every one under way, by order and not by clock', () => {
    operations.begin(id(0), tenantId, 'wake', 0);
    for (let n = 1; n <= 150; n++) {
      // A clock that runs backwards.
      operations.begin(id(n), tenantId, 'wake', 10_000 - n);
      operations.finish(id(n), 10_000);
    }
    expect(operations.read(id(0))).not.toBeNull();
    expect(operations.read(id(150))).not.toBeNull();
    expect(operations.read(id(60))).not.toBeNull();
    expect(operations.read(id(40))).toBeNull();
  });
});
