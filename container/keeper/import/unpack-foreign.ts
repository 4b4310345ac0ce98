/**
 * Unpacks what somebody brought into a fresh folder: `.tar`, `.tar.gz` or `.tar.zst`, told by the first bytes. Each entry
 * passes the same guard as a restore. A path that leads out, a device, a bomb: the archive is refused whole. What an honest
 * archive may hold and we never follow (links that lead out, hard links) stays out and is reported.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough, Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import * as tar from 'tar-stream';
import { ArchiveRefused, checkVolume, EntryGuard, safeLinkTarget, type ArchiveLimits } from '../archive/entry-guard.ts';
import { bytesOf, worstOf } from '../archive/extract.ts';
import type { LeftReason } from './shape.ts';

export interface ForeignFile {
  readonly bytes: number;
  readonly sha256: string;
}

export interface Foreign {
  readonly files: ReadonlyMap<string, ForeignFile>;
  readonly symlinks: ReadonlyMap<string, string>;
  /** What was not unpacked, and why. */
  readonly left: readonly { readonly path: string; readonly reason: LeftReason }[];
}

const headBytes = 512;

/**
 * @param target an empty folder; on an error it holds garbage, which the caller removes
 * @throws ArchiveRefused
 */
export async function unpackForeign(source: Readable, target: string, limits: ArchiveLimits): Promise<Foreign> {
  const { head, rest } = await peek(source);
  const decoder = decoderOf(head);
  let compressedBytes = 0;
  let plainBytes = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      compressedBytes += chunk.length;
      done(null, chunk);
    },
  });
  const bounded = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      plainBytes += chunk.length;
      try {
        checkVolume(limits, compressedBytes, plainBytes);
        done(null, chunk);
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });
  const unpacked = tar.extract();
  const [written, read] = await Promise.allSettled([
    writeAll(unpacked, target, limits),
    pipeline(rest, counted, decoder, bounded, unpacked),
  ]);
  if (written.status === 'rejected' || read.status === 'rejected') {
    throw worstOf(
      [written, read].flatMap((end) =>
        end.status === 'rejected' ? [end.reason instanceof Error ? end.reason : new Error(String(end.reason))] : [],
      ),
    );
  }
  // Node's decoder stops after the first frame and says nothing of what follows.
  if ('bytesWritten' in decoder && Number(decoder.bytesWritten) < compressedBytes) {
    throw new ArchiveRefused('it is made of several compressed parts; pack it again with one call of tar');
  }
  if (written.value.files.size === 0) throw new ArchiveRefused('there are no files in it');
  return written.value;
}

async function peek(source: Readable): Promise<{ head: Buffer; rest: Readable }> {
  const iterator = source.iterator({ destroyOnReturn: false });
  let head = Buffer.alloc(0);
  while (head.length < headBytes) {
    const next: IteratorResult<unknown> = await iterator.next();
    if (next.done === true) break;
    head = Buffer.concat([head, Buffer.from(next.value as Uint8Array)]);
  }
  async function* all(): AsyncGenerator<Buffer, void, undefined> {
    yield head;
    for (;;) {
      const next: IteratorResult<unknown> = await iterator.next();
      if (next.done === true) return;
      yield Buffer.from(next.value as Uint8Array);
    }
  }
  return { head, rest: Readable.from(all(), { objectMode: false }) };
}

function decoderOf(head: Buffer): Transform {
  const begins = (hex: string): boolean => head.subarray(0, hex.length / 2).toString('hex') === hex;
  if (begins('28b52ffd')) return createZstdDecompress({ chunkSize: 256 * 1024 });
  if (begins('1f8b')) return createGunzip({ chunkSize: 256 * 1024 });
  if (begins('504b0304')) {
    throw new ArchiveRefused('a .zip is not taken; pack the folder with: tar -czf openclaw.tar.gz .openclaw');
  }
  if (head.subarray(257, 262).toString('latin1') === 'ustar') return new PassThrough();
  throw new ArchiveRefused('it is neither .tar, .tar.gz nor .tar.zst');
}

async function writeAll(unpacked: tar.Extract, target: string, limits: ArchiveLimits): Promise<Foreign> {
  const guard = new EntryGuard(limits);
  const files = new Map<string, ForeignFile>();
  const symlinks = new Map<string, string>();
  const left: { path: string; reason: LeftReason }[] = [];
  for await (const stream of unpacked) {
    const { header } = stream;
    const name = header.name.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '');
    // `tar -C folder .` names the folder itself; what macOS puts beside each file is its own.
    if (name === '' || name === '.' || /(?:^|\/)(?:\._[^/]*|\.DS_Store)$/.test(name)) {
      stream.resume();
      continue;
    }
    const outward = header.type === 'symlink' && safeLinkTarget(name, header.linkname ?? '') === null;
    if (outward || header.type === 'link') {
      // Admitted as an empty file: its path is judged, counted and taken, and nothing is written.
      guard.admit({ name, type: 'file', mode: 0, size: 0, linkname: null });
      left.push({ path: name, reason: outward ? 'outward_link' : 'hard_link' });
      stream.resume();
      continue;
    }
    const type = header.type === 'contiguous-file' ? 'file' : header.type;
    // A mode with setuid is no attack here: of a mode only "may be run" is taken over.
    const entry = guard.admit({ name, type, mode: 0, size: header.size, linkname: header.linkname });
    if (entry.kind === 'symlink') symlinks.set(entry.path, entry.target);
    if (entry.kind === 'file') {
      const mode = ((header.mode ?? 0) & 0o100) === 0 ? 0o600 : 0o700;
      files.set(entry.path, await writeFile(stream, path.join(target, entry.path), mode));
    } else stream.resume();
  }
  return { files, symlinks, left };
}

async function writeFile(stream: AsyncIterable<unknown>, file: string, mode: number): Promise<ForeignFile> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const hash = createHash('sha256');
  let bytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(bytesOf(stream), measure, createWriteStream(file, { flags: 'wx', mode }));
  return { bytes, sha256: hash.digest('hex') };
}
