// Makes node_modules match package-lock.json. A stamp with the lock file's hash makes the usual case one file read;
// without the stamp, npm's own record of what it installed decides, so an `npm install` by hand is not undone.
// The two native programs (workerd, esbuild) are run once after an install: npm 11 may have blocked their install
// scripts, and a missing one shows up only much later otherwise.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { BootstrapError, capture, npm, npmProblem, step } from './step.mjs';

/** Installs from the lock file when needed. Throws BootstrapError with one sentence when it can't. */
export async function ensureDependencies(root) {
  const lock = path.join(root, 'package-lock.json');
  const stamp = path.join(root, 'node_modules', '.tidepool-lock-hash');
  if (!existsSync(lock))
    throw new BootstrapError('package-lock.json is missing: this is not a whole checkout, clone it again.');
  const lockText = readFileSync(lock, 'utf8');
  const wanted = createHash('sha256').update(`${process.platform} ${process.arch} `).update(lockText).digest('hex');
  if (readIfThere(stamp) === wanted) return;

  if (!installedMatches(root, lockText)) {
    await step('dependencies', 'npm ci from the lock file (about 20 s on a warm cache)', async () => {
      const result = await npm(['ci'], { cwd: root });
      if (result.code !== 0) throw new BootstrapError(npmProblem(result, 'installing the dependencies'));
    });
  }
  await verifyNative(root);
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(`${stamp}.new`, wanted);
  renameSync(`${stamp}.new`, stamp);
}

/** True when every package the lock file requires here is installed in exactly that version. */
function installedMatches(root, lockText) {
  const record = readIfThere(path.join(root, 'node_modules', '.package-lock.json'));
  if (record === null) return false;
  try {
    const installed = JSON.parse(record).packages;
    return Object.entries(JSON.parse(lockText).packages).every(
      ([where, wanted]) => where === '' || wanted.optional === true || installed[where]?.version === wanted.version,
    );
  } catch {
    return false; // Half-written by an interrupted npm: install again.
  }
}

/** Runs the native programs once; repairs a blocked install script with `npm rebuild` before giving up. */
async function verifyNative(root) {
  const broken = await nativeProblem(root);
  if (broken === null) return;
  await step('dependencies', `${broken} does not run yet; running its install script`, async () => {
    await npm(['rebuild', 'workerd', 'esbuild', '--ignore-scripts=false'], { cwd: root });
  });
  const still = await nativeProblem(root);
  if (still !== null) {
    rmSync(path.join(root, 'node_modules', '.tidepool-lock-hash'), { force: true });
    throw new BootstrapError(
      `${still} does not run on ${process.platform}-${process.arch}: remove node_modules and run "npm ci --include=optional" ` +
        `without --ignore-scripts, then run this again.`,
    );
  }
}

async function nativeProblem(root) {
  const require = createRequire(path.join(root, 'package.json'));
  // As the tools do: each one's package finds its program in a per-platform package beside it.
  for (const name of ['esbuild', 'workerd']) {
    let bin;
    try {
      bin = path.join(path.dirname(require.resolve(`${name}/package.json`)), 'bin', name);
    } catch {
      return name;
    }
    const direct = await capture(bin, ['--version'], { cwd: root, timeoutMs: 30_000 });
    if (direct.code === 0) continue;
    // Without its install script the file is a JavaScript shim without a program in it.
    const shim = await capture(process.execPath, [bin, '--version'], { cwd: root, timeoutMs: 30_000 });
    if (shim.code !== 0) return name;
  }
  return null;
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
