import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { keepCompileCache, linkCompileCache, openclawCacheDir } from './compile-cache.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

function openclawIn(folder: string): string {
  const openclawDir = path.join(folder, 'openclaw');
  mkdirSync(openclawDir);
  writeFileSync(path.join(openclawDir, 'package.json'), '{"version":"2026.9.6"}');
  utimesSync(path.join(openclawDir, 'package.json'), 1_700_000_000, 1_700_000_000);
  return openclawDir;
}

test("what a boot wrote down appears where OpenClaw and Node look, under this user's name, whoever baked it", async () => {
  const folder = temporaryFolder();
  const openclawDir = openclawIn(folder);
  const bakeTmp = path.join(folder, 'bake');
  const openclaws = 'node-compile-cache/openclaw/2026.9.6/1700000000000-22';
  expect(await openclawCacheDir(openclawDir, bakeTmp)).toBe(path.join(bakeTmp, openclaws));
  for (const [place, module] of Object.entries({
    [openclaws]: 'of the gateway',
    'node-compile-cache': 'of a helper',
  })) {
    mkdirSync(path.join(bakeTmp, place, 'v24.21.0-x64-964aae3f-424242'), { recursive: true });
    writeFileSync(path.join(bakeTmp, place, 'v24.21.0-x64-964aae3f-424242/module'), module);
  }
  const baked = path.join(folder, 'baked');
  await keepCompileCache(openclawDir, bakeTmp, baked);
  const tmpDir = path.join(folder, 'tmp');
  await linkCompileCache(baked, openclawDir, tmpDir);
  // A second keeper in the same container finds its links.
  await linkCompileCache(baked, openclawDir, tmpDir);
  const own = `v24.21.0-x64-964aae3f-${process.getuid?.() ?? 0}`;
  expect(readdirSync(path.join(tmpDir, openclaws))).toEqual([own]);
  expect(readdirSync(path.join(tmpDir, 'node-compile-cache')).toSorted()).toEqual(['openclaw', own]);
  expect(readFileSync(path.join(tmpDir, openclaws, own, 'module'), 'utf8')).toBe('of the gateway');
  expect(readFileSync(path.join(tmpDir, 'node-compile-cache', own, 'module'), 'utf8')).toBe('of a helper');
});

test('without a baked cache nothing is made', async () => {
  const folder = temporaryFolder();
  await linkCompileCache(path.join(folder, 'absent'), openclawIn(folder), path.join(folder, 'tmp'));
  expect(readdirSync(folder)).toEqual(['openclaw']);
});
