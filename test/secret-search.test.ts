// The search by which `no secret` is shown must find one, whatever it lies in.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { SecretSearch } from './support/secret-search.ts';

const planted = 'ghp_canary"5e2d/9a8b+7c6d';

test('a planted secret is found in a file, a database, an environment and an answer, in every form', () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'tidepool-planted-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(path.join(dir, 'r2/blobs'), { recursive: true });
  writeFileSync(path.join(dir, 'r2/blobs/1'), Buffer.concat([Buffer.alloc(70_000, 7), Buffer.from(planted)]));
  writeFileSync(path.join(dir, 'log'), `x=${Buffer.from(planted).toString('base64')}`);
  writeFileSync(path.join(dir, 'secrets.json'), planted);
  const database = new DatabaseSync(path.join(dir, 'state.sqlite'));
  database.exec('CREATE TABLE t (body TEXT)');
  database.prepare('INSERT INTO t VALUES (?)').run(JSON.stringify({ value: planted }));
  database.close();

  const search = new SecretSearch({ planted });
  search.folder(dir, ['secrets.json']);
  search.text('an answer', `{"detail":"${encodeURIComponent(planted)}"}`);
  search.text('an environment', `KEY=${Buffer.from(planted).toString('hex')}`);
  search.text('nothing', planted.slice(0, -1));
  expect(new Set(search.result.found)).toEqual(
    new Set([
      'planted, as it is: r2/blobs/1',
      'planted, base64: log',
      'planted, in JSON: state.sqlite',
      'planted, in a URL: an answer',
      'planted, hex: an environment',
    ]),
  );
  expect(search.result.places).toBe(6);
});

test('a secret that the test does not know is no secret that was searched for', () => {
  expect(() => new SecretSearch({ empty: '' })).toThrow(/empty is not known/);
});
