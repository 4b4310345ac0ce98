/** Makes archives for tests: well-formed ones with a manifest, and any other with entries as given. */
import { createHash } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import * as tar from 'tar-stream';
import { manifestPath, type Manifest } from '../archive/manifest.ts';

export interface TestEntry {
  readonly name: string;
  readonly content?: string | Buffer;
  readonly type?: 'file' | 'symlink' | 'link' | 'directory' | 'fifo' | 'character-device';
  readonly linkname?: string;
  readonly mode?: number;
}

export interface TestArchive {
  readonly body: Buffer;
  readonly sha256: string;
  readonly bytes: number;
}

/** @param manifest `true` for the one that fits the entries, or text to put in its place, or `false` for none */
export async function testArchive(
  entries: readonly TestEntry[],
  manifest: boolean | string = true,
): Promise<TestArchive> {
  const pack = tar.pack();
  for (const { content, ...header } of entries) {
    if (header.type === undefined || header.type === 'file') pack.entry(header, content ?? '');
    else pack.entry({ ...header, size: 0 });
  }
  if (manifest !== false) {
    pack.entry({ name: manifestPath }, manifest === true ? JSON.stringify(fittingManifest(entries)) : manifest);
  }
  pack.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of pack as AsyncIterable<unknown>) chunks.push(Buffer.from(chunk as Uint8Array));
  return sealed(zstdCompressSync(Buffer.concat(chunks)));
}

/** Bytes that do not compress, the same ones each time. */
export function noise(bytes: number): Buffer {
  return createHash('shake256', { outputLength: bytes }).update('noise').digest();
}

/** Size and hash as a sender states them. */
export function sealed(body: Buffer): TestArchive {
  return { body, sha256: createHash('sha256').update(body).digest('hex'), bytes: body.length };
}

export function fittingManifest(entries: readonly TestEntry[]): Manifest {
  const files = entries
    .filter((entry) => entry.type === undefined || entry.type === 'file')
    .map((entry) => {
      const content = Buffer.from(entry.content ?? '');
      const sha256 = createHash('sha256').update(content).digest('hex');
      return { path: entry.name, bytes: content.length, sha256, mode: 0o600, mtimeMs: 1_700_000_000_000 };
    });
  return {
    version: 1,
    createdAtMs: 1_700_000_000_000,
    openclawVersion: '2026.9.6',
    counts: {
      files: files.length,
      directories: entries.filter((entry) => entry.type === 'directory').length,
      symlinks: entries.filter((entry) => entry.type === 'symlink').length,
      skipped: 0,
      bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    },
    files,
    skipped: [],
  };
}
