// The local stack as `npm start` runs it, without waking an assistant: it serves, survives its parts, refuses in words
// what it can't do, and leaves nothing running.

import { createServer } from 'node:net';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { anyFreePort } from './ports.ts';
import { processKey } from './process-identity.ts';
import { StackError } from './progress.ts';
import { startStack, type Stack } from './start-stack.ts';

const dir = mkdtempSync(path.join(os.tmpdir(), 'tidepool-stack-'));
// Longer than a socket path may be: the engine's socket has to go elsewhere.
const stateDir = path.join(dir, 'a-folder-with-a-long-name'.repeat(4), 'state');
let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ port: await anyFreePort(), stateDir, model: 'demo' });
});
afterAll(async () => {
  await stack?.stop();
  rmSync(dir, { recursive: true, force: true });
});

test('the dashboard, the API and the tenant hosts answer on one port', async () => {
  expect((await stack.fetch('localhost', '/healthz')).status).toBe(200);
  const page = await stack.fetch('localhost', '/');
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(await page.text()).toContain('<!doctype html>');
  const system = await stack.fetch('localhost', '/api/v1/system');
  expect(await system.json()).toMatchObject({ standIns: { mail: true, model: true, containers: true } });
  // The tenant worker's own answer: the control plane would have shown the dashboard.
  const stranger = await stack.fetch('nobody-has-this.localhost', '/', { headers: { accept: 'application/json' } });
  expect(stranger.headers.get('content-type')).not.toContain('text/html');
  expect(stranger.status).toBeGreaterThanOrEqual(400);
});

test('it runs the demo model, whatever keys are around', () => {
  expect(stack.upstream).toEqual({ kind: 'demo' });
  expect(stack.demoModelLog).toBe(path.join(stateDir, 'logs/demo-model.jsonl'));
});

test('a second start from the same folder is refused in words', async () => {
  const again = startStack({ port: await anyFreePort(), stateDir, model: 'demo' });
  await expect(again).rejects.toThrow(StackError);
  await expect(again).rejects.toThrow(`http://localhost:${stack.port}`);
});

test('a taken port is refused with a free one to use instead, and the folder is free again', async () => {
  const port = await anyFreePort();
  const taken = createServer().listen(port, '127.0.0.1');
  const other = path.join(dir, 'other');
  await expect(startStack({ port, stateDir: other, model: 'demo' })).rejects.toThrow(
    new RegExp(`Port ${port} is taken by another program. Free is \\d+: npm start -- --port \\d+`),
  );
  await new Promise((resolve) => taken.close(resolve));
  expect(() => readFileSync(path.join(other, 'stack.json'))).toThrow('ENOENT');
});

test('secrets it cannot read are refused and left as they are', async () => {
  const other = path.join(dir, 'broken');
  mkdirSync(other);
  writeFileSync(path.join(other, 'secrets.json'), 'not json', { mode: 0o600 });
  await expect(startStack({ port: await anyFreePort(), stateDir: other, model: 'demo' })).rejects.toThrow(
    'is not JSON',
  );
  expect(readFileSync(path.join(other, 'secrets.json'), 'utf8')).toBe('not json');
});

test('killed with -9, the runtime comes back on the same port', async () => {
  const before = stack.pids.workerd();
  await stack.restartWorkerd();
  expect(stack.pids.workerd()).not.toBe(before);
  expect((await stack.fetch('localhost', '/healthz')).status).toBe(200);
});

test('killed with -9, the container engine comes back', async () => {
  const before = stack.pids.engine();
  if (before === null) throw new Error('no engine');
  process.kill(before, 'SIGKILL');
  await vi.waitUntil(() => ![null, before].includes(stack.pids.engine()), { timeout: 30_000, interval: 50 });
});

test('stop() ends every process it started, and the same folder starts again', async () => {
  const pids = [stack.pids.workerd(), stack.pids.engine()].filter((pid) => pid !== null);
  expect(pids).toHaveLength(2);
  await stack.stop();
  expect(pids.map((pid) => processKey(pid))).toEqual([null, null]);
  stack = await startStack({ port: stack.port, stateDir, model: 'demo' });
  expect((await stack.fetch('localhost', '/healthz')).status).toBe(200);
});
