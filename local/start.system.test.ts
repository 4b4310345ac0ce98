// `npm start` as a terminal runs it: Ctrl-C goes to the whole process group at once.

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { until } from '../test/support/product.ts';
import { anyFreePort } from './stack/ports.ts';

const root = path.resolve(import.meta.dirname, '..');
let stateDir = '';
let started: ChildProcess | null = null;

afterEach(() => {
  const runs = started !== null && started.exitCode === null && started.signalCode === null;
  // What it started ends with it, by itself.
  if (runs) started?.kill('SIGKILL');
  rmSync(stateDir, { recursive: true, force: true });
});

async function start(): Promise<{ pid: number; printed: () => string; ended: Promise<number | null> }> {
  stateDir = mkdtempSync(path.join(os.tmpdir(), 'tidepool-start-'));
  const argv = [
    path.join(root, 'local/bootstrap.mjs'),
    'start',
    '--port',
    String(await anyFreePort()),
    '--state',
    stateDir,
  ];
  const child = spawn(process.execPath, argv, { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  started = child;
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (text += String(bytes)));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  await until('the ready line', async () => text.includes('Tidepool is ready'));
  if (child.pid === undefined) throw new Error('it has no process id');
  return { pid: child.pid, printed: () => text, ended };
}

test('Ctrl-C in a terminal leaves the runtime up until the assistants are saved', async () => {
  const { pid, printed, ended } = await start();
  process.kill(-pid, 'SIGINT');
  expect(await ended).toBe(0);
  expect(printed()).toContain('Stopped in');
  expect(printed()).not.toContain('could not be asked to save');
});

test('it stops by itself when whoever started it is gone', async () => {
  const { pid, printed, ended } = await start();
  process.kill(pid, 'SIGKILL');
  // Closed: the last process that held the output is gone.
  await ended;
  expect(printed()).toContain('Stopped in');
});
