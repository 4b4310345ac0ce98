/**
 * One file out of a stored snapshot: opened, decompressed and looked through as it comes, up to where the file ends. Needs
 * no container. Memory is bounded by a sealed frame, a few chunks and `heldBytes`.
 *
 * Every byte was authenticated as this tenant's, this snapshot's and its place before it is looked at.
 */
import { fileBytesMax } from '../../../control-plane/src/contract/snapshot-file-rpc.ts';
import { TarDamaged, tarFileIn } from '../core/snapshots/tar-file-in.ts';
import type { FoundInTar } from '../core/snapshots/tar-file-in.ts';
import { snapshotKey } from './cell-keys.ts';
import { unseal } from './sealed-stream.ts';
import { openSnapshotData } from './snapshot-objects.ts';
import { unzstd } from './zstd-stream.ts';

/** So much of a file is read before it counts as opened: what is damaged there is an answer, not a broken download. */
const heldBytes = 1024 * 1024;
/** As a restore has it: a state may be mostly zeros up to here, and beyond unpack to so many times its size. */
const ratioFreeBytes = 1024 ** 3;
const ratioMax = 100;

export interface FileSource {
  readonly tenantId: string;
  readonly snapshotId: string;
  readonly incarnation: number;
  /** Of the plain archive. */
  readonly bytes: number;
  readonly dataKey: Uint8Array<ArrayBuffer>;
}

export type OpenedFile =
  | Exclude<FoundInTar, { kind: 'file' }>
  | { readonly kind: 'file'; readonly bytes: number; readonly content: ReadableStream<Uint8Array> }
  /** The stored data is gone. */
  | { readonly kind: 'no_data' };

/** @throws UnsealError, TarDamaged or the decoder's error when it cannot be read; `content` errors with the same */
export async function openSnapshotFile(bucket: R2Bucket, source: FileSource, path: string): Promise<OpenedFile> {
  const object = await openSnapshotData(bucket, source.tenantId, source.snapshotId);
  if (object === null) return { kind: 'no_data' };
  const key = await snapshotKey(source.dataKey, source.snapshotId);
  const plain = unseal(object.body, key, ['snapshot', source.tenantId, source.snapshotId, source.incarnation]);
  const found = await tarFileIn(bounded(unzstd(plain), source.bytes), path, fileBytesMax);
  if (found.kind !== 'file') return found;
  const held: Uint8Array[] = [];
  const { content, bytes } = found;
  for (let holding = 0; holding < heldBytes;) {
    const { done, value } = await content.next();
    if (done === true) break;
    held.push(value);
    holding += value.length;
  }
  const { readable, writable } = new FixedLengthStream(bytes);
  // Nobody awaits this: what goes wrong cuts the reader's stream short of its length, and whoever reads it asks again.
  void send(held, content, writable).catch(() => undefined);
  return { kind: 'file', bytes, content: readable };
}

async function* bounded(
  unpacked: AsyncIterable<Uint8Array>,
  packedBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let total = 0;
  for await (const chunk of unpacked) {
    total += chunk.length;
    if (total > ratioFreeBytes && total > packedBytes * ratioMax) throw new TarDamaged('it unpacks to far too much');
    yield chunk;
  }
}

async function send(
  held: readonly Uint8Array[],
  content: AsyncGenerator<Uint8Array, void, undefined>,
  writable: WritableStream<Uint8Array>,
): Promise<void> {
  const writer = writable.getWriter();
  try {
    for (const part of held) await writer.write(part);
    for await (const part of content) await writer.write(part);
    await writer.close();
  } catch (error) {
    // One end failed: the other must not wait for it.
    await Promise.allSettled([writer.abort(error), content.return()]);
    throw error;
  }
}
