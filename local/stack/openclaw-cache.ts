// The real OpenClaw from npm, kept once per version under .tidepool/cache. Installed beside its place and renamed into it,
// so an install that was killed midway is never taken for a whole one.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { npm, npmProblem } from '../bootstrap/step.mjs';
import { processKey } from './process-identity.ts';
import { StackError, type Progress } from './progress.ts';

const INSTALL_TIMEOUT_MS = 15 * 60_000;
const packageSchema = z.object({ version: z.string() });

/** Where `version` is (or will be): a folder with `node_modules/openclaw`. */
export function openclawCacheDir(root: string, version: string): string {
  return path.join(root, '.tidepool/cache', `openclaw-${version}`);
}

/** Whether the cache holds exactly this version, whole. */
export function hasOpenclaw(root: string, version: string): boolean {
  return holdsVersion(openclawCacheDir(root, version), version);
}

/** Installs OpenClaw when absent. Resolves to the folder of the package itself. Throws StackError with the next step. */
export async function ensureOpenclaw(root: string, version: string, progress: Progress): Promise<string> {
  const target = openclawCacheDir(root, version);
  const packageDir = path.join(target, 'node_modules/openclaw');
  if (holdsVersion(target, version)) return packageDir;

  const cache = path.dirname(target);
  mkdirSync(cache, { recursive: true });
  removeAbandoned(cache);
  const partial = path.join(cache, `partial-${process.pid}-openclaw-${version}`);
  await progress.step('openclaw', `installing openclaw@${version} from npm, once (about 650 MB)`, async () => {
    mkdirSync(partial, { recursive: true });
    writeFileSync(
      path.join(partial, 'package.json'),
      JSON.stringify({ private: true, dependencies: { openclaw: version } }),
    );
    const result = await npm(['install', '--ignore-scripts', '--omit=dev'], {
      cwd: partial,
      timeoutMs: INSTALL_TIMEOUT_MS,
    });
    if (result.code !== 0) {
      rmSync(partial, { recursive: true, force: true });
      throw new StackError(npmProblem(result, `installing openclaw@${version}`));
    }
    if (!holdsVersion(partial, version)) throw new StackError(`npm installed something else than openclaw@${version}.`);
    completeLifecycle(path.join(partial, 'node_modules/openclaw'), version);
    rmSync(target, { recursive: true, force: true });
    renameSync(partial, target);
  });
  return packageDir;
}

/**
 * Without install scripts OpenClaw finishes its own package at the first run, by writing into it. Containers mount it
 * read-only, so that first run happens here.
 */
function completeLifecycle(packageDir: string, version: string): void {
  const first = spawnSync(process.execPath, [path.join(packageDir, 'openclaw.mjs'), '--version'], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  if (first.status === 0) return;
  throw new StackError(`openclaw@${version} was installed but does not run: ${first.stderr.trim().slice(0, 300)}`);
}

function holdsVersion(dir: string, version: string): boolean {
  const packageDir = path.join(dir, 'node_modules/openclaw');
  if (!existsSync(path.join(packageDir, 'openclaw.mjs'))) return false;
  try {
    return (
      packageSchema.parse(JSON.parse(readFileSync(path.join(packageDir, 'package.json'), 'utf8'))).version === version
    );
  } catch {
    return false;
  }
}

/** Removes installs whose process is gone. */
function removeAbandoned(cache: string): void {
  for (const name of readdirSync(cache)) {
    const match = /^partial-(\d+)-/.exec(name);
    if (match === null || processKey(Number(match[1])) !== null) continue;
    rmSync(path.join(cache, name), { recursive: true, force: true });
  }
}
