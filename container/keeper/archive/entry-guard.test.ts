import { expect, test } from 'vitest';
import * as fc from 'fast-check';
import {
  archiveLimits,
  ArchiveRefused,
  checkVolume,
  EntryGuard,
  safeLinkTarget,
  type EntryHeader,
} from './entry-guard.ts';

const mib = 1024 * 1024;
const limits = archiveLimits(1024 * mib);
const file = (name: string, more: Partial<EntryHeader> = {}): EntryHeader => ({
  name,
  type: 'file',
  mode: 0o644,
  size: 1,
  linkname: null,
  ...more,
});
const link = (name: string, linkname: string): EntryHeader => file(name, { type: 'symlink', linkname, size: 0 });

test('what a snapshot holds is admitted', () => {
  const guard = new EntryGuard(limits);
  expect(guard.admit(file('workspace/', { type: 'directory' }))).toEqual({
    kind: 'directory',
    path: 'workspace',
    mode: 0o644,
  });
  expect(guard.admit(file('workspace/a b/ü.txt'))).toMatchObject({ kind: 'file', path: 'workspace/a b/ü.txt' });
  expect(guard.admit(link('workspace/bin', '../npm/x'))).toMatchObject({ kind: 'symlink', target: '../npm/x' });
});

test.each([
  ['an absolute path', file('/etc/passwd')],
  ['a path upwards', file('../x')],
  ['a path upwards in the middle', file('a/../../x')],
  ['a dot segment', file('./x')],
  ['an empty segment', file('a//x')],
  ['an empty name', file('')],
  ['a NUL', file('a\0b')],
  ['a name that is too long', file('a'.repeat(256))],
  ['a hard link', file('a', { type: 'link', linkname: 'b' })],
  ['a character device', file('a', { type: 'character-device' })],
  ['a block device', file('a', { type: 'block-device' })],
  ['a fifo', file('a', { type: 'fifo' })],
  ['an unknown kind', file('a', { type: null })],
  ['setuid', file('a', { mode: 0o4755 })],
  ['setgid', file('a', { mode: 0o2755 })],
  ['an absolute link', link('a', '/etc/passwd')],
  ['a link upwards', link('a', '../x')],
  ['a link that goes down and up', link('a/b', 'c/../../..')],
  ['an empty link', link('a', '')],
])('%s is refused', (_what, header) => {
  expect(() => new EntryGuard(limits).admit(header)).toThrow(ArchiveRefused);
});

test.each([
  ['below a link', [link('a', 'b'), file('a/x')]],
  ['deep below a link', [link('a', 'b'), file('a/b/c/x')]],
  ['below a file', [file('a'), file('a/x')]],
  ['twice', [file('a'), file('a')]],
  ['a link over a folder', [file('a/', { type: 'directory' }), link('a', 'b')]],
])('an entry %s is refused', (_what, headers) => {
  const guard = new EntryGuard(limits);
  const [first, second] = headers as [EntryHeader, EntryHeader];
  guard.admit(first);
  expect(() => guard.admit(second)).toThrow(ArchiveRefused);
});

test('the number of entries is bounded', () => {
  const guard = new EntryGuard({ ...limits, entriesMax: 2 });
  guard.admit(file('a'));
  guard.admit(file('b'));
  expect(() => guard.admit(file('c'))).toThrow(/more than 2 entries/);
});

test('volume: an absolute bound, and a ratio that counts only beyond a quarter of it', () => {
  checkVolume(limits, 10, 256 * mib);
  expect(() => checkVolume(limits, 10, 256 * mib + 1)).toThrow(/100 times/);
  checkVolume(limits, 3 * mib, 300 * mib);
  expect(() => checkVolume(limits, 3 * mib, 300 * mib + 1)).toThrow(/100 times/);
  expect(() => checkVolume(limits, 1024 * mib, 1024 * mib + 1)).toThrow(/uncompressed/);
});

test('no chain of admitted links leads outside', () => {
  const segment = fc.constantFrom('a', 'b', 'c', '..', '.');
  const anyPath = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  fc.assert(
    fc.property(fc.array(fc.tuple(anyPath, anyPath), { maxLength: 8 }), (pairs) => {
      const links = new Map<string, string>();
      const guard = new EntryGuard(limits);
      for (const [name, target] of pairs) {
        try {
          guard.admit(link(name, target));
          links.set(name, target);
        } catch (error) {
          expect(error).toBeInstanceOf(ArchiveRefused);
        }
      }
      for (const name of links.keys()) expect(resolveLinks(name, links)).not.toBe('outside');
    }),
    { numRuns: 2_000 },
  );
});

/** What a kernel does with a path whose links are `links`; the folder itself is ''. */
function resolveLinks(name: string, links: ReadonlyMap<string, string>): string {
  let at: string[] = [];
  const todo = name.split('/');
  for (let steps = 0; todo.length > 0; steps++) {
    if (steps > 200) return 'loop';
    const next = todo.shift() ?? '';
    if (next === '.' || next === '') continue;
    if (next === '..') {
      if (at.length === 0) return 'outside';
      at = at.slice(0, -1);
      continue;
    }
    const here = [...at, next].join('/');
    const target = links.get(here);
    if (target === undefined) at = [...at, next];
    else todo.unshift(...target.split('/'));
  }
  return at.join('/');
}

test('a stored target is the given one or nothing', () => {
  expect(safeLinkTarget('a/b', '../c')).toBe('../c');
  expect(safeLinkTarget('a/b', '..')).toBe('..');
  expect(safeLinkTarget('a/b', '../..')).toBeNull();
});
