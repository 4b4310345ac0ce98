// `npm start`: the whole of Tidepool on this machine, until Ctrl-C.

import path from 'node:path';
import { parseArgs } from 'node:util';
import { release } from '../container/image/release.ts';
import { consoleProgress, StackError } from './stack/progress.ts';
import { startStack, type Stack } from './stack/start-stack.ts';
import { whatIsReal } from './stack/what-is-real.ts';

const DEFAULT_PORT = 8787;
const root = path.resolve(import.meta.dirname, '..');
const startedMs = performance.now();

try {
  const port = readPort();
  const progress = consoleProgress((line) => console.log(line));
  const stack = await startStack({
    port,
    stateDir: readStateDir(),
    releases: readReleases(),
    payments: 'configured',
    progress,
    onGaveUp: (why) => {
      console.error(why);
      process.exit(1);
    },
  });
  printReady(stack);
  await stopOnSignal(stack);
} catch (error) {
  if (!(error instanceof StackError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

function readPort(): number {
  const { values } = parseArgs({ options: { port: { type: 'string' } }, strict: false });
  const given = typeof values.port === 'string' ? values.port : process.env['PORT'];
  if (given === undefined || given === '') return DEFAULT_PORT;
  const port = Number(given);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new StackError(`"${given}" is not a port number; give one from 1 to 65535.`);
  }
  return port;
}

/** `--state DIR`: another folder for everything that is kept. */
function readStateDir(): string {
  const { values } = parseArgs({ options: { state: { type: 'string' } }, strict: false });
  return typeof values.state === 'string' ? path.resolve(values.state) : path.join(root, '.tidepool/state');
}

/** `--release 2026.8.2`, as often as wanted: further OpenClaw versions to have here. */
function readReleases(): string[] {
  const { values } = parseArgs({ options: { release: { type: 'string', multiple: true } }, strict: false });
  return (values.release ?? []).filter((version) => typeof version === 'string');
}

function printReady(stack: Stack): void {
  console.log('');
  for (const row of whatIsReal(stack, release.openclawVersion)) console.log(`  ${row.part.padEnd(12)} ${row.what}`);
  for (const warning of stack.warnings) console.log(`\n  Note: ${warning}`);
  console.log(`\n  Tidepool is ready at ${stack.platformOrigin}  (${seconds(startedMs)} s)`);
  console.log('  Ctrl-C stops it; everything is kept.\n');
}

/** Waits for a signal, then saves and stops everything. A second signal, a second later, ends at once. */
async function stopOnSignal(stack: Stack): Promise<void> {
  await new Promise<void>((resolve) => {
    let askedMs: number | null = null;
    const onSignal = (): void => {
      // One Ctrl-C can arrive twice at once: from the terminal and through npm.
      if (askedMs !== null && performance.now() - askedMs > 1_000) process.exit(130);
      askedMs ??= performance.now();
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      // Miniflare ends the process at once on a signal; here the assistants are saved first. Its exit hook stays.
      process.removeAllListeners(signal);
      process.on(signal, onSignal);
    }
    // Whoever started this is gone, without a signal: nobody is left to stop it.
    process.on('disconnect', onSignal);
  });
  const stoppingMs = performance.now();
  console.log('\n  Stopping: awake assistants are saved first (Ctrl-C again to skip) …');
  const { asleep, unsaved } = await stack.drain().catch((error: unknown) => {
    console.error(`  The assistants could not be asked to save: ${String(error)}`);
    return { asleep: 0, unsaved: [] };
  });
  if (asleep > 0) console.log(`  ${asleep} saved.`);
  if (unsaved.length > 0) console.log(`  Not saved in time, back to their last save: ${unsaved.join(', ')}.`);
  await stack.stop();
  console.log(`  Stopped in ${seconds(stoppingMs)} s.`);
  process.exit(0);
}

function seconds(sinceMs: number): string {
  return ((performance.now() - sinceMs) / 1000).toFixed(1);
}
