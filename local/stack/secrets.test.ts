import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StackError } from './progress.ts';
import { loadSecrets } from './secrets.ts';

let dir = '';
let file = '';
beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'tidepool-secrets-'));
  file = path.join(dir, 'secrets.json');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('made once, for this user only, and the same ever after', () => {
  const first = loadSecrets(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(JSON.parse(first.cellKeys)).toMatchObject({ current: 'k1' });
  expect(Buffer.from(JSON.parse(first.cellKeys).keys.k1, 'base64')).toHaveLength(32);
  expect(first.betterAuthSecret.length).toBeGreaterThanOrEqual(32);
  expect(loadSecrets(file)).toEqual(first);
});

test.each([
  ['not JSON', '{"betterAuth'],
  ['no keys', '{}'],
  [
    'a short key',
    JSON.stringify({ betterAuthSecret: 'x'.repeat(43), cellKeys: { current: 'k1', keys: { k1: 'AAAA' } } }),
  ],
  [
    'a current key that is not in the ring',
    JSON.stringify({
      betterAuthSecret: 'x'.repeat(43),
      cellKeys: { current: 'k2', keys: { k1: `${'A'.repeat(43)}=` } },
    }),
  ],
])('a file with %s is refused and left as it is', (_what, text) => {
  writeFileSync(file, text, { mode: 0o600 });
  expect(() => loadSecrets(file)).toThrow(StackError);
  expect(readFileSync(file, 'utf8')).toBe(text);
});

test('a file that others can read is refused', () => {
  loadSecrets(file);
  chmodSync(file, 0o644);
  expect(() => loadSecrets(file)).toThrow('chmod 600');
});
