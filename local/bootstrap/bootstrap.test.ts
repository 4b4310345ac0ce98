// The way in, run as a person runs it: expected failures are one sentence, a non-zero exit code and no stack.

import { execFile } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
let dir = '';

beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'tidepool-bootstrap-'));
  mkdirSync(path.join(dir, 'local'));
  copyFileSync(path.join(root, 'local/bootstrap.mjs'), path.join(dir, 'local/bootstrap.mjs'));
  cpSync(path.join(root, 'local/bootstrap'), path.join(dir, 'local/bootstrap'), { recursive: true });
  writeFileSync(path.join(dir, 'package.json'), '{"name":"empty","version":"1.0.0"}');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function bootstrap(argv: string[], env: Record<string, string>): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [path.join(dir, 'local/bootstrap.mjs'), ...argv],
      { env: { HOME: dir, ...env }, cwd: dir, timeout: 60_000 },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
    );
  });
}

const lockFor = (packages: object): string =>
  JSON.stringify({
    name: 'empty',
    version: '1.0.0',
    lockfileVersion: 3,
    packages: { '': { name: 'empty' }, ...packages },
  });

test('an unknown command lists what there is', async () => {
  const { code, output } = await bootstrap(['nonsense'], { PATH: '' });
  expect(code).toBe(1);
  expect(output).toMatch(/^No command "nonsense"\. There are:\n {2}start /);
  expect(output).not.toContain(' at ');
});

test('without a lock file it says so', async () => {
  const { code, output } = await bootstrap(['start'], { PATH: '' });
  expect({ code, output }).toEqual({
    code: 1,
    output: 'package-lock.json is missing: this is not a whole checkout, clone it again.\n',
  });
});

test('without npm it says what to install', async () => {
  writeFileSync(path.join(dir, 'package-lock.json'), lockFor({ 'node_modules/zod': { version: '4.0.0' } }));
  const { code, output } = await bootstrap(['start'], { PATH: '' });
  expect(code).toBe(1);
  expect(output).toContain('npm is missing, and installing the dependencies needs it: install npm 10 or newer');
  expect(output).not.toMatch(/^\s+at /m);
});

test('a registry that cannot be reached is one sentence', async () => {
  const npm = path.join(dir, 'npm-cli.js');
  writeFileSync(npm, 'console.error("npm error code ENOTFOUND"); process.exitCode = 1;');
  writeFileSync(path.join(dir, 'package-lock.json'), lockFor({ 'node_modules/zod': { version: '4.0.0' } }));
  const { code, output } = await bootstrap(['start'], { PATH: '', npm_execpath: npm });
  expect(code).toBe(1);
  expect(output).toContain('The npm registry could not be reached (ENOTFOUND) while installing the dependencies');
});

test('npm is not run when what is installed matches, and what npm was told does not leak into it', async () => {
  const npm = path.join(dir, 'npm-cli.js');
  const seen = path.join(dir, 'seen.json');
  // Stands where npm stands: notes how it was called, and "installs" by writing the record npm would.
  writeFileSync(
    npm,
    `const fs = require('node:fs');
     fs.appendFileSync(${JSON.stringify(seen)}, JSON.stringify([process.argv.slice(2), process.env.npm_config_omit ?? null]) + '\\n');
     fs.mkdirSync('node_modules', { recursive: true });
     fs.writeFileSync('node_modules/.package-lock.json', fs.readFileSync('package-lock.json'));`,
  );
  writeFileSync(path.join(dir, 'package-lock.json'), lockFor({ 'node_modules/zod': { version: '4.0.0' } }));
  const env = { PATH: '', npm_execpath: npm, npm_config_omit: 'optional' };
  await bootstrap(['start'], env);
  await bootstrap(['start'], env);
  const calls = readFileSync(seen, 'utf8').trim().split('\n');
  // The second start finds the record in order and asks npm only to mend the native programs, which are not there.
  expect(calls.map((line) => JSON.parse(line)[0][0])).toEqual(['ci', 'rebuild', 'rebuild']);
  expect(calls.map((line) => JSON.parse(line)[1])).toEqual([null, null, null]);
});
