/**
 * Unpacks a `tar.zst` stream into a fresh folder, entry by entry, under the entry guard. Symbolic links are made last, so
 * that during the unpacking no path leads anywhere but where it says. Holds no more than one chunk in memory.
 */
import { createHash } from 'node:crypto';
import { createWriteStream, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import * as tar from 'tar-stream';
import { systemErrorCode } from '../problem.ts';
import { ArchiveRefused, checkVolume, EntryGuard, type ArchiveLimits, type Entry } from './entry-guard.ts';
import { manifestBytesMax, manifestDifference, manifestPath, manifestSchema, type Manifest } from './manifest.ts';

/** Each chunk costs a round trip to another thread; Node's own 16 KiB makes many. */
const zstdChunkBytes = 256 * 1024;

export interface Extracted {
  readonly manifest: Manifest;
  readonly files: number;
  readonly bytes: number;
}

/**
 * @param source the compressed archive
 * @param expected its size and SHA-256, compared before anything counts
 * @param target an empty folder; on an error it holds garbage, which the caller removes
 * @throws ArchiveRefused when the archive is not what it says or asks for what is not allowed
 */
export async function extractArchive(
  source: Readable,
  expected: { readonly sha256: string; readonly bytes: number },
  target: string,
  limits: ArchiveLimits,
): Promise<Extracted> {
  const received = createHash('sha256');
  let compressedBytes = 0;
  let uncompressedBytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      compressedBytes += chunk.length;
      received.update(chunk);
      if (compressedBytes > expected.bytes) done(new ArchiveRefused('more bytes than announced'));
      else done(null, chunk);
    },
  });
  const bound = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      uncompressedBytes += chunk.length;
      try {
        checkVolume(limits, compressedBytes, uncompressedBytes);
        done(null, chunk);
      } catch (error) {
        done(asError(error));
      }
    },
  });
  const unpacked = tar.extract();
  const [written, read] = await Promise.allSettled([
    writeEntries(unpacked, target, limits),
    pipeline(source, count, createZstdDecompress({ chunkSize: zstdChunkBytes }), bound, unpacked),
  ]);
  if (written.status === 'rejected' || read.status === 'rejected') {
    throw worstOf([written, read].flatMap((end) => (end.status === 'rejected' ? [asError(end.reason)] : [])));
  }
  const contents = written.value;
  if (compressedBytes !== expected.bytes) throw new ArchiveRefused('fewer bytes than announced');
  if (received.digest('hex') !== expected.sha256)
    throw new ArchiveRefused('its SHA-256 differs from the announced one');
  if (contents.manifest === null) throw new ArchiveRefused('it has no manifest');
  const manifest = parseManifest(contents.manifest);
  const difference = manifestDifference(manifest, contents.files, {
    directories: contents.directories.length,
    symlinks: contents.symlinks.length,
  });
  if (difference !== null) throw new ArchiveRefused(difference);

  for (const link of contents.symlinks) {
    await mkdir(path.dirname(path.join(target, link.path)), { recursive: true, mode: 0o700 });
    await symlink(link.target, path.join(target, link.path));
  }
  for (const file of manifest.files) {
    const mtimeS = file.mtimeMs / 1_000;
    utimesSync(path.join(target, file.path), mtimeS, mtimeS);
  }
  return { manifest, files: contents.files.size, bytes: uncompressedBytes };
}

interface Contents {
  readonly files: Map<string, { readonly bytes: number; readonly sha256: string }>;
  readonly directories: string[];
  readonly symlinks: Extract<Entry, { kind: 'symlink' }>[];
  manifest: Buffer | null;
}

async function writeEntries(unpacked: tar.Extract, target: string, limits: ArchiveLimits): Promise<Contents> {
  const guard = new EntryGuard(limits);
  const contents: Contents = { files: new Map(), directories: [], symlinks: [], manifest: null };
  for await (const stream of unpacked) {
    const { header } = stream;
    const entry = guard.admit({
      name: header.name,
      type: header.type,
      mode: header.mode,
      size: header.size,
      linkname: header.linkname,
    });
    if (contents.manifest !== null) throw new ArchiveRefused('something follows the manifest');
    const at = path.join(target, entry.path);
    switch (entry.kind) {
      case 'directory':
        await mkdir(at, { recursive: true, mode: entry.mode | 0o700 });
        contents.directories.push(entry.path);
        stream.resume();
        break;
      case 'symlink':
        contents.symlinks.push(entry);
        stream.resume();
        break;
      case 'file':
        if (entry.path === manifestPath) {
          if (entry.bytes > manifestBytesMax) throw new ArchiveRefused('its manifest is too large');
          contents.manifest = await readBounded(bytesOf(stream), entry.bytes);
        } else {
          contents.files.set(entry.path, await writeEntry(bytesOf(stream), target, entry));
        }
        break;
    }
  }
  return contents;
}

/** Up to here an entry is held in memory and written at once. */
const wholeWriteBytesMax = 1024 * 1024;

/**
 * OpenClaw's own files reach the disk before the folder takes the place of the state. The workspace is left to the kernel:
 * the disk of a container does not outlive a power cut, and thousands of small files would wait for it one by one.
 */
async function writeEntry(
  source: AsyncIterable<Buffer>,
  root: string,
  entry: Extract<Entry, { kind: 'file' }>,
): Promise<{ bytes: number; sha256: string }> {
  const at = path.join(root, entry.path);
  const mode = entry.mode | 0o600;
  const flush = !entry.path.startsWith('workspace/');
  const hash = createHash('sha256');
  mkdirSync(path.dirname(at), { recursive: true, mode: 0o700 });
  if (entry.bytes <= wholeWriteBytesMax) {
    const content = await readBounded(source, wholeWriteBytesMax);
    writeFileSync(at, content, { flag: 'wx', mode, flush });
    return { bytes: content.length, sha256: hash.update(content).digest('hex') };
  }
  let bytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(source, measure, createWriteStream(at, { flags: 'wx', mode, flush }));
  return { bytes, sha256: hash.digest('hex') };
}

async function readBounded(source: AsyncIterable<Buffer>, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new ArchiveRefused('an entry is larger than its header says');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** An entry's content; its type says only that something comes. */
export async function* bytesOf(stream: AsyncIterable<unknown>): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array)) throw new ArchiveRefused('it is damaged');
    yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
}

function parseManifest(text: Buffer): Manifest {
  try {
    return manifestSchema.parse(JSON.parse(text.toString('utf8')));
  } catch (error) {
    throw new ArchiveRefused('its manifest is not readable', { cause: error });
  }
}

/**
 * Each end of the pipe fails when the other does, so of two errors one is the cause: a refusal, else what the system said
 * (a full disk), else damage that zstd or tar found, which is a refusal too.
 */
export function worstOf(errors: readonly Error[]): Error {
  const cause = errors.find((error) => error instanceof ArchiveRefused) ?? errors.find(isSystemError);
  if (cause !== undefined) return cause;
  const [first = new Error('unknown')] = errors;
  return new ArchiveRefused(`it is damaged: ${first.message}`, { cause: first });
}

function isSystemError(error: Error): boolean {
  return /^E[A-Z]+$/.test(systemErrorCode(error) ?? '');
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
