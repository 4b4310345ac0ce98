/**
 * One snapshot on its way from a keeper into R2: sealed as it streams, then read back and compared with what the keeper
 * sent. Memory is bounded by two parts and a few frames. A snapshot that is returned is there, whole.
 */
import type { SnapshotData } from '../services/lifecycle-ports.ts';
import { release } from './byte-source.ts';
import { snapshotKey } from './cell-keys.ts';
import type { KeeperClient } from './keeper-client.ts';
import { logEvent } from './log.ts';
import { seal, unseal } from './sealed-stream.ts';
import { storeInventory } from './snapshot-inventory.ts';
import { openSnapshotData, putSnapshotData } from './snapshot-objects.ts';

export interface SealedSnapshot {
  readonly id: string;
  readonly incarnation: number;
  readonly dataKey: Uint8Array<ArrayBuffer>;
}

const withoutInventory = { inventory: false, sessions: null, cronJobs: null };

/** Streams the keeper's archive into R2, then its inventory. Rejects when what was stored is not what the keeper sent. */
export async function storeSnapshot(
  bucket: R2Bucket,
  tenantId: string,
  sealed: SealedSnapshot,
  keeper: KeeperClient,
): Promise<SnapshotData> {
  const key = await snapshotKey(sealed.dataKey, sealed.id);
  const digest = new crypto.DigestStream('SHA-256');
  const writer = digest.getWriter();
  let bytes = 0;
  const stream = seal(await keeper.snapshot(), key, contextOf(tenantId, sealed), async (chunk) => {
    bytes += chunk.length;
    await writer.write(chunk);
  });
  const storedBytes = await putSnapshotData(bucket, tenantId, sealed.id, stream);
  await writer.close();
  const sha256 = hex(await digest.digest);
  const told = await keeper.lastSnapshot();
  if (!told.ok || told.sha256 !== sha256 || told.bytes !== bytes)
    throw new Error('the keeper and the stored bytes disagree');
  const read = await digestOf(bucket, tenantId, sealed, key);
  if (read !== sha256) throw new Error('the stored snapshot does not read back as it was written');
  const { files, uncompressedBytes } = told;
  const counted = await keepInventory(bucket, tenantId, sealed, keeper);
  return { bytes, sha256, files, storedBytes, uncompressedBytes, ...counted };
}

/** A snapshot without an inventory is as good a snapshot. */
async function keepInventory(
  bucket: R2Bucket,
  tenantId: string,
  sealed: SealedSnapshot,
  keeper: KeeperClient,
): Promise<Pick<SnapshotData, 'inventory' | 'sessions' | 'cronJobs'>> {
  try {
    const inventory = await keeper.inventory();
    if (inventory === null) return withoutInventory;
    await storeInventory(bucket, { tenantId, ...sealed }, inventory);
    return { inventory: true, sessions: inventory.sessionCount, cronJobs: inventory.cronJobs };
  } catch (error) {
    logEvent('snapshot.inventory_failed', { snapshot: sealed.id, error: String(error).slice(0, 200) });
    return withoutInventory;
  }
}

async function digestOf(
  bucket: R2Bucket,
  tenantId: string,
  sealed: SealedSnapshot,
  key: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const object = await openSnapshotData(bucket, tenantId, sealed.id);
  if (object === null) throw new Error('the stored snapshot is not there');
  const digest = new crypto.DigestStream('SHA-256');
  const writer = digest.getWriter();
  for await (const frame of unseal(object.body, key, contextOf(tenantId, sealed))) {
    await writer.write(frame);
    release(frame);
  }
  await writer.close();
  return hex(await digest.digest);
}

const contextOf = (tenantId: string, { id, incarnation }: SealedSnapshot): [string, string, string, number] => [
  'snapshot',
  tenantId,
  id,
  incarnation,
];

function hex(buffer: ArrayBuffer): string {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
