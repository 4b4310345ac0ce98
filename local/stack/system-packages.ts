// Programs that come from the system, not from npm. On Debian and Ubuntu as root they are installed when missing;
// elsewhere the caller says in one sentence what is missing.

import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import { capture } from '../bootstrap/step.mjs';
import type { Progress } from './progress.ts';

const APT_TIMEOUT_MS = 10 * 60_000;
const EXTRA_DIRS = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin'];

/** Absolute path of a program on PATH or in the usual places; null when there is none. */
export function findProgram(name: string): string | null {
  const dirs = [...(process.env['PATH'] ?? '').split(path.delimiter), ...EXTRA_DIRS];
  return dirs.map((dir) => path.join(dir, name)).find(isExecutable) ?? null;
}

/** A Chromium or Chrome on this machine; null when there is none. `CHROMIUM_PATH` decides when set. */
export function findChromium(): string | null {
  const chosen = process.env['CHROMIUM_PATH'];
  if (chosen !== undefined && chosen !== '') return isExecutable(chosen) ? chosen : null;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) {
    const found = findProgram(name);
    if (found !== null) return found;
  }
  const mac = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
  return existsSync(mac) ? mac : null;
}

/** Whether this process may install system packages. */
export function canUseApt(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0 && findProgram('apt-get') !== null;
}

/** Installs Debian packages. Resolves to null, or to one sentence about why they could not be installed. */
export async function aptInstall(packages: readonly string[], progress: Progress): Promise<string | null> {
  const names = packages.join(' ');
  if (!canUseApt()) return `install ${names} with your system's package manager`;
  return await progress.step('apt', `installing ${names}`, async () => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const update = await capture('apt-get', ['update', '-q'], { env, timeoutMs: APT_TIMEOUT_MS });
    if (update.code !== 0) return `"apt-get update" failed (${lastLine(update.output)}): check the network`;
    const argv = ['install', '-y', '-q', '--no-install-recommends', ...packages];
    const result = await capture('apt-get', argv, { env, timeoutMs: APT_TIMEOUT_MS });
    return result.code === 0 ? null : `"apt-get install ${names}" failed (${lastLine(result.output)})`;
  });
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
}
