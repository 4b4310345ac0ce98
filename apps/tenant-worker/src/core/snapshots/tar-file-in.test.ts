/** One file out of an archive as the keeper writes it, whatever the borders of the chunks are. */
import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tarEnd, tarHeader, tarPadding } from '../../../../../container/keeper/archive/tar-header.ts';
import { TarDamaged, tarFileIn } from './tar-file-in.ts';

interface Entry {
  readonly path: string;
  readonly kind?: 'file' | 'directory' | 'symlink';
  readonly content?: Uint8Array;
}

function archive(entries: readonly Entry[]): Buffer {
  const parts = entries.flatMap(({ path, kind = 'file', content = new Uint8Array(0) }) => {
    const target = kind === 'symlink' ? { target: 'elsewhere' } : {};
    const header = tarHeader({ path, kind, mode: 0o600, mtimeMs: 1_700_000_000_000, bytes: content.length, ...target });
    return [header, content, tarPadding(content.length)];
  });
  return Buffer.concat([...parts, tarEnd]);
}

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

/** Counts what was read, and whether the reading was given up. */
function source(bytes: Uint8Array, chunkBytes = 997) {
  const told = { read: 0, ended: false };
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        told.read = Math.min(bytes.length, at + chunkBytes);
        yield bytes.subarray(at, at + chunkBytes);
      }
    } finally {
      told.ended = true;
    }
  }
  return { chunks: chunks(), told };
}

async function take(bytes: Uint8Array, path: string, chunkBytes?: number): Promise<Buffer> {
  const found = await tarFileIn(source(bytes, chunkBytes).chunks, path, 1_000_000);
  if (found.kind !== 'file') throw new Error(found.kind);
  const parts: Uint8Array[] = [];
  for await (const part of found.content) parts.push(part);
  return Buffer.concat(parts);
}

const deep = `workspace/${'long-'.repeat(40)}/übermut 🌊.md`;
const plain = archive([
  { path: 'workspace', kind: 'directory' },
  { path: 'workspace/MEMORY.md', content: text('Nora likes the sea.') },
  { path: 'workspace/link', kind: 'symlink' },
  { path: 'workspace/empty' },
  { path: deep, content: text('deep') },
  { path: 'workspace/large', content: new Uint8Array(300_000).fill(7) },
]);

describe('a file in an archive', () => {
  it('is found by its exact path, with a long name too, at any chunk size', async () => {
    for (const size of [1, 100, 512, 70_000, plain.length]) {
      expect((await take(plain, 'workspace/MEMORY.md', size)).toString()).toBe('Nora likes the sea.');
      expect((await take(plain, deep, size)).toString()).toBe('deep');
      expect(await take(plain, 'workspace/empty', size)).toHaveLength(0);
    }
    expect((await take(plain, 'workspace/large')).equals(Buffer.alloc(300_000, 7))).toBe(true);
  });

  it.each([
    ['workspace/memory.md', 'absent'],
    ['MEMORY.md', 'absent'],
    ['workspace', 'no_file'],
    ['workspace/link', 'no_file'],
  ])('%s is %s, and nothing is left open', async (path, kind) => {
    const { chunks, told } = source(plain);
    expect(await tarFileIn(chunks, path, 1_000_000)).toEqual({ kind });
    expect(told.ended).toBe(true);
  });

  it('that is too large is not opened', async () => {
    const { chunks, told } = source(plain);
    expect(await tarFileIn(chunks, 'workspace/large', 299_999)).toEqual({ kind: 'too_large', bytes: 300_000 });
    expect(told.ended).toBe(true);
  });

  it('is read no further than its end, also when its reader stops early', async () => {
    const { chunks, told } = source(plain, 512);
    const found = await tarFileIn(chunks, 'workspace/MEMORY.md', 1_000);
    if (found.kind !== 'file') throw new Error(found.kind);
    for await (const part of found.content) expect(part.length).toBeGreaterThan(0);
    expect(told).toEqual({ read: 3 * 512, ended: true });

    const again = source(plain, 512);
    const large = await tarFileIn(again.chunks, 'workspace/large', 1_000_000);
    if (large.kind !== 'file') throw new Error(large.kind);
    await large.content.next();
    await large.content.return();
    expect(again.told.ended).toBe(true);
    expect(again.told.read).toBeLessThan(plain.length - 200_000);
  });

  it.each([
    ['that was cut in a header', plain.subarray(0, 700)],
    ['that was cut in the content', plain.subarray(0, plain.length - 100_000)],
    ['that ends without its last blocks', plain.subarray(0, plain.length - 1024)],
    ['whose header was changed', Buffer.concat([Buffer.from('X'), plain.subarray(1)])],
    ['of noise', Buffer.alloc(2_048, 'noise')],
  ])('of an archive %s is refused', async (_what, bytes) => {
    await expect(
      (async () => {
        await take(bytes, 'workspace/large');
        await tarFileIn(source(bytes).chunks, 'nowhere', 1_000);
      })(),
    ).rejects.toThrow(TarDamaged);
  });

  it('of an archive with an entry of another kind is refused', async () => {
    const header = tarHeader({ path: 'x', kind: 'file', mode: 0o600, mtimeMs: 0, bytes: 0 });
    header[156] = '1'.charCodeAt(0);
    header[153] = (header[153] ?? 0) + 1;
    await expect(tarFileIn(source(Buffer.concat([header, tarEnd])).chunks, 'x', 1)).rejects.toThrow(TarDamaged);
  });

  it('is what was packed, for any files and any chunks', async () => {
    const anyPath = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 150 }).filter((p) => !/[\0/]/.test(p));
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(anyPath, fc.uint8Array({ maxLength: 1_500 })), {
          selector: ([path]) => path,
          minLength: 1,
          maxLength: 6,
        }),
        fc.integer({ min: 1, max: 2_000 }),
        async (files, chunkBytes) => {
          const bytes = archive(files.map(([path, content]) => ({ path, content })));
          for (const [path, content] of files)
            expect((await take(bytes, path, chunkBytes)).equals(Buffer.from(content))).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });
});
