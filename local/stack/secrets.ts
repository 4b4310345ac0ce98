// The local stack's own secrets: made once, kept in a file only this user may read.
// What holds: a file that can't be read is refused, never replaced, because a new key ring makes every sealed
// tenant secret and every snapshot of this state unreadable.

import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { StackError } from './progress.ts';

const keyRingSchema = z
  .object({ current: z.string(), keys: z.record(z.string(), z.string().regex(/^[A-Za-z0-9+/]{43}=$/)) })
  .refine((ring) => Object.hasOwn(ring.keys, ring.current), 'the current key is not in the ring');
const secretsSchema = z.object({ betterAuthSecret: z.string().min(32), cellKeys: keyRingSchema });

export interface LocalSecrets {
  /** Signs sessions of the control plane. */
  readonly betterAuthSecret: string;
  /** The tenant worker's key ring, as JSON: `{"current":"k1","keys":{"k1":"<base64 of 32 bytes>"}}`. */
  readonly cellKeys: string;
}

/** Reads the secrets, or makes them when there are none yet. Throws StackError when the file is there but unusable. */
export function loadSecrets(file: string): LocalSecrets {
  const text = readIfThere(file);
  if (text === null) return createSecrets(file);
  const parsed = secretsSchema.safeParse(parseJson(text, file));
  if (!parsed.success) throw new StackError(unusable(file, 'does not hold the expected secrets'));
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new StackError(`${file} can be read by other users: run "chmod 600 ${file}" and start again.`);
  }
  return { betterAuthSecret: parsed.data.betterAuthSecret, cellKeys: JSON.stringify(parsed.data.cellKeys) };
}

function createSecrets(file: string): LocalSecrets {
  const secrets = {
    betterAuthSecret: randomBytes(32).toString('base64url'),
    cellKeys: { current: 'k1', keys: { k1: randomBytes(32).toString('base64') } },
  };
  // "wx": two starts at once can't each make a ring. Synced: state sealed with a lost ring would be lost too.
  const handle = openSync(file, 'wx', 0o600);
  try {
    writeSync(handle, `${JSON.stringify(secrets, null, 2)}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  return { betterAuthSecret: secrets.betterAuthSecret, cellKeys: JSON.stringify(secrets.cellKeys) };
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new StackError(unusable(file, 'cannot be read'));
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new StackError(unusable(file, 'is not JSON'));
  }
}

function unusable(file: string, problem: string): string {
  return (
    `${file} ${problem}. It holds the keys of this machine's tenants and is not replaced: put the right file back, ` +
    'or move the whole state folder away to begin anew.'
  );
}
