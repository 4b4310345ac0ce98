// An upload's bytes in workerd: taken part by part through the RPC door, sealed in R2, read back whole.

import { runInDurableObject } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { beforeAll, expect, it } from 'vitest';
import { CellKeys } from '../../../apps/tenant-worker/src/adapters/cell-keys.ts';
import { durableObjectSql } from '../../../apps/tenant-worker/src/adapters/do-sql.ts';
import { openImport } from '../../../apps/tenant-worker/src/adapters/import-objects.ts';
import type { Env } from '../../../apps/tenant-worker/src/env.ts';
import { TenantStore } from '../../../apps/tenant-worker/src/modules/tenant-store.ts';
import { OperationId, TenantId } from '../../../apps/control-plane/src/contract/ids.ts';
import { importPartBytes } from '../../../apps/control-plane/src/contract/imports.ts';
import type { TenantControl } from '../../../apps/control-plane/src/contract/tenant-rpc.ts';

const bindings = env as unknown as Env;
const { TenantControl: control } = exports as unknown as { TenantControl: TenantControl };

const ref = { tenantId: TenantId.parse(`ten_${'3'.repeat(26)}`), slug: 'mira-2b8d' };
const id = `imp_${'1'.repeat(26)}`;
const bytes = importPartBytes + 1000;
const prefix = `tenants/${ref.tenantId}/imports/${id}/`;
const operationId = OperationId.parse(`op_${'9'.repeat(26)}`);

let dataKey: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  await control.provision({
    ...ref,
    generation: 1,
    operationId: OperationId.parse(`op_${'1'.repeat(26)}`),
    spec: {
      displayName: 'Mira',
      desired: 'active',
      members: [{ userId: 'usr_1', role: 'owner' }],
      release: '2026.9.6',
      pinned: false,
      size: { vcpu: 1, memoryMib: 3072, diskMb: 4000 },
      idleSleepMs: 600_000,
      keepAwake: false,
      models: { primary: 'a/b', utility: 'a/b' },
      aiCapNanoUsdPerMonth: 0,
    },
  });
  const stub = bindings.TENANT.getByName(ref.slug);
  const wrapped = await runInDurableObject(stub, (_object, state) => {
    const store = new TenantStore(durableObjectSql(state.storage));
    const record = store.read();
    if (record === null) throw new Error('no tenant');
    // There are no containers here; a tenant at rest takes uploads.
    store.write({ ...record, state: { kind: 'asleep', incarnation: 1, sinceMs: 1 } });
    return record.wrappedDataKey;
  });
  dataKey = await new CellKeys(bindings.CELL_KEYS).unwrapDataKey(ref.tenantId, wrapped);
});

const part = (n: number, content: Uint8Array, of = id) => control.imports({ ...ref, do: 'part', id: of, n, content });
const first = new Uint8Array(importPartBytes).map((_, i) => i % 253);
const last = new Uint8Array(1000).fill(7);

it('takes parts in order, each of its length, and a repeated one as the same', async () => {
  const created = await control.imports({ ...ref, do: 'create', id, fileName: 'openclaw.tar.gz', bytes });
  expect(created).toMatchObject({ ok: true, value: { imports: [{ id, nextPart: 0, state: 'uploading' }] } });
  expect(await part(1, last)).toMatchObject({ ok: false, error: { code: 'import_part_unexpected' } });
  expect(await part(0, last)).toMatchObject({ ok: false, error: { code: 'import_part_unexpected' } });
  expect(await part(0, first, `imp_${'2'.repeat(26)}`)).toMatchObject({ error: { code: 'import_unknown' } });
  expect(await part(0, first)).toMatchObject({ ok: true, value: { imports: [{ nextPart: 1 }] } });
  expect(await part(0, first)).toMatchObject({ ok: true, value: { imports: [{ nextPart: 1 }] } });
  const early = await control.imports({ ...ref, do: 'start', id, operationId });
  expect(early).toMatchObject({ ok: false, error: { code: 'import_not_startable' } });
  expect(await part(1, last)).toMatchObject({ ok: true, value: { imports: [{ nextPart: 2 }] } });
  expect(await part(2, last)).toMatchObject({ error: { code: 'import_part_unexpected' } });
});

it('keeps them sealed, and gives them back whole, or not at all', async () => {
  const { objects } = await bindings.SNAPSHOTS.list({ prefix });
  expect(objects.map(({ key }) => key)).toEqual([`${prefix}00000.sealed`, `${prefix}00001.sealed`]);
  const stored = new Uint8Array((await (await bindings.SNAPSHOTS.get(`${prefix}00001.sealed`))?.arrayBuffer()) ?? []);
  expect(stored.subarray(-1000)).not.toEqual(last);
  const source = { tenantId: ref.tenantId, id, dataKey };
  const whole = new Uint8Array(await new Response(openImport(bindings.SNAPSHOTS, source, 2)).arrayBuffer());
  expect(whole.length).toBe(bytes);
  expect(whole.subarray(0, importPartBytes)).toEqual(first);
  expect(whole.subarray(importPartBytes)).toEqual(last);
  // A part in another's place is not taken for it.
  await bindings.SNAPSHOTS.put(`${prefix}00000.sealed`, stored);
  await expect(new Response(openImport(bindings.SNAPSHOTS, source, 2)).arrayBuffer()).rejects.toThrow(
    'does not verify',
  );
});

it('refuses what the disk cannot hold, a third upload, and another tenant', async () => {
  const create = (n: number, size: number) =>
    control.imports({ ...ref, do: 'create', id: `imp_${String(n).repeat(26)}`, fileName: 'x', bytes: size });
  expect(await create(4, 2_000_000_001)).toMatchObject({ ok: false, error: { code: 'import_too_large' } });
  expect(await create(5, 10)).toMatchObject({ ok: true });
  expect(await create(6, 10)).toMatchObject({ ok: false, error: { code: 'quota_reached' } });
  const foreign = { ...ref, tenantId: TenantId.parse(`ten_${'4'.repeat(26)}`) };
  expect(await control.imports({ ...foreign, do: 'list' })).toMatchObject({ error: { code: 'tenant_unknown' } });
});

it('removes the bytes of one that is taken back', async () => {
  expect(await control.imports({ ...ref, do: 'remove', id })).toMatchObject({ ok: true });
  const stub = bindings.TENANT.getByName(ref.slug);
  await runInDurableObject(stub, (object) => object.alarm());
  expect((await bindings.SNAPSHOTS.list({ prefix })).objects).toEqual([]);
});
