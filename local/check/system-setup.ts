// Global set-up of the system and browser projects: the real OpenClaw must be in the cache before the first stack
// starts, so that its install is not counted against a test's time limit.

import path from 'node:path';
import { release } from '../../container/image/release.ts';
import { ensureOpenclaw } from '../stack/openclaw-cache.ts';
import { consoleProgress } from '../stack/progress.ts';

/** Runs once before the project's first file; what it sets in the environment is seen by every test process. */
export default async function setup(): Promise<void> {
  const root = path.resolve(import.meta.dirname, '../..');
  const progress = consoleProgress((line) => console.log(line));
  process.env['TIDEPOOL_OPENCLAW_DIR'] = await ensureOpenclaw(root, release.openclawVersion, progress);
}
