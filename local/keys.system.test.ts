// `npm run keys -- … --state DIR`: the command itself, on a database as a stopped stack leaves it.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withKeptState } from './stack/kept-state.ts';
import { applyMigrations } from './stack/migrations.ts';
import { takeStackLock } from './stack/stack-lock.ts';

const root = path.resolve(import.meta.dirname, '..');
const stateDir = mkdtempSync(path.join(tmpdir(), 'tidepool-keys-'));
beforeAll(() => withKeptState(root, stateDir, ({ db }) => applyMigrations(db, path.join(root, 'migrations'))));
afterAll(() => rmSync(stateDir, { recursive: true, force: true }));

const keys = (...args: string[]) => promisify(execFile)(process.execPath, [path.join(root, 'local/keys.ts'), ...args]);
const told = async (...args: string[]): Promise<unknown[]> =>
  (await keys(...args, '--state', stateDir)).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);

it('begins a rotation, one at a time, and says how far it is', async () => {
  const running = expect.objectContaining({ kind: 'data_key', state: 'running', asked: 0, left_over: 0 });
  expect(await told('new-data-keys')).toEqual([running]);
  expect(await told('rotate')).toEqual([running]);
});

it('says in words what it cannot do', async () => {
  await expect(keys('turn', '--state', stateDir)).rejects.toMatchObject({
    stderr: 'No action "turn". There are: status, rotate, new-data-keys.\n',
  });
  for (const unsaid of ['--state', '--state=']) {
    await expect(keys(unsaid)).rejects.toMatchObject({ stderr: expect.stringMatching(/^Say which state/) });
  }
  await expect(keys('--state', stateDir, 'rotate')).rejects.toMatchObject({
    stderr: 'Say first what to do: npm run keys -- rotate --state …\n',
  });
  const open = (dir: string) => withKeptState(root, dir, async () => undefined);
  await expect(open(`${stateDir}-none`)).rejects.toThrow(/^There is no kept state/);
  const lock = await takeStackLock(path.join(stateDir, 'stack.json'), 8_787);
  await expect(open(stateDir)).rejects.toThrow(/^Tidepool already runs/);
  lock.release();
});
