/** Putting a file back as the tenant sees it: when it may, what is remembered, where a cut leaves it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openNodeSql, type NodeSql } from '../../../../test/support/node-sql.ts';
import { awake } from '../../../../test/support/plan-input.ts';
import type { TenantState } from '../core/lifecycle/state.ts';
import { FILE_PUT_MIGRATIONS, FilePuts } from '../modules/file-puts.ts';
import { migrate } from '../modules/migrate.ts';
import { beginPut, beginUndo, endPut, inventoryPlan } from './snapshot-files.ts';
import type { FileParts } from './snapshot-files.ts';

const snapshotId = '1'.repeat(26);
const idOf = (n: number): string => `put_${String(n).padStart(26, '0')}`;
const about = (n: number) => ({ id: idOf(n), snapshotId, path: `workspace/${n}.md` });

let sql: NodeSql;
let filePuts: FilePuts;
let state: TenantState;
let parts: FileParts;
const sealedWith = (id: string) => ({ kid: 'k1', wrapped: '', context: id });
beforeEach(() => {
  sql = openNodeSql();
  migrate(sql, FILE_PUT_MIGRATIONS, 0);
  filePuts = new FilePuts(sql);
  state = awake;
  const held = { id: snapshotId, incarnation: 2, inventory: true };
  const wrappedDataKey = { kid: 'k1', wrapped: '' };
  parts = {
    store: { read: () => ({ tenantId: 'ten1', state, wrappedDataKey }) },
    stateKeys: { toOpen: (_owner, id) => sealedWith(id) },
    snapshots: { get: (id) => (id === snapshotId ? held : null), newest: () => ({ ...held, inventory: false }) },
    filePuts,
    clock: { nowMs: () => 7 },
  };
});
afterEach(() => sql.close());

describe('putting a file back', () => {
  it('is written down before it is done, and names the run that may be written to', () => {
    expect(beginPut(parts, about(1))).toMatchObject({ ok: true, value: { incarnation: 3 } });
    expect(filePuts.list()).toEqual([{ ...about(1), atMs: 7, stage: 'putting', replaced: null }]);
    expect(endPut(filePuts, idOf(1), { kind: 'put', replaced: true })).toMatchObject({
      ok: true,
      value: { stage: 'done', replaced: true },
    });
  });

  it('needs an awake assistant and a snapshot; nothing is written down without', () => {
    expect(beginPut(parts, { ...about(1), snapshotId: '2'.repeat(26) })).toMatchObject({
      error: { code: 'snapshot_unknown' },
    });
    state = { kind: 'draining', incarnation: 3, sinceMs: 0, then: 'asleep', attempt: 1 } as TenantState;
    expect(beginPut(parts, about(1))).toMatchObject({ error: { code: 'tenant_not_startable' } });
    expect(filePuts.list()).toEqual([]);
  });

  it('again, after a cut or a refusal, goes on; after it was done it changes nothing', () => {
    beginPut(parts, about(1));
    expect(beginPut(parts, about(1))).toMatchObject({ value: { put: { stage: 'putting' } } });
    endPut(filePuts, idOf(1), { kind: 'put_refused' });
    expect(filePuts.get(idOf(1))?.stage).toBe('refused');
    expect(beginPut(parts, about(1))).toMatchObject({ value: { put: { stage: 'putting' } } });
    endPut(filePuts, idOf(1), { kind: 'put', replaced: false });
    expect(beginPut(parts, about(1))).toMatchObject({ value: { put: { stage: 'done' } } });
    expect(filePuts.list()).toHaveLength(1);
  });

  it('is remembered five times', () => {
    for (let n = 1; n <= 7; n++) beginPut(parts, about(n));
    expect(filePuts.list().map(({ id }) => id)).toEqual([7, 6, 5, 4, 3].map(idOf));
  });
});

describe('undoing it', () => {
  it('goes by the same steps, can be repeated, and is not of what was refused or is not known', () => {
    beginPut(parts, about(1));
    endPut(filePuts, idOf(1), { kind: 'put', replaced: true });
    expect(beginUndo(parts, idOf(1)).ok).toBe(true);
    expect(filePuts.get(idOf(1))?.stage).toBe('undoing');
    expect(beginUndo(parts, idOf(1)).ok).toBe(true);
    endPut(filePuts, idOf(1), { kind: 'undone' });
    expect(beginUndo(parts, idOf(1))).toMatchObject({ value: { put: { stage: 'undone' } } });
    beginPut(parts, about(2));
    endPut(filePuts, idOf(2), { kind: 'put_refused' });
    for (const id of [idOf(2), idOf(9)])
      expect(beginUndo(parts, id)).toMatchObject({ error: { code: 'snapshot_file_unknown' } });
  });

  it('that the keeper refuses leaves it done', () => {
    beginPut(parts, about(1));
    beginUndo(parts, idOf(1));
    expect(endPut(filePuts, idOf(1), { kind: 'undo_refused' })).toMatchObject({ value: { stage: 'done' } });
  });

  it('of a put that was cut off is there too: the keeper knows how far it came', () => {
    beginPut(parts, about(1));
    expect(beginUndo(parts, idOf(1)).ok).toBe(true);
  });
});

it('each inventory is opened with the key that its own snapshot was sealed with', () => {
  const newest = { id: '2'.repeat(26), incarnation: 3, inventory: true };
  const of = ({ id, incarnation }: typeof newest) => ({ id, incarnation, stateKey: sealedWith(id) });
  const chosen = { ...newest, id: snapshotId, incarnation: 2 };
  expect(inventoryPlan({ ...parts, snapshots: { ...parts.snapshots, newest: () => newest } }, snapshotId)).toEqual({
    ok: true,
    value: { chosen: of(chosen), newest: of(newest) },
  });
});

it('a newest snapshot without a list is not compared with', () => {
  expect(inventoryPlan(parts, snapshotId)).toMatchObject({ ok: true, value: { newest: null } });
});
