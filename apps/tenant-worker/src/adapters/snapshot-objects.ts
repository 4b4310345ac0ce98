/**
 * Snapshots in R2: `tenants/<tenant-id>/snapshots/<id>/data.tar.zst.sealed`, then
 * `inventory.json.sealed`, then `manifest.json`. Every key is made here
 * from a tenant id and a snapshot id, so that no caller can name an object of another tenant.
 */
import { TenantId } from '../../../control-plane/src/contract/ids.ts';
import { byteSource, release } from './byte-source.ts';
import type { SnapshotObjects } from '../services/lifecycle-ports.ts';

/** R2 wants equal parts of at least 5 MiB. */
const partBytes = 8 * 1024 * 1024;
const listPageMax = 500;

const snapshotIdShape = /^[0-9a-hjkmnp-tv-z]{26}$/;

function prefixOf(tenantId: string): string {
  return `tenants/${TenantId.parse(tenantId)}/`;
}

function dataKeyOf(tenantId: string, id: string): string {
  if (!snapshotIdShape.test(id)) throw new Error('a snapshot id has 26 characters');
  return `${prefixOf(tenantId)}snapshots/${id}/data.tar.zst.sealed`;
}

export const inventoryKeyOf = (tenantId: string, id: string): string =>
  dataKeyOf(tenantId, id).replace(/data\.tar\.zst\.sealed$/, 'inventory.json.sealed');

const manifestKeyOf = (tenantId: string, id: string): string =>
  dataKeyOf(tenantId, id).replace(/data\.tar\.zst\.sealed$/, 'manifest.json');

/**
 * Stores a stream of unknown length. While one part is on its way the next one is filled, so at most two are held, in two
 * pieces of memory that take turns. Returns the number of bytes stored.
 * @param data its chunks are used up: nobody else may hold them
 */
export async function putSnapshotData(
  bucket: R2Bucket,
  tenantId: string,
  id: string,
  data: ReadableStream<Uint8Array>,
): Promise<number> {
  const key = dataKeyOf(tenantId, id);
  const source = byteSource(data, release);
  let upload: R2MultipartUpload | null = null;
  const parts: R2UploadedPart[] = [];
  let filling = new ArrayBuffer(partBytes);
  let resting: ArrayBuffer | null = null;
  let sending: Promise<R2UploadedPart> | null = null;
  try {
    for (let total = 0; ;) {
      const { memory, end } = await source.fill(filling, 0, partBytes);
      const part = new Uint8Array(memory, 0, end);
      total += end;
      if (upload === null && end < partBytes) {
        await bucket.put(key, part);
        return total;
      }
      if (sending !== null) parts.push(await sending);
      sending = null;
      upload ??= await bucket.createMultipartUpload(key);
      if (end > 0) sending = upload.uploadPart(parts.length + 1, part);
      if (end < partBytes) {
        if (sending !== null) parts.push(await sending);
        await upload.complete(parts);
        return total;
      }
      // Its failure is seen when its turn comes; until then it must not count as nobody's.
      sending?.catch(() => undefined);
      filling = resting ?? new ArrayBuffer(partBytes);
      resting = memory;
    }
  } catch (error) {
    await source.cancel(error);
    // What is thrown below is the reason; these two are only ended. What was uploaded has no manifest, so nobody restores
    // it; the next save is the retry, under a key of its own, and R2 drops an unfinished upload by itself after 7 days.
    await sending?.catch(() => undefined);
    await upload?.abort().catch(() => undefined);
    throw error;
  }
}

/** Opens the stored data, or null when it is not there. */
export async function openSnapshotData(bucket: R2Bucket, tenantId: string, id: string): Promise<R2ObjectBody | null> {
  return bucket.get(dataKeyOf(tenantId, id));
}

export function r2SnapshotObjects(bucket: R2Bucket): SnapshotObjects {
  return {
    putManifest: async (tenantId, id, manifest) => {
      await bucket.put(manifestKeyOf(tenantId, id), JSON.stringify(manifest, null, 2));
    },
    remove: async (tenantId, id) => {
      // The manifest first: from then on nobody takes the data for a snapshot.
      await bucket.delete(manifestKeyOf(tenantId, id));
      await bucket.delete([inventoryKeyOf(tenantId, id), dataKeyOf(tenantId, id)]);
    },
    removeAll: async (tenantId) => {
      const page = await bucket.list({ prefix: prefixOf(tenantId), limit: listPageMax });
      if (page.objects.length > 0) await bucket.delete(page.objects.map((object) => object.key));
      return page.objects.length === 0;
    },
  };
}
