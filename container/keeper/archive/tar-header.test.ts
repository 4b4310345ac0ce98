import { expect, test } from 'vitest';
import * as fc from 'fast-check';
import * as tar from 'tar-stream';
import { tarEnd, tarHeader, tarPadding } from './tar-header.ts';

const segment = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 60 })
  .filter((text) => !/[\0/]/.test(text) && text !== '.' && text !== '..' && text.isWellFormed());
const anyPath = fc.array(segment, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'));

test('another reader finds what was written, names of any length and script included', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ path: anyPath, content: fc.string({ maxLength: 2_000 }), target: anyPath }), {
        maxLength: 4,
      }),
      async (files) => {
        const unpacked = tar.extract();
        for (const { path, content, target } of files) {
          const body = Buffer.from(content);
          const about = { mode: 0o640, mtimeMs: 1_700_000_000_500 };
          unpacked.write(tarHeader({ ...about, path, kind: 'file', bytes: body.length }));
          unpacked.write(Buffer.concat([body, tarPadding(body.length)]));
          unpacked.write(tarHeader({ ...about, path: `${path}.link`, kind: 'symlink', bytes: 0, target }));
        }
        unpacked.end(tarEnd);
        const found: unknown[] = [];
        for await (const entry of unpacked) {
          const chunks: Buffer[] = [];
          for await (const chunk of entry as AsyncIterable<unknown>) chunks.push(Buffer.from(chunk as Uint8Array));
          const { name, type, mode, linkname } = entry.header;
          found.push([name, type, mode, linkname, Buffer.concat(chunks).toString()]);
        }
        expect(found).toEqual(
          files.flatMap(({ path, content, target }) => [
            [path, 'file', 0o640, null, content],
            [`${path}.link`, 'symlink', 0o640, target, ''],
          ]),
        );
      },
    ),
    { numRuns: 200 },
  );
});

test('a file that a header cannot describe is refused', () => {
  expect(() => tarHeader({ path: 'a', kind: 'file', mode: 0o600, mtimeMs: 0, bytes: 8 * 1024 ** 3 })).toThrow(
    RangeError,
  );
});
