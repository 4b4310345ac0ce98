/**
 * The bytes of a snapshot's tar, made as they are asked for: a generator, so nothing is read before it can be sent. Each
 * header's size is kept whatever the file does meanwhile; the manifest at the end says what was really sent.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from '../problem.ts';
import { ArchiveRefused, type ArchiveLimits } from './entry-guard.ts';
import { manifestPath, skippedListedMax, type Manifest, type ManifestFile, type Skipped } from './manifest.ts';
import type { StateItem } from './state-files.ts';
import { tarEnd, tarHeader, tarPadding } from './tar-header.ts';

export interface TarStreamOptions {
  readonly stateDir: string;
  readonly limits: ArchiveLimits;
  readonly openclawVersion: string;
  readonly nowMs: number;
  readonly items: readonly StateItem[];
  readonly skipped: readonly Skipped[];
  /** Consistent copies of databases, by path in the state. */
  readonly staged: ReadonlyMap<string, string>;
  /** Kept up to date for the consumer. */
  readonly progress: { files: number; uncompressedBytes: number };
  /** Told what was really sent, before the last bytes. */
  readonly onManifest: (manifest: Manifest) => void;
}

/** Up to here a file is read whole, and again when it changed meanwhile. */
const wholeReadBytesMax = 8 * 1024 * 1024;
const rereadsMax = 3;
const chunkBytes = 256 * 1024;

/** A file ready to be sent: its header's facts, and its content piece by piece. */
interface Source {
  readonly bytes: number;
  readonly mode: number;
  readonly mtimeMs: number;
  readonly content: AsyncIterable<Buffer> | Iterable<Buffer>;
  /** Whether it changed while it was read; known once the content has been sent. */
  readonly torn: () => Promise<boolean>;
  readonly close: () => Promise<void>;
}

/**
 * Chunks of at least `chunkBytes`, but for the last: each costs the compressor one round trip to another thread.
 * @throws ArchiveRefused when the state is larger than a restore would accept
 */
export async function* tarStream(options: TarStreamOptions): AsyncGenerator<Buffer, void, undefined> {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  for await (const chunk of entries(options)) {
    options.progress.uncompressedBytes += chunk.length;
    if (options.progress.uncompressedBytes > options.limits.uncompressedBytesMax) {
      throw new ArchiveRefused(`the state is larger than ${options.limits.uncompressedBytesMax} bytes`);
    }
    waiting.push(chunk);
    waitingBytes += chunk.length;
    if (waitingBytes < chunkBytes) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    waitingBytes = 0;
  }
  if (waitingBytes > 0) yield Buffer.concat(waiting);
}

async function* entries(options: TarStreamOptions): AsyncGenerator<Buffer, void, undefined> {
  const files: ManifestFile[] = [];
  const skipped = [...options.skipped];
  let directories = 0;
  let symlinks = 0;
  for (const item of options.items) {
    switch (item.kind) {
      case 'directory':
        directories++;
        yield tarHeader({ ...item, bytes: 0 });
        break;
      case 'symlink':
        symlinks++;
        yield tarHeader({ ...item, mode: 0o777, mtimeMs: 0, bytes: 0 });
        break;
      case 'file':
      case 'database': {
        const source = await openSource(options, item.path);
        if (source === null) {
          skipped.push({ path: item.path, reason: 'it vanished while the snapshot was taken' });
          break;
        }
        files.push(yield* sendFile(item.path, source));
        options.progress.files = files.length;
        break;
      }
    }
  }
  const manifest: Manifest = {
    version: 1,
    createdAtMs: options.nowMs,
    openclawVersion: options.openclawVersion,
    counts: {
      files: files.length,
      directories,
      symlinks,
      skipped: skipped.length,
      bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    },
    files,
    skipped: skipped.slice(0, skippedListedMax),
  };
  options.onManifest(manifest);
  const text = Buffer.from(JSON.stringify(manifest));
  yield tarHeader({ path: manifestPath, kind: 'file', mode: 0o600, mtimeMs: options.nowMs, bytes: text.length });
  yield text;
  yield tarPadding(text.length);
  yield tarEnd;
}

async function* sendFile(at: string, source: Source): AsyncGenerator<Buffer, ManifestFile, undefined> {
  const { bytes, mode, mtimeMs } = source;
  const hash = createHash('sha256');
  try {
    yield tarHeader({ path: at, kind: 'file', mode, mtimeMs, bytes });
    for await (const chunk of source.content) {
      hash.update(chunk);
      yield chunk;
    }
    yield tarPadding(bytes);
    const torn = (await source.torn()) ? { torn: true as const } : {};
    return { path: at, bytes, sha256: hash.digest('hex'), mode, mtimeMs: Math.trunc(mtimeMs), ...torn };
  } finally {
    await source.close();
  }
}

/** @returns null when the file is gone */
async function openSource(options: TarStreamOptions, at: string): Promise<Source | null> {
  const original = path.join(options.stateDir, at);
  const copy = options.staged.get(at);
  try {
    // Mode and time are the original's; a staged copy has its own.
    const { mode, mtimeMs, size } = statSync(original);
    const about = { mode: mode & 0o777, mtimeMs };
    if (copy !== undefined) return await streamed(copy, about);
    return size <= wholeReadBytesMax ? settled(original) : await streamed(original, about);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/**
 * A small file: read again until it held still during the read, then sent from memory. Synchronous, since a state is mostly
 * thousands of small files, and for those the way to another thread and back costs more than the read.
 */
function settled(file: string): Source {
  for (let attempt = 1; ; attempt++) {
    const before = statSync(file);
    const content = readFileSync(file);
    const after = statSync(file);
    const still = before.mtimeMs === after.mtimeMs && content.length === after.size;
    if (!still && attempt < rereadsMax) continue;
    return {
      bytes: content.length,
      mode: after.mode & 0o777,
      mtimeMs: after.mtimeMs,
      content: content.length === 0 ? [] : [content],
      torn: () => Promise.resolve(!still),
      close: () => Promise.resolve(),
    };
  }
}

/** A large file or a staged database: sent as it is read, exactly as long as its header says. */
async function streamed(file: string, about: { mode: number; mtimeMs: number }): Promise<Source> {
  const handle = await open(file, 'r');
  const before = await handle.stat();
  let short = false;
  async function* content(): AsyncGenerator<Buffer, void, undefined> {
    for (let position = 0; position < before.size;) {
      const wanted = Math.min(chunkBytes, before.size - position);
      const buffer = Buffer.alloc(wanted);
      const { bytesRead } = await handle.read(buffer, 0, wanted, position);
      // The header promised more than there is: zeros keep the archive whole, and the manifest says that the file is torn.
      short ||= bytesRead === 0;
      const chunk = bytesRead === 0 ? buffer : buffer.subarray(0, bytesRead);
      position += chunk.length;
      yield chunk;
    }
  }
  return {
    ...about,
    bytes: before.size,
    content: content(),
    torn: async () => {
      const after = await handle.stat();
      return short || after.size !== before.size || after.mtimeMs !== before.mtimeMs;
    },
    close: () => handle.close(),
  };
}
