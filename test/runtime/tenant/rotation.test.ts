// A rotation of the cell's keys in the middle of traffic, in workerd with its SQLite and R2: secrets are stored and used,
// snapshots' inventories sealed and opened, by objects of the old and of the new ring, while every key is moved and new
// ones begin. Nothing fails, and in the end the old ring key opens nothing and is needed by nobody.

import { runInDurableObject } from 'cloudflare:test';
import { beforeAll, expect, it } from 'vitest';
import type { SecretUse } from '../../../apps/control-plane/src/contract/secrets.ts';
import { CellKeys, toBase64 } from '../../../apps/tenant-worker/src/adapters/cell-keys.ts';
import { durableObjectSql } from '../../../apps/tenant-worker/src/adapters/do-sql.ts';
import { readInventory, storeInventory } from '../../../apps/tenant-worker/src/adapters/snapshot-inventory.ts';
import { Imports } from '../../../apps/tenant-worker/src/modules/imports.ts';
import { SnapshotIndex } from '../../../apps/tenant-worker/src/modules/snapshots.ts';
import { StateKeys } from '../../../apps/tenant-worker/src/modules/state-keys.ts';
import { TenantStore } from '../../../apps/tenant-worker/src/modules/tenant-store.ts';
import { Vault } from '../../../apps/tenant-worker/src/modules/vault.ts';
import { rotateStep } from '../../../apps/tenant-worker/src/services/key-rotation.ts';
import { bindings, provisioned, refOf } from './support/provisioned.ts';

const ref = refOf('5', 'turning-7f3k');
const use: SecretUse = { kind: 'channel_token', channel: 'telegram' };

const { keys } = JSON.parse(bindings.CELL_KEYS) as { keys: { k1: string } };
const k2 = toBase64(new Uint8Array(32).fill(7));
const before = new CellKeys(JSON.stringify({ current: 'k1', keys: { ...keys, k2 } }));
const during = new CellKeys(JSON.stringify({ current: 'k2', keys: { ...keys, k2 } }));
const after = new CellKeys(JSON.stringify({ current: 'k2', keys: { k2 } }));

beforeAll(async () => {
  await provisioned(ref);
});

it('fails nothing, loses nothing, and leaves nothing on the old key', async () => {
  await runInDurableObject(bindings.TENANT.getByName(ref.slug), async (_object, state) => {
    const sql = durableObjectSql(state.storage);
    const store = new TenantStore(sql);
    const snapshots = new SnapshotIndex(sql);
    const imports = new Imports(sql);
    const withRing = (ring: CellKeys) => {
      const vault = new Vault(sql, ring, () => ref.tenantId);
      return { store, snapshots, imports, vault, stateKeys: new StateKeys(sql, ring) };
    };
    const rings = [withRing(before), withRing(during)];
    const owner = () => {
      const record = store.read();
      if (record === null) throw new Error('no tenant');
      return record;
    };
    const stored = new Map<string, string>();
    const saved: string[] = [];
    let moved = 0;

    const keepSecret = async (n: number): Promise<void> => {
      const { vault } = rings[n % 2] ?? withRing(during);
      const [name, plain] = [`s${n % 20}`, `value-${n}-0123456789`];
      const view = await vault.put({ name, use, plain }, { byUserId: 'usr1', nowMs: n });
      if (view === null) throw new Error('no room');
      // A later one may have taken the name; what is there opens.
      const current = vault.list().find((secret) => secret.name === name);
      const opened = current === undefined ? null : await vault.open(name, current.version, n);
      if (current?.version === view.version) expect([plain, null]).toContain(opened);
      stored.set(name, plain);
    };
    const saveSnapshot = async (n: number): Promise<void> => {
      const { stateKeys } = rings[n % 2] ?? withRing(during);
      const id = String(n).padStart(26, '0');
      snapshots.begin({ id, incarnation: 1, release: '2026.9.6', why: 'periodic', begunAtMs: n });
      const about = { tenantId: ref.tenantId, id, incarnation: 1 };
      const dataKey = await stateKeys.open(stateKeys.toSeal(owner(), id));
      const counts = { files: 0, bytes: n, sessionCount: 0, cronJobs: 0 };
      const inventory = { v: 1 as const, listing: 'files' as const, items: [], sessions: [], ...counts, config: {} };
      await storeInventory(bindings.SNAPSHOTS, { ...about, dataKey }, inventory);
      saved.push(id);
      const again = await stateKeys.open(stateKeys.toOpen(owner(), id));
      expect(await readInventory(bindings.SNAPSHOTS, { ...about, dataKey: again })).toMatchObject({ bytes: n });
    };
    const turn = async (n: number): Promise<void> => {
      await rotateStep(withRing(during), during, { rotationId: `rot_${n % 3}`, newDataKey: n % 4 === 0 });
      moved++;
    };
    // Each kind of work in sequence with itself, all of them at once.
    const inTurn = async (count: number, work: (n: number) => Promise<void>) => {
      for (let n = 0; n < count; n++) await work(n);
    };
    await Promise.all([
      inTurn(60, keepSecret),
      inTurn(60, (n) => keepSecret(n + 7)),
      inTurn(24, saveSnapshot),
      inTurn(40, turn),
      inTurn(40, (n) => turn(n + 1)),
    ]);
    let step = await rotateStep(withRing(during), during, { rotationId: 'rot_0', newDataKey: false });
    for (let more = 0; step.left > 0 && more < 50; more++) {
      step = await rotateStep(withRing(during), during, { rotationId: 'rot_0', newDataKey: false });
    }
    expect([moved, step]).toEqual([80, { left: 0, kid: 'k2', kids: ['k2'] }]);

    const { vault, stateKeys } = withRing(after);
    expect(
      vault
        .list()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual([...stored.keys()].toSorted());
    for (const { name, version } of vault.list()) expect(await vault.open(name, version, 0)).toMatch(/^value-/);
    for (const id of saved) {
      const dataKey = await stateKeys.open(stateKeys.toOpen(owner(), id));
      const found = await readInventory(bindings.SNAPSHOTS, { tenantId: ref.tenantId, id, incarnation: 1, dataKey });
      expect(found).not.toBeNull();
    }
    const onlyOld = withRing(new CellKeys(JSON.stringify({ current: 'k1', keys })));
    const [some] = vault.list();
    await expect(onlyOld.vault.open(some?.name ?? '', some?.version ?? 0, 0)).rejects.toThrow('k2');
  });
});
