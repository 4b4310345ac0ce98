import { expect, test } from 'vitest';
import { againstTaking, needsRestart, putSentence } from './file-words.ts';

test.each([
  ['done', true, 'a.md was put back. What it replaced is kept.'],
  ['done', false, 'a.md was put back. There was no such file before.'],
  ['undone', true, null],
  ['refused', null, null],
] as const)('a put that is %s (replaced: %s) reads: %s', (stage, replaced, words) => {
  expect(putSentence({ stage, replaced, path: 'a.md' })).toBe(words);
});

test('a database can be downloaded, a folder cannot', () => {
  expect(againstTaking('database')).toBeUndefined();
  expect(againstTaking(null)).toBeUndefined();
  expect(againstTaking('folder')).toContain('folder');
});

test.each([
  ['workspace/MEMORY.md', false],
  ['media/x.png', false],
  ['workspace-old/x', false],
  ['credentials/x.json', true],
])('%s needs a restart: %s', (path, needed) => {
  expect(needsRestart(path)).toBe(needed);
});
