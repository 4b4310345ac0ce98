// Snapshots in workerd with its R2: inventories sealed to one snapshot of one tenant, the list and the comparison through
// the RPC door, removal that leaves nothing behind.

import { beforeAll, describe, expect, it } from 'vitest';
import type { Inventory } from '../../../container/keeper/inventory-contract.ts';
import { readInventory, storeInventory } from '../../../apps/tenant-worker/src/adapters/snapshot-inventory.ts';
import {
  inventoryKeyOf,
  putSnapshotData,
  r2SnapshotObjects,
} from '../../../apps/tenant-worker/src/adapters/snapshot-objects.ts';
import { SnapshotIndex } from '../../../apps/tenant-worker/src/modules/snapshots.ts';
import { TenantId } from '../../../apps/control-plane/src/contract/ids.ts';
import { bindings, control, dataKeyOf, inside, provisioned, refOf } from './support/provisioned.ts';

const ref = refOf('2', 'snap-7f3k');
const idOf = (n: number): string => String(n).padStart(26, '0');

function inventory(items: Inventory['items'], titles: readonly string[] = []): Inventory {
  const sessions = titles.map((title) => ({ id: title, title, updatedAtMs: 1, messages: 1 }));
  const counts = { files: items.length, bytes: items.length, sessionCount: titles.length, cronJobs: 0 };
  return { v: 1, listing: 'files', items, sessions, ...counts, config: { agents: 'a'.repeat(64) } };
}
const item = (path: string, char = 'a') => ({ path, bytes: 1, sha256: char.repeat(64), files: 1 });

let dataKey: Uint8Array<ArrayBuffer>;

async function make(n: number, held: Inventory | null): Promise<string> {
  const id = idOf(n);
  await putSnapshotData(bindings.SNAPSHOTS, ref.tenantId, id, new Blob(['sealed']).stream());
  if (held !== null) await storeInventory(bindings.SNAPSHOTS, { ...ref, id, incarnation: 1, dataKey }, held);
  await inside(ref, (sql) => {
    const index = new SnapshotIndex(sql);
    index.begin({ id, incarnation: 1, release: '2026.9.6', why: 'sleep', begunAtMs: 1_700_000_000_000 + n });
    const counts = { bytes: 6, sha256: 'x', files: 1, completedAtMs: 1_700_000_001_000 };
    index.complete(id, { ...counts, inventory: held !== null, sessions: 1, cronJobs: 0 });
  });
  return id;
}

beforeAll(async () => {
  await provisioned(ref);
  dataKey = await dataKeyOf(ref);
  await make(1, null);
  await make(2, inventory([item('a'), item('b')], ['Holiday']));
  await make(3, inventory([item('a', 'c'), item('d')], ['Holiday', 'Taxes']));
});

describe('an inventory', () => {
  it('is sealed: to its snapshot, its run and its tenant', async () => {
    const which = { ...ref, id: idOf(2), incarnation: 1, dataKey };
    expect((await readInventory(bindings.SNAPSHOTS, which))?.items).toHaveLength(2);
    await expect(readInventory(bindings.SNAPSHOTS, { ...which, incarnation: 2 })).rejects.toThrow('does not verify');
    const otherKey = { ...which, dataKey: new Uint8Array(32) };
    await expect(readInventory(bindings.SNAPSHOTS, otherKey)).rejects.toThrow('does not verify');
    const stored = await bindings.SNAPSHOTS.get(inventoryKeyOf(ref.tenantId, idOf(2)));
    const bytes = new Uint8Array((await stored?.arrayBuffer()) ?? new ArrayBuffer(0));
    expect(new TextDecoder().decode(bytes)).not.toContain('Holiday');
    // Put under another snapshot's name it does not open there.
    await bindings.SNAPSHOTS.put(inventoryKeyOf(ref.tenantId, idOf(9)), bytes);
    await expect(readInventory(bindings.SNAPSHOTS, { ...which, id: idOf(9) })).rejects.toThrow('does not verify');
    expect(await readInventory(bindings.SNAPSHOTS, { ...which, id: idOf(8) })).toBeNull();
  });

  it('that was changed is refused', async () => {
    const which = { ...ref, id: idOf(7), incarnation: 1, dataKey };
    await storeInventory(bindings.SNAPSHOTS, which, inventory([item('a')]));
    const key = inventoryKeyOf(ref.tenantId, idOf(7));
    const bytes = new Uint8Array((await (await bindings.SNAPSHOTS.get(key))?.arrayBuffer()) ?? new ArrayBuffer(0));
    bytes[bytes.length - 20] = (bytes[bytes.length - 20] ?? 0) ^ 1;
    await bindings.SNAPSHOTS.put(key, bytes);
    await expect(readInventory(bindings.SNAPSHOTS, which)).rejects.toThrow('does not verify');
  });
});

describe('the snapshots of a tenant', () => {
  it('are listed, newest first, with what the next start goes on from', async () => {
    const listed = await control.snapshots(ref);
    if (!listed.ok) throw new Error(listed.error.code);
    expect(listed.value.items.map(({ id, current, inventory: held }) => [id, current, held])).toEqual([
      [idOf(3), true, true],
      [idOf(2), false, true],
      [idOf(1), false, false],
    ]);
  });

  it('are compared: what restoring one would change', async () => {
    const answer = await control.snapshotChanges({ ...ref, snapshotId: idOf(2) });
    expect(answer).toMatchObject({
      ok: true,
      value: {
        against: idOf(3),
        changes: {
          files: { added: { first: ['b'] }, changed: { first: ['a'] }, removed: { first: ['d'] } },
          sessions: { removed: { first: ['Taxes'] } },
          configKeys: [],
        },
      },
    });
  });

  it.each([
    [1, 'snapshot_without_inventory'],
    [6, 'snapshot_unknown'],
  ])('number %d cannot be compared: %s', async (n, code) => {
    expect(await control.snapshotChanges({ ...ref, snapshotId: idOf(n) })).toMatchObject({
      ok: false,
      error: { code },
    });
  });

  it('are protected and freed again', async () => {
    const protect = (wanted: boolean) => control.changeSnapshot({ ...ref, snapshotId: idOf(1), protected: wanted });
    expect(await protect(true)).toMatchObject({ ok: true, value: { protection: 'customer' } });
    expect(await protect(false)).toMatchObject({ ok: true, value: { protection: null } });
  });

  it('are nobody else’s', async () => {
    const foreign = { ...ref, tenantId: TenantId.parse(`ten_${'3'.repeat(26)}`) };
    for (const answer of [
      await control.snapshots(foreign),
      await control.snapshotChanges({ ...foreign, snapshotId: idOf(2) }),
      await control.changeSnapshot({ ...foreign, snapshotId: idOf(2), protected: true }),
    ])
      expect(answer).toMatchObject({ ok: false, error: { code: 'tenant_unknown' } });
  });

  it('leave nothing behind when they are removed', async () => {
    const objects = r2SnapshotObjects(bindings.SNAPSHOTS);
    await make(20, inventory([item('a')]));
    await objects.putManifest(ref.tenantId, idOf(20), {});
    const prefix = `tenants/${ref.tenantId}/snapshots/${idOf(20)}/`;
    expect((await bindings.SNAPSHOTS.list({ prefix })).objects).toHaveLength(3);
    await objects.remove(ref.tenantId, idOf(20));
    expect((await bindings.SNAPSHOTS.list({ prefix })).objects).toHaveLength(0);
  });
});
