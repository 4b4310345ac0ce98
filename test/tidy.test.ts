// The house rules over the whole checkout. A failure names file and line and says what to do instead.

import path from 'node:path';
import { expect, test } from 'vitest';
import {
  checkerEscapes,
  corePurity,
  fileHeaders,
  fileLengths,
  fileNames,
  switchedOffTests,
} from '../local/check/house/code-rules.ts';
import { readSourceTree } from '../local/check/house/source-tree.ts';
import { architectureTree, documentLinks, machineTraces, migrationsListed } from '../local/check/house/tree-rules.ts';

const files = readSourceTree(path.resolve(import.meta.dirname, '..'));

test.each([
  ['the cores are pure', corePurity],
  ['names say what is inside', fileNames],
  ['no file is too long', fileLengths],
  ['files begin by saying what they own', fileHeaders],
  ['no test is alone or off without a reason', switchedOffTests],
  ['escapes from the checkers give a reason', checkerEscapes],
  ['nothing of one machine is in the tree', machineTraces],
  ['ARCHITECTURE.md lists the folders that exist', architectureTree],
  ['every migration is listed', migrationsListed],
  ['links in documents lead somewhere', documentLinks],
])('%s', (_what, rule) => {
  expect(rule(files).map(({ path: file, line, problem }) => `${file}:${line} ${problem}`)).toEqual([]);
});

test('the whole tree was read', () => {
  expect(files.length).toBeGreaterThan(100);
});
