import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hasOpenclaw, openclawCacheDir } from './openclaw-cache.ts';
import { hashSources } from './source-hash.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'tidepool-hash-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('changes with a name and with a content, not with generated files or builds', () => {
  mkdirSync(path.join(dir, 'src/dist'), { recursive: true });
  writeFileSync(path.join(dir, 'src/a.ts'), 'one');
  const before = hashSources(dir, ['src', 'absent']);
  writeFileSync(path.join(dir, 'src/routes.gen.ts'), 'generated');
  writeFileSync(path.join(dir, 'src/dist/out.js'), 'built');
  expect(hashSources(dir, ['src', 'absent'])).toBe(before);
  writeFileSync(path.join(dir, 'src/a.ts'), 'two');
  expect(hashSources(dir, ['src'])).not.toBe(before);
  writeFileSync(path.join(dir, 'src/a.ts'), 'one');
  expect(hashSources(dir, ['src'])).toBe(before);
  writeFileSync(path.join(dir, 'src/b.ts'), '');
  expect(hashSources(dir, ['src'])).not.toBe(before);
});

test('only a whole OpenClaw of the wanted version counts as there', () => {
  const packageDir = path.join(openclawCacheDir(dir, '1.2.3'), 'node_modules/openclaw');
  mkdirSync(packageDir, { recursive: true });
  writeFileSync(path.join(packageDir, 'package.json'), '{"version":"1.2.3"}');
  expect(hasOpenclaw(dir, '1.2.3')).toBe(false);
  writeFileSync(path.join(packageDir, 'openclaw.mjs'), '');
  expect(hasOpenclaw(dir, '1.2.3')).toBe(true);
  writeFileSync(path.join(packageDir, 'package.json'), '{"version":"1.2.4"}');
  expect(hasOpenclaw(dir, '1.2.3')).toBe(false);
});
