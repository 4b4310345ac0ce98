// One file out of a snapshot in workerd, through the RPC door: a real archive, packed as the keeper packs it, sealed in R2,
// with workerd's own zstd. What is foreign, damaged or not there is refused, and nothing wakes.

import * as zlib from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Inventory } from '../../../container/keeper/inventory-contract.ts';
import { snapshotKey } from '../../../apps/tenant-worker/src/adapters/cell-keys.ts';
import { seal } from '../../../apps/tenant-worker/src/adapters/sealed-stream.ts';
import { storeInventory } from '../../../apps/tenant-worker/src/adapters/snapshot-inventory.ts';
import { putSnapshotData } from '../../../apps/tenant-worker/src/adapters/snapshot-objects.ts';
import { tarFiles } from '../../../apps/tenant-worker/src/core/export/tar-file.ts';
import { SnapshotIndex } from '../../../apps/tenant-worker/src/modules/snapshots.ts';
import { bindings, control, dataKeyOf, inside, provisioned, refOf } from './support/provisioned.ts';

const { zstdCompressSync } = zlib as unknown as {
  zstdCompressSync: (this: void, bytes: Uint8Array) => Uint8Array<ArrayBuffer>;
};

const nora = refOf('4', 'nora-files');
const otto = refOf('5', 'otto-files');
const idOf = (n: number): string => String(n).padStart(26, '0');
const dataAt = (ref: typeof nora, n: number): string =>
  `tenants/${ref.tenantId}/snapshots/${idOf(n)}/data.tar.zst.sealed`;

/** So much of what does not compress that the archive is several sealed frames. */
const noise = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(65_536)), (byte) => String.fromCharCode(32 + (byte % 64))).join('');
const large = Array.from({ length: 60 }, noise).join('');
const files = [
  { path: 'workspace/MEMORY.md', text: 'Nora likes the sea.' },
  { path: 'workspace/large.txt', text: large },
  { path: 'workspace/last.md', text: 'the last one' },
];

async function store(ref: typeof nora, dataKey: Uint8Array<ArrayBuffer>, n: number, plain: Uint8Array<ArrayBuffer>) {
  const id = idOf(n);
  const sealed = seal(
    new Blob([plain]).stream(),
    await snapshotKey(dataKey, id),
    ['snapshot', ref.tenantId, id, 1],
    async () => undefined,
  );
  await putSnapshotData(bindings.SNAPSHOTS, ref.tenantId, id, sealed);
  const items = files.map(({ path, text }) => ({ path, bytes: text.length, sha256: `${n}`.repeat(64), files: 1 }));
  const counts = { files: items.length, bytes: plain.length, sessionCount: 0, cronJobs: 0 };
  const inventory: Inventory = { v: 1, listing: 'files', items, sessions: [], ...counts, config: null };
  await storeInventory(bindings.SNAPSHOTS, { ...ref, id, incarnation: 1, dataKey }, inventory);
  await inside(ref, (sql) => {
    const index = new SnapshotIndex(sql);
    index.begin({ id, incarnation: 1, release: '2026.9.6', why: 'sleep', begunAtMs: 1_700_000_000_000 + n });
    const about = { bytes: plain.length, sha256: 'x', files: 3, completedAtMs: 1_700_000_001_000 };
    index.complete(id, { ...about, inventory: true, sessions: 0, cronJobs: 0 });
  });
}

async function taken(path: string, n = 1, ref = nora): Promise<string> {
  const answer = await control.takeFile({ ...ref, snapshotId: idOf(n), path });
  if (!answer.ok) return answer.error.code;
  const { content, bytes } = answer.value;
  if (!(content instanceof ReadableStream)) throw new Error('no stream');
  const text = await new Response(content as ReadableStream<Uint8Array>).text();
  expect(text).toHaveLength(bytes);
  return text;
}

let archive: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  await provisioned(nora);
  await provisioned(otto);
  const keys = [await dataKeyOf(nora), await dataKeyOf(otto)] as const;
  archive = zstdCompressSync(new Uint8Array([...tarFiles(files, 0), ...new Uint8Array(1_024)]));
  await store(nora, keys[0], 1, archive);
  await store(nora, keys[0], 2, archive);
  await store(otto, keys[1], 1, archive);
  await store(nora, keys[0], 3, archive.slice(0, archive.length - 5_000));
});

describe('a file of a snapshot', () => {
  it('comes out as it went in, wherever it lies', async () => {
    expect(await taken('workspace/MEMORY.md')).toBe('Nora likes the sea.');
    expect(await taken('workspace/large.txt')).toBe(large);
    expect(await taken('workspace/last.md')).toBe('the last one');
  });

  it.each([
    ['workspace/none.md', 1, 'snapshot_file_unknown'],
    ['../../etc/passwd', 1, 'snapshot_file_unknown'],
    ['workspace/MEMORY.md', 9, 'snapshot_unknown'],
    ['workspace/last.md', 3, 'export_unreadable'],
  ])('%s of number %d: %s', async (path, n, code) => {
    expect(await taken(path, n)).toBe(code);
  });

  it('never comes from another tenant: neither by name nor by an object put in the place of its own', async () => {
    const foreign = { tenantId: otto.tenantId, slug: nora.slug };
    expect(await taken('workspace/MEMORY.md', 1, foreign)).toBe('tenant_unknown');
    const own = await (await bindings.SNAPSHOTS.get(dataAt(otto, 1)))?.arrayBuffer();
    const theirs = await (await bindings.SNAPSHOTS.get(dataAt(nora, 1)))?.arrayBuffer();
    await bindings.SNAPSHOTS.put(dataAt(otto, 1), theirs ?? '');
    expect(await taken('workspace/MEMORY.md', 1, otto)).toBe('export_unreadable');
    await bindings.SNAPSHOTS.put(dataAt(otto, 1), own ?? '');
    expect(await taken('workspace/MEMORY.md', 1, otto)).toBe('Nora likes the sea.');
  });

  it('of a damaged snapshot is an answer where it can be one, and a download that is cut where not', async () => {
    const stored = new Uint8Array((await (await bindings.SNAPSHOTS.get(dataAt(nora, 2)))?.arrayBuffer()) ?? []);
    stored[stored.length - 2_000] = (stored[stored.length - 2_000] ?? 0) ^ 1;
    await bindings.SNAPSHOTS.put(dataAt(nora, 2), stored);
    expect(await taken('workspace/MEMORY.md', 2)).toBe('Nora likes the sea.');
    expect(await taken('workspace/last.md', 2)).toBe('export_unreadable');
    await expect(taken('workspace/large.txt', 2)).rejects.toThrow();
    await bindings.SNAPSHOTS.delete(dataAt(nora, 2));
    expect(await taken('workspace/MEMORY.md', 2)).toBe('export_unreadable');
  });
});

it('the files are listed, against the newest', async () => {
  const question = { search: 'MEMORY', differing: true, offset: 0, limit: 10 };
  expect(await control.snapshotFiles({ ...nora, snapshotId: idOf(1), ...question })).toMatchObject({
    ok: true,
    value: { against: idOf(3), total: 1, items: [{ path: 'workspace/MEMORY.md', standing: 'changed', refusal: null }] },
  });
  expect(await control.snapshotFiles({ ...nora, snapshotId: idOf(8), ...question })).toMatchObject({
    error: { code: 'snapshot_unknown' },
  });
});

it('nothing is put into an assistant that is not awake, no database into any; nothing is written down of it', async () => {
  const put = (path: string) => control.putFile({ ...nora, snapshotId: idOf(1), path, id: `put_${'0'.repeat(26)}` });
  expect(await put('workspace/MEMORY.md')).toMatchObject({ ok: false, error: { code: 'tenant_not_startable' } });
  expect(await put('state/openclaw.sqlite')).toMatchObject({ ok: false, error: { code: 'snapshot_file_refused' } });
  expect(await control.putFiles(nora)).toEqual({ ok: true, value: [] });
  const undo = { ...nora, id: `put_${'0'.repeat(26)}` };
  expect(await control.undoFile(undo)).toMatchObject({ ok: false, error: { code: 'tenant_not_startable' } });
});
