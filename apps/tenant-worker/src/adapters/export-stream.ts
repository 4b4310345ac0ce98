/**
 * A snapshot as its owner takes it away: opened, with our own files spliced in front, streamed. Memory is bounded by one
 * sealed frame; the length is known before the first byte, so that a download that was cut is seen to be.
 */
import { exportFileName, exportFiles } from '../core/export/export-files.ts';
import type { ExportFacts } from '../core/export/export-files.ts';
import { frameHeaderBytesMax, spliceFrame } from '../core/export/frame-splice.ts';
import { tarFiles } from '../core/export/tar-file.ts';
import { snapshotKey } from './cell-keys.ts';
import { plainScript } from './plain-script.ts';
import { unseal } from './sealed-stream.ts';
import { openSnapshotData } from './snapshot-objects.ts';

export interface ExportSource extends ExportFacts {
  readonly tenantId: string;
  readonly incarnation: number;
  /** Of the plain archive. */
  readonly bytes: number;
  readonly dataKey: Uint8Array<ArrayBuffer>;
}

export interface ExportStream {
  readonly content: ReadableStream<Uint8Array>;
  readonly bytes: number;
  readonly fileName: string;
}

/**
 * @param ended one of the two is called once: after the last byte, or when the stream broke off
 * @returns null when the stored data is not there
 * @throws UnsealError when it cannot be opened from its first byte on
 */
export async function openExport(
  bucket: R2Bucket,
  source: ExportSource,
  ended: { sent(): void; cut(why: string): void },
): Promise<ExportStream | null> {
  const object = await openSnapshotData(bucket, source.tenantId, source.snapshotId);
  if (object === null) return null;
  const key = await snapshotKey(source.dataKey, source.snapshotId);
  const plain = unseal(object.body, key, ['snapshot', source.tenantId, source.snapshotId, source.incarnation]);
  const reader = plain.getReader();
  const head = await readHead(reader);
  const { start, replaces } = spliceFrame(head, tarFiles(exportFiles(source, plainScript), source.savedAtMs));
  const bytes = start.length + source.bytes - replaces;
  const { readable, writable } = new FixedLengthStream(bytes);
  // Nobody awaits this: what goes wrong cuts the reader's stream short of its length, and is told to `ended`.
  void send(reader, [start, head.subarray(replaces)], writable).then(
    () => ended.sent(),
    (error: unknown) => ended.cut(String(error)),
  );
  return { content: readable, bytes, fileName: exportFileName(source) };
}

async function readHead(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array> {
  let head = new Uint8Array(0);
  while (head.length < frameHeaderBytesMax) {
    const { done, value } = await reader.read();
    if (done) break;
    const longer = new Uint8Array(head.length + value.length);
    longer.set(head);
    longer.set(value, head.length);
    head = longer;
  }
  return head;
}

async function send(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  first: readonly Uint8Array[],
  writable: WritableStream<Uint8Array>,
): Promise<void> {
  const writer = writable.getWriter();
  try {
    for (const part of first) await writer.write(part);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      await writer.write(value);
    }
    await writer.close();
  } catch (error) {
    // One end failed: the other must not wait for it.
    await Promise.allSettled([writer.abort(error), reader.cancel(error)]);
    throw error;
  }
}
