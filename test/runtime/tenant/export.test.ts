// The export's bytes in workerd: opened from R2, spliced, sent through the RPC door, to the byte and in bounded memory.

import { runInDurableObject } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { CellKeys, snapshotKey } from '../../../apps/tenant-worker/src/adapters/cell-keys.ts';
import { durableObjectSql } from '../../../apps/tenant-worker/src/adapters/do-sql.ts';
import { seal } from '../../../apps/tenant-worker/src/adapters/sealed-stream.ts';
import { putSnapshotData } from '../../../apps/tenant-worker/src/adapters/snapshot-objects.ts';
import type { Env } from '../../../apps/tenant-worker/src/env.ts';
import { SnapshotIndex } from '../../../apps/tenant-worker/src/modules/snapshots.ts';
import { TenantStore } from '../../../apps/tenant-worker/src/modules/tenant-store.ts';
import { OperationId, TenantId } from '../../../apps/control-plane/src/contract/ids.ts';
import type { TenantControl } from '../../../apps/control-plane/src/contract/tenant-rpc.ts';

const bindings = env as unknown as Env;
const { TenantControl: control } = exports as unknown as { TenantControl: TenantControl };

const ref = { tenantId: TenantId.parse(`ten_${'1'.repeat(26)}`), slug: 'nora-7f3k' };
const ids = { old: `${'0'.repeat(25)}1`, large: `${'0'.repeat(25)}2` };
const blockBytes = 128 * 1024;
const blocks = 512;

/** A zstd frame of raw blocks, 64 MiB of them, made as it is read. */
function frame(count: number, onPart: (part: Uint8Array) => void): ReadableStream<Uint8Array> {
  let next = -1;
  return new ReadableStream({
    pull(controller) {
      let part = Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x58]);
      if (next >= 0) {
        const header = (blockBytes << 3) | (next === count - 1 ? 1 : 0);
        part = new Uint8Array(3 + blockBytes).fill(next % 251);
        part.set([header & 0xff, (header >> 8) & 0xff, (header >> 16) & 0xff]);
      }
      next++;
      onPart(part);
      controller.enqueue(part);
      if (next === count) controller.close();
    },
  });
}

async function store(id: string, incarnation: number, count: number): Promise<{ tail: string; bytes: number }> {
  const stub = bindings.TENANT.getByName(ref.slug);
  const wrapped = await runInDurableObject(stub, (_object, state) => {
    const record = new TenantStore(durableObjectSql(state.storage)).read();
    if (record === null) throw new Error('no tenant');
    return record.wrappedDataKey;
  });
  const dataKey = await new CellKeys(bindings.CELL_KEYS).unwrapDataKey(ref.tenantId, wrapped);
  const digest = new crypto.DigestStream('SHA-256');
  const writer = digest.getWriter();
  let bytes = 0;
  const sealed = seal(
    frame(count, () => undefined),
    await snapshotKey(dataKey, id),
    ['snapshot', ref.tenantId, id, incarnation],
    async (chunk) => {
      await writer.write(bytes === 0 ? chunk.subarray(6) : chunk);
      bytes += chunk.length;
    },
  );
  await putSnapshotData(bindings.SNAPSHOTS, ref.tenantId, id, sealed);
  await writer.close();
  await runInDurableObject(stub, (_object, state) => {
    const index = new SnapshotIndex(durableObjectSql(state.storage));
    index.begin({ id, incarnation, release: '2026.9.6', why: 'sleep', begunAtMs: 1_700_000_000_000 });
    index.complete(id, { bytes, sha256: 'x', files: 1, completedAtMs: 1_700_000_001_000 });
  });
  return { tail: hex(await digest.digest), bytes };
}

const hex = (buffer: ArrayBuffer): string => [...new Uint8Array(buffer)].map((b) => b.toString(16)).join();

async function exportOf(snapshotId: string | null) {
  const answer = await control.exportState({ ...ref, snapshotId });
  if (!answer.ok) throw new Error(answer.error.code);
  const { content, ...about } = answer.value;
  if (!(content instanceof ReadableStream)) throw new Error('no stream');
  return { ...about, content: content as ReadableStream<Uint8Array> };
}

let large: { tail: string; bytes: number };
beforeAll(async () => {
  const provisioned = await control.provision({
    ...ref,
    generation: 1,
    operationId: OperationId.parse(`op_${'1'.repeat(26)}`),
    spec: {
      displayName: 'Nora',
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
  expect(provisioned.ok).toBe(true);
  expect(await control.exportState({ ...ref, snapshotId: null })).toMatchObject({
    error: { code: 'export_nothing_saved' },
  });
  await store(ids.old, 1, 2);
  large = await store(ids.large, 2, blocks);
});

describe('an export', () => {
  it('is the newest snapshot to the byte, behind the README, as long as it says', async () => {
    const { content, bytes, fileName, snapshotId } = await exportOf(null);
    expect(snapshotId).toBe(ids.large);
    expect(fileName).toBe('nora-7f3k-2023-11-14-2213.tar.zst');
    const skip = bytes - (large.bytes - 6);
    expect(skip).toBeLessThan(64 * 1024);
    const digest = new crypto.DigestStream('SHA-256');
    const writer = digest.getWriter();
    let head = '';
    let read = 0;
    for await (const chunk of content) {
      if (read < skip) head += new TextDecoder('latin1').decode(chunk.subarray(0, skip - read));
      const own = chunk.subarray(Math.max(0, skip - read));
      read += chunk.length;
      if (own.length > 0) await writer.write(own);
    }
    await writer.close();
    expect(read).toBe(bytes);
    expect(head).toContain(`tidepool-export-${ids.large}/README.md`);
    expect(hex(await digest.digest)).toBe(large.tail);
  });

  it('can be of an earlier snapshot, and not of one that is not there', async () => {
    const { content, snapshotId } = await exportOf(ids.old);
    expect(snapshotId).toBe(ids.old);
    await content.cancel('enough');
    const unknown = await control.exportState({ ...ref, snapshotId: '0'.repeat(26) });
    expect(unknown).toMatchObject({ ok: false, error: { code: 'snapshot_unknown' } });
  });

  it('stays with its tenant: another at the same address is not there', async () => {
    const foreign = { ...ref, tenantId: TenantId.parse(`ten_${'2'.repeat(26)}`) };
    expect(await control.exportState({ ...foreign, snapshotId: null })).toMatchObject({
      ok: false,
      error: { code: 'tenant_unknown' },
    });
  });

  it('that is damaged in its middle breaks off before its length; damaged at its start, it never begins', async () => {
    const key = `tenants/${ref.tenantId}/snapshots/${ids.large}/data.tar.zst.sealed`;
    const stored = new Uint8Array((await (await bindings.SNAPSHOTS.get(key))?.arrayBuffer()) ?? new ArrayBuffer(0));
    const flip = async (at: number): Promise<void> => {
      const bad = stored.slice();
      bad[at] = (bad[at] ?? 0) ^ 1;
      await bindings.SNAPSHOTS.put(key, bad);
    };
    await flip(40 * 1024 * 1024);
    const { content, bytes } = await exportOf(null);
    let read = 0;
    await expect(
      (async () => {
        for await (const chunk of content) read += chunk.length;
      })(),
    ).rejects.toThrow();
    expect(read).toBeLessThan(bytes);
    await flip(100);
    const refused = await control.exportState({ ...ref, snapshotId: null });
    expect(refused).toMatchObject({ ok: false, error: { code: 'export_unreadable' } });
    await bindings.SNAPSHOTS.delete(key);
    expect(await control.exportState({ ...ref, snapshotId: null })).toMatchObject({
      error: { code: 'export_unreadable' },
    });
  });
});
