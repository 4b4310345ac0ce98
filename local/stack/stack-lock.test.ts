import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { processKey } from './process-identity.ts';
import { restartBudget } from './restart-budget.ts';
import { takeStackLock } from './stack-lock.ts';

let dir = '';
let file = '';
beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'tidepool-lock-'));
  file = path.join(dir, 'stack.json');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('one stack per folder; released, it can be taken again', async () => {
  const lock = await takeStackLock(file, 8787);
  await expect(takeStackLock(file, 8788)).rejects.toThrow(`process ${process.pid}, http://localhost:8787`);
  lock.release();
  expect(existsSync(file)).toBe(false);
  (await takeStackLock(file, 8788)).release();
});

test('what a crashed stack left behind is ended, and a reused process id is not', async () => {
  const left = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const innocent = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  if (left.pid === undefined || innocent.pid === undefined) throw new Error('not spawned');
  const children = [
    { pid: left.pid, key: processKey(left.pid) },
    { pid: innocent.pid, key: `${innocent.pid}:0` },
  ];
  writeFileSync(file, JSON.stringify({ owner: { pid: process.pid, key: 'of an earlier boot' }, port: 8787, children }));
  const ended = once(left, 'exit');
  (await takeStackLock(file, 8787)).release();
  expect(await ended).toEqual([null, 'SIGKILL']);
  expect(processKey(innocent.pid)).not.toBeNull();
  innocent.kill('SIGKILL');
});

test('a half-written lock holds nobody up', async () => {
  writeFileSync(file, '{"owner":');
  (await takeStackLock(file, 8787)).release();
});

test('a sixth death within ten minutes is one too many', () => {
  const budget = restartBudget();
  const minute = 60_000;
  expect([0, 1, 2, 3, 4].map((at) => budget.spend(at * minute))).toEqual([true, true, true, true, true]);
  expect(budget.spend(5 * minute)).toBe(false);
  expect(budget.spend(16 * minute)).toBe(true);
});
