// The container engine as a child of the stack: it listens, comes back when killed, and ends with stop().

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startEngine, type EngineProcess } from './engine-process.ts';
import { processKey } from './process-identity.ts';
import { silentProgress, StackError } from './progress.ts';

const root = path.resolve(import.meta.dirname, '../..');
const dir = mkdtempSync(path.join(os.tmpdir(), 'tidepool-engine-'));
const socket = path.join(dir, 'engine.sock');
const started: number[] = [];
let engine: EngineProcess;

const options = (imagesFile: string) => ({
  root,
  socket,
  stateDir: path.join(dir, 'run'),
  imagesFile,
  isolation: 'plain' as const,
  logDir: path.join(dir, 'logs'),
  progress: silentProgress,
  onStarted: (pid: number) => void started.push(pid),
  onGaveUp: () => undefined,
});

beforeAll(async () => {
  const imagesFile = path.join(dir, 'images.json');
  writeFileSync(imagesFile, JSON.stringify({ images: [{ name: 'sleeper', command: ['sleep', 'infinity'] }] }));
  engine = await startEngine(options(imagesFile));
});
afterAll(async () => {
  await engine?.stop();
  rmSync(dir, { recursive: true, force: true });
});

function ping(): Promise<number> {
  return new Promise((resolve, reject) => {
    http
      .get({ socketPath: socket, path: '/_ping' }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
      .once('error', reject);
  });
}

test('it listens on its socket and tells how it confines', async () => {
  expect(engine.ready).toMatchObject({ ready: true, socket, isolation: 'plain' });
  expect(await ping()).toBe(200);
});

test('killed with -9, it comes back on the same socket', async () => {
  const before = engine.pid();
  if (before === null) throw new Error('no engine');
  process.kill(before, 'SIGKILL');
  await vi.waitUntil(() => started.length === 2 && started[1] !== before, { timeout: 20_000 });
  await vi.waitUntil(
    () =>
      ping().then(
        (status) => status === 200,
        () => false,
      ),
    { timeout: 10_000 },
  );
});

test('an images file it cannot use is a failure in words', async () => {
  const bad = path.join(dir, 'bad.json');
  writeFileSync(bad, '{"images":[{"name":"X"}]}');
  await expect(startEngine({ ...options(bad), socket: path.join(dir, 'other.sock') })).rejects.toThrow(StackError);
});

test('stop() ends it', async () => {
  const pid = engine.pid();
  await engine.stop();
  expect(pid === null ? null : processKey(pid)).toBeNull();
  expect(existsSync(socket)).toBe(false);
});
