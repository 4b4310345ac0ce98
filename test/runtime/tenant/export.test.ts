// The export's bytes in workerd: opened from R2, spliced, sent through the RPC door, to the byte and in bounded memory.

import { beforeAll, describe, expect, it } from 'vitest';
import { snapshotKey } from '../../../apps/tenant-worker/src/adapters/cell-keys.ts';
import { seal } from '../../../apps/tenant-worker/src/adapters/sealed-stream.ts';
import { putSnapshotData } from '../../../apps/tenant-worker/src/adapters/snapshot-objects.ts';
import { SnapshotIndex } from '../../../apps/tenant-worker/src/modules/snapshots.ts';
import { TenantId } from '../../../apps/control-plane/src/contract/ids.ts';
import { bindings, control, dataKeyOf, inside, provisioned, refOf } from './support/provisioned.ts';

const ref = refOf('1', 'nora-7f3k');
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
  const dataKey = await dataKeyOf(ref);
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
  await inside(ref, (sql) => {
    const index = new SnapshotIndex(sql);
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
  await provisioned(ref);
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
