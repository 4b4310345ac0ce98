// What the test layers need from the system. As root on Debian it is installed; elsewhere one sentence says what to do.

import { StackError, type Progress } from '../stack/progress.ts';
import { aptInstall, findChromium, findProgram } from '../stack/system-packages.ts';

/** Installs what is missing for these layers. Throws StackError when the browser tests could not run. */
export async function ensureTestTools(layers: readonly ('system' | 'browser')[], progress: Progress): Promise<void> {
  const missing: string[] = [];
  if (layers.includes('browser') && findChromium() === null) missing.push('chromium');
  if (process.platform === 'linux') {
    if (findProgram('bwrap') === null) missing.push('bubblewrap');
    if (findProgram('ip') === null) missing.push('iproute2');
  }
  if (missing.length === 0) return;
  const problem = await aptInstall(missing, progress);
  if (problem === null) return;
  if (missing.includes('chromium')) {
    throw new StackError(`The browser tests need Chromium: ${problem}, or set CHROMIUM_PATH to one.`);
  }
  // Without namespaces the engine runs plain processes; the tests that are about confinement say so themselves.
  progress.say(`Namespaces can't be used: ${problem}.`);
}
