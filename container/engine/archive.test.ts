import { describe, expect, it } from 'vitest';
import { tarOf } from '../../test/engine/engine-under-test.ts';
import { readArchive } from './archive.ts';

describe('readArchive', () => {
  it('reads files and skips folders', () => {
    const folder = tarOf('cloudflare/', Buffer.alloc(0), '5').subarray(0, 512);
    const archive = Buffer.concat([folder, tarOf('./cloudflare//certs/a.crt', Buffer.from('hello'))]);
    expect(readArchive(archive)).toEqual([{ path: 'cloudflare/certs/a.crt', content: Buffer.from('hello') }]);
  });

  it.each([
    ['a way out', tarOf('../etc/passwd', Buffer.from('x'))],
    ['a way out in the middle', tarOf('a/../../x', Buffer.from('x'))],
    ['no name', tarOf('/', Buffer.from('x'))],
    ['a link', tarOf('a', Buffer.alloc(0), '2')],
    ['a device', tarOf('a', Buffer.alloc(0), '3')],
    ['a cut file', tarOf('a', Buffer.alloc(2_000)).subarray(0, 1_024)],
  ])('refuses %s', (_what, archive) => {
    expect(() => readArchive(archive)).toThrow(/archive/);
  });

  it('refuses a size that is none', () => {
    const archive = tarOf('a', Buffer.from('x'));
    archive.write('zzzz', 124, 'latin1');
    expect(() => readArchive(archive)).toThrow(/size/);
  });
});
