// Builds the dashboard into apps/dashboard/dist when its sources changed since the last build.

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { capture } from '../bootstrap/step.mjs';
import { StackError, type Progress } from './progress.ts';
import { hashSources } from './source-hash.ts';

/** What the build reads: the dashboard, the contract it imports, and the versions of its libraries. */
const SOURCES = ['apps/dashboard', 'apps/control-plane/src/contract', 'package-lock.json'];
const BUILD_TIMEOUT_MS = 5 * 60_000;

/** Makes `apps/dashboard/dist` current. Throws StackError with the build's own message when it fails. */
export async function ensureDashboard(root: string, progress: Progress): Promise<void> {
  const dist = path.join(root, 'apps/dashboard/dist');
  const stamp = path.join(dist, '.sources-hash');
  const wanted = hashSources(root, SOURCES);
  if (existsSync(path.join(dist, 'index.html')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;

  await progress.step('dashboard', 'building', async () => {
    rmSync(stamp, { force: true });
    const vite = path.join(root, 'node_modules/vite/bin/vite.js');
    const result = await capture(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
      cwd: path.join(root, 'apps/dashboard'),
      env: { ...process.env, NODE_ENV: 'production', NO_COLOR: '1' },
      timeoutMs: BUILD_TIMEOUT_MS,
    });
    if (result.code !== 0) throw new StackError(`The dashboard did not build:\n${result.output.trim().slice(-4_000)}`);
    writeFileSync(stamp, wanted);
  });
}
