// An upload's bytes in workerd: taken part by part through the RPC door, sealed in R2, read back whole.

import { runInDurableObject } from 'cloudflare:test';
import { beforeAll, expect, it } from 'vitest';
import { openImport } from '../../../apps/tenant-worker/src/adapters/import-objects.ts';
import { OperationId, TenantId } from '../../../apps/control-plane/src/contract/ids.ts';
import { importPartBytes } from '../../../apps/control-plane/src/contract/imports.ts';
import { bindings, change, control, dataKeyOf, provisioned, refOf } from './support/provisioned.ts';

const ref = refOf('3', 'mira-2b8d');
const id = `imp_${'1'.repeat(26)}`;
const bytes = importPartBytes + 1000;
const prefix = `tenants/${ref.tenantId}/imports/${id}/`;
const operationId = OperationId.parse(`op_${'9'.repeat(26)}`);

let dataKey: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  await provisioned(ref);
  // A tenant at rest takes uploads.
  await change(ref, () => ({ state: { kind: 'asleep', incarnation: 1, sinceMs: 1 } }));
  dataKey = await dataKeyOf(ref);
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
