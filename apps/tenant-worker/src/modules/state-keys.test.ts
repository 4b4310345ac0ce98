import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openNodeSql, type NodeSql } from '../../../../test/support/node-sql.ts';
import { TenantId } from '../../../control-plane/src/contract/ids.ts';
import { CellKeys, toBase64 } from '../adapters/cell-keys.ts';
import { migrate } from './migrate.ts';
import { STATE_KEY_MIGRATIONS, StateKeys } from './state-keys.ts';

const k1 = toBase64(new Uint8Array(32).fill(1));
const k2 = toBase64(new Uint8Array(32).fill(2));
const both = new CellKeys(JSON.stringify({ current: 'k2', keys: { k1, k2 } }));
const old = new CellKeys(JSON.stringify({ current: 'k1', keys: { k1 } }));
const after = new CellKeys(JSON.stringify({ current: 'k2', keys: { k2 } }));
const tenantId = TenantId.parse(`ten_${'1'.repeat(26)}`);
const first = new Uint8Array(32).fill(9);

let sql: NodeSql;
let owner: { tenantId: typeof tenantId; wrappedDataKey: { kid: string; wrapped: string } };
beforeEach(async () => {
  sql = openNodeSql();
  migrate(sql, STATE_KEY_MIGRATIONS, 0);
  owner = { tenantId, wrappedDataKey: await old.wrapDataKey(tenantId, first) };
});
afterEach(() => sql.close());
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const opened = async (keys: StateKeys, id: string) => hex(await keys.open(keys.toOpen(owner, id)));

describe('the data key of a saved state', () => {
  it('is the newest when its saving begins, and the same from then on', async () => {
    const keys = new StateKeys(sql, old);
    keys.toSeal(owner, 'a');
    await keys.begin(tenantId, 'rot_1');
    keys.toSeal(owner, 'b');
    expect(await opened(keys, 'a')).toBe(hex(first));
    expect(await opened(keys, 'unsaid')).toBe(hex(first));
    const second = await opened(keys, 'b');
    expect(second).not.toBe(hex(first));
    await keys.begin(tenantId, 'rot_2');
    // Tried again after the rotation: of one key throughout.
    expect(hex(await keys.open(keys.toSeal(owner, 'b')))).toBe(second);
    expect(await opened(keys, 'b')).toBe(second);
  });

  it('is made once for each rotation, also when that is asked at once', async () => {
    const keys = new StateKeys(sql, old);
    await Promise.all([keys.begin(tenantId, 'rot_1'), keys.begin(tenantId, 'rot_1')]);
    await keys.begin(tenantId, 'rot_1');
    expect(sql.exec('SELECT version FROM state_key')).toEqual([{ version: 2 }]);
  });

  it('moves to a new ring key and opens by that alone', async () => {
    await new StateKeys(sql, old).begin(tenantId, 'rot_1');
    const keys = new StateKeys(sql, both);
    keys.toSeal(owner, 'b');
    const wanted = await opened(keys, 'b');
    await Promise.all([keys.rewrap(tenantId), keys.rewrap(tenantId)]);
    expect(keys.kids()).toEqual(['k2']);
    expect(await opened(new StateKeys(sql, after), 'b')).toBe(wanted);
  });

  it('goes when nothing is of it, but for the newest', async () => {
    const keys = new StateKeys(sql, old);
    for (const n of [1, 2, 3]) {
      await keys.begin(tenantId, `rot_${n}`);
      keys.toSeal(owner, `s${n}`);
    }
    keys.prune(new Set(['s2']));
    expect(sql.exec('SELECT version FROM state_key ORDER BY 1')).toEqual([{ version: 3 }, { version: 4 }]);
    keys.prune(new Set());
    expect(sql.exec('SELECT version FROM state_key')).toEqual([{ version: 4 }]);
  });

  it('that was swapped, relabelled or of another tenant is refused', async () => {
    const keys = new StateKeys(sql, both);
    await keys.begin(tenantId, 'rot_1');
    await keys.begin(tenantId, 'rot_2');
    keys.toSeal(owner, 'b');
    const rows = sql.exec('SELECT * FROM state_key ORDER BY version');
    sql.exec('UPDATE state_key SET wrapped = ? WHERE version = 3', rows[0]?.['wrapped'] ?? '');
    await expect(opened(keys, 'b')).rejects.toThrow();
    sql.exec('UPDATE state_key SET wrapped = ? WHERE version = 3', owner.wrappedDataKey.wrapped);
    await expect(opened(keys, 'b')).rejects.toThrow();
    sql.exec("UPDATE state_key SET wrapped = ?, kid = 'k1' WHERE version = 3", rows[1]?.['wrapped'] ?? '');
    await expect(opened(keys, 'b')).rejects.toThrow();
    sql.exec("UPDATE state_key SET kid = 'k2' WHERE version = 3");
    expect(await opened(keys, 'b')).toHaveLength(64);
    const foreign = { ...owner, tenantId: TenantId.parse(`ten_${'2'.repeat(26)}`) };
    await expect(keys.open(keys.toOpen(foreign, 'b'))).rejects.toThrow();
    await expect(keys.open(keys.toOpen(foreign, 'a'))).rejects.toThrow();
  });
});
