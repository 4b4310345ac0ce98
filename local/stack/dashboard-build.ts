// Builds the dashboard when its sources changed. Each build is a folder of its own named by the sources' hash, made beside
// its place and renamed into it: a stack that runs goes on serving the files it started with while a newer build is
// made, and a build that was killed is never taken for a whole one. `apps/dashboard/dist` is kept equal to the newest
// one, for `wrangler deploy` and the size budgets.

import {
  cpSync,
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { capture } from '../bootstrap/step.mjs';
import { StackError, type Progress } from './progress.ts';
import { hashSources } from './source-hash.ts';

/** What the build reads: the dashboard, the contract it imports, and the versions of its libraries. */
const SOURCES = ['apps/dashboard', 'apps/control-plane/src/contract', 'package-lock.json'];
const BUILD_TIMEOUT_MS = 5 * 60_000;
const BUILDS_KEPT = 3; // A stack or two may still serve an older one.

/** The folder the dashboard of the present sources is (or will be) built into. */
export function dashboardDir(root: string): string {
  return path.join(root, '.tidepool/cache/dashboard', hashSources(root, SOURCES).slice(0, 16));
}

/** Builds into `dashboardDir(root)` unless it is there. Throws StackError with the build's own message when it fails. */
export async function ensureDashboard(root: string, progress: Progress): Promise<string> {
  const target = dashboardDir(root);
  if (!existsSync(target)) await progress.step('dashboard', 'building', () => build(root, target));
  const now = new Date();
  utimesSync(target, now, now); // Last used, for the clearing below.
  removeOldBuilds(path.dirname(target));
  publish(root, target);
  return target;
}

async function build(root: string, target: string): Promise<void> {
  const partial = `${target}.partial-${process.pid}`;
  const vite = path.join(root, 'node_modules/vite/bin/vite.js');
  const result = await capture(
    process.execPath,
    [vite, 'build', '--logLevel', 'warn', '--emptyOutDir', '--outDir', partial],
    {
      cwd: path.join(root, 'apps/dashboard'),
      env: { ...process.env, NODE_ENV: 'production', NO_COLOR: '1' },
      timeoutMs: BUILD_TIMEOUT_MS,
    },
  );
  if (result.code !== 0) {
    rmSync(partial, { recursive: true, force: true });
    throw new StackError(`The dashboard did not build:\n${result.output.trim().slice(-4_000)}`);
  }
  if (existsSync(target)) rmSync(partial, { recursive: true, force: true }); // Somebody else built the same meanwhile.
  else renameSync(partial, target);
}

/** Removes all but the last used builds of a folder; a build's time of change says when it was used. */
export function removeOldBuilds(dir: string): void {
  const builds = readdirSync(dir)
    .map((name) => ({ name, usedMs: statSync(path.join(dir, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .toSorted((a, b) => b.usedMs - a.usedMs);
  for (const { name } of builds.slice(BUILDS_KEPT)) rmSync(path.join(dir, name), { recursive: true, force: true });
}

/** Makes `apps/dashboard/dist` equal to this build, by a rename. */
function publish(root: string, target: string): void {
  const dist = path.join(root, 'apps/dashboard/dist');
  const stamp = path.join(root, '.tidepool/cache/dashboard-published');
  const hash = path.basename(target);
  if (existsSync(dist) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  const fresh = path.join(path.dirname(target), `dist-${process.pid}`);
  cpSync(target, fresh, { recursive: true });
  rmSync(dist, { recursive: true, force: true });
  renameSync(fresh, dist);
  writeFileSync(stamp, hash);
}
