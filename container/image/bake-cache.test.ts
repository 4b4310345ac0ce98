import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { buildKeeper } from '../keeper/build.ts';
import { scriptedOpenclaw, type Script } from '../keeper/testing/scripted-openclaw.ts';
import { temporaryFolder } from '../keeper/testing/temporary-folder.ts';
import { bakeCompileCache, type BakeOptions } from './bake-cache.ts';

async function recipe(script: Script): Promise<BakeOptions> {
  const folder = temporaryFolder();
  const openclawDir = path.join(folder, 'node_modules/openclaw');
  mkdirSync(path.dirname(openclawDir));
  renameSync(scriptedOpenclaw(folder, script), openclawDir);
  const keeperFile = path.join(folder, 'keeper.mjs');
  await buildKeeper(keeperFile);
  const nodeDir = path.resolve(path.dirname(process.execPath), '..');
  return { openclawDir, keeperFile, nodeDir, isolation: 'plain', outDir: path.join(folder, 'cache') };
}

test('one boot and one turn make the cache, once', async () => {
  const options = await recipe({});
  expect(await bakeCompileCache(options)).toBe('made');
  expect(readFileSync(path.join(options.outDir, 'launcher/v24.21.0-x64-00000000-0/module'), 'utf8')).toBe('compiled');
  expect(await bakeCompileCache(options)).toBe('present');
});

test("a boot that fails leaves nothing and says the gateway's last words", async () => {
  const options = await recipe({ exitAtBoot: { code: 3, stderr: 'the last words' } });
  await expect(bakeCompileCache(options)).rejects.toThrow(/the last words/);
  expect(existsSync(options.outDir)).toBe(false);
});
