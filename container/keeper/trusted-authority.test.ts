import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from './testing/temporary-folder.ts';
import { trustedAuthority } from './trusted-authority.ts';

const never = new AbortController().signal;

test('nothing to wait for', async () => {
  expect(await trustedAuthority(undefined, never)).toBe(true);
});

test('a certificate that comes while we wait is found', async () => {
  const file = path.join(temporaryFolder(), 'ca.crt');
  const waiting = trustedAuthority(file, never);
  writeFileSync(file, 'certificate');
  expect(await waiting).toBe(true);
});

test('a stop ends the wait', async () => {
  const abort = new AbortController();
  const waiting = trustedAuthority('/nowhere/ca.crt', abort.signal);
  abort.abort();
  expect(await waiting).toBe(false);
});
