/**
 * Node's compile cache for OpenClaw's five thousand modules: made once per image (`bake.ts`) and linked in at each start, so
 * that a boot compiles none of them. OpenClaw keeps it at a path made of its version and its package file's time and size;
 * Node adds a folder named by its own version, flags and user. A link that does not fit is simply not read.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

/** Where OpenClaw's launcher puts the cache below a temporary folder (`openclaw.mjs`, resolvePackagedCompileCacheDirectory). */
export async function openclawCacheDir(openclawDir: string, tmpDir: string): Promise<string> {
  const packageFile = path.join(openclawDir, 'package.json');
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(packageFile, 'utf8')));
  const { mtimeMs, size } = await stat(packageFile);
  return path.join(tmpDir, 'node-compile-cache', 'openclaw', version, `${Math.trunc(mtimeMs)}-${size}`);
}

/**
 * Links what was baked into the place where OpenClaw looks, under this user's name.
 * @param bakedDir holds folders such as `v24.21.0-x64-<flags>-<uid>`; nothing happens when it is not there
 */
export async function linkCompileCache(bakedDir: string, openclawDir: string, tmpDir: string): Promise<void> {
  if (!existsSync(bakedDir)) return;
  const target = await openclawCacheDir(openclawDir, tmpDir);
  await mkdir(target, { recursive: true, mode: 0o700 });
  for (const entry of await readdir(bakedDir, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const { name } = entry;
    const forThisUser = name.replace(/-\d+$/, `-${process.getuid?.() ?? 0}`);
    const link = path.join(target, forThisUser);
    if (!existsSync(link)) await symlink(path.join(bakedDir, name), link);
  }
}
