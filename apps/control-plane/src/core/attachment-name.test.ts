import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { attachmentOf } from './attachment-name.ts';

test.each([
  ['workspace/MEMORY.md', 'MEMORY.md'],
  ['media/a"b\\c.txt', 'a_b_c.txt'],
  ['x/Ärger (1).md', '_rger (1).md'],
  ['x/..', '_'],
  ['x/.env', '_env'],
  ['x/a\r\nset-cookie: b', 'a__set-cookie_ b'],
  ['', 'file'],
])('%j is saved as %j', (path, name) => {
  expect(attachmentOf(path)).toContain(`filename="${name}";`);
});

test('the whole name is there too, for browsers that know more than ASCII', () => {
  expect(attachmentOf('x/Ärger (1).md')).toContain("filename*=UTF-8''%C3%84rger%20%281%29.md");
});

test('no name breaks out of the header, or is none', () => {
  const header = /^attachment; filename="[\x20\x21\x23-\x5b\x5d-\x7e]+"; filename\*=UTF-8''[\w.!~*%-]+$/;
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (path) => header.test(attachmentOf(path))),
    { numRuns: 300 },
  );
  // A pair of code units at the cut.
  expect(attachmentOf(`${'a'.repeat(119)}🌊`)).toMatch(header);
});
