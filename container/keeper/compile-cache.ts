/**
 * Node's compile cache for OpenClaw's five thousand modules: made once per image (`bake.ts`) and linked in at each start, so
 * that a boot compiles none of them. OpenClaw keeps it at a path made of its version and its package file's time and size;
 * Node adds a folder named by its own version, flags and user. A link that does not fit is simply not read.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

/** Where OpenClaw's launcher puts the cache below a temporary folder (`openclaw.mjs`, resolvePackagedCompileCacheDirectory). */
export async function openclawCacheDir(openclawDir: string, tmpDir: string): Promise<string> {
  const packageFile = path.join(openclawDir, 'package.json');
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(packageFile, 'utf8')));
  const { mtimeMs, size } = await stat(packageFile);
  return path.join(tmpDir, 'node-compile-cache', 'openclaw', version, `${Math.trunc(mtimeMs)}-${size}`);
}

/** Where Node itself puts it, for OpenClaw's helper processes, which are not started by its launcher. */
const nodeCacheDir = (tmpDir: string): string => path.join(tmpDir, 'node-compile-cache');

/** Folders such as `v24.21.0-x64-<flags>-<uid>`, which Node makes. */
const nodeFolder = /^v\d.*-\d+$/;

/** Keeps what Node wrote down below `tmpDir`: `launcher/` for OpenClaw itself, `helpers/` for its other processes. */
export async function keepCompileCache(openclawDir: string, tmpDir: string, outDir: string): Promise<void> {
  const sources = { launcher: await openclawCacheDir(openclawDir, tmpDir), helpers: nodeCacheDir(tmpDir) };
  for (const [kind, source] of Object.entries(sources)) {
    for (const name of await nodeFoldersIn(source)) {
      await cp(path.join(source, name), path.join(outDir, kind, name), { recursive: true });
    }
  }
}

/**
 * Links what was baked into the places where OpenClaw and Node look, under this user's name.
 * @param bakedDir made by `keepCompileCache`; nothing happens when it is not there
 */
export async function linkCompileCache(bakedDir: string, openclawDir: string, tmpDir: string): Promise<void> {
  const targets = { launcher: await openclawCacheDir(openclawDir, tmpDir), helpers: nodeCacheDir(tmpDir) };
  for (const [kind, target] of Object.entries(targets)) {
    for (const name of await nodeFoldersIn(path.join(bakedDir, kind))) {
      await mkdir(target, { recursive: true, mode: 0o700 });
      const forThisUser = name.replace(/-\d+$/, `-${process.getuid?.() ?? 0}`);
      const link = path.join(target, forThisUser);
      if (!existsSync(link)) await symlink(path.join(bakedDir, kind, name), link);
    }
  }
}

async function nodeFoldersIn(dir: string): Promise<readonly string[]> {
  if (!existsSync(dir)) return [];
  const entries = await readdir(dir, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory() && nodeFolder.test(entry.name)).map((entry) => entry.name);
}
