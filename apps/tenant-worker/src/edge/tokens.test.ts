import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CellKeys } from '../adapters/cell-keys.ts';
import { newHandoffCode, newTokenId, sha256, signToken, verifyToken } from './tokens.ts';

const nowMs = Date.parse('2026-11-21T08:00:00Z');
const host = 'nora-7f3k.localhost:8787';

function ring(current: string, ...kids: string[]): CellKeys {
  const keys = Object.fromEntries(kids.map((kid) => [kid, Buffer.alloc(32, kid).toString('base64')]));
  return new CellKeys(JSON.stringify({ current, keys }));
}

const keys = ring('k1', 'k1');
const id = newTokenId();
const session = { purpose: 'session' as const, host, id, expiresAtMs: nowMs + 1_000_000 };

describe('tokens', () => {
  it('say the hash of their id and their end', async () => {
    const text = await signToken(keys, session);
    expect(await verifyToken(keys, { purpose: 'session', host, text, nowMs })).toEqual({
      hash: await sha256(id),
      expiresAtMs: nowMs + 1_000_000,
    });
    expect(text).not.toContain(await sha256(id));
  });

  it('are worth nothing for another host, purpose, ring, or after their end', async () => {
    const text = await signToken(keys, session);
    const good = { purpose: 'session' as const, host, text, nowMs };
    expect(await verifyToken(keys, { ...good, host: 'other-7f3k.localhost:8787' })).toBeNull();
    expect(await verifyToken(keys, { ...good, purpose: 'code' })).toBeNull();
    expect(await verifyToken(ring('k2', 'k2'), good)).toBeNull();
    expect(await verifyToken(keys, { ...good, nowMs: nowMs + 1_059_000 })).not.toBeNull();
    expect(await verifyToken(keys, { ...good, nowMs: nowMs + 1_060_000 })).toBeNull();
  });

  it('survive a rotation until their key leaves the ring', async () => {
    const text = await signToken(keys, session);
    const rotated = ring('k2', 'k1', 'k2');
    expect(await verifyToken(rotated, { purpose: 'session', host, text, nowMs })).not.toBeNull();
    const fresh = await signToken(rotated, session);
    expect(await verifyToken(ring('k2', 'k2'), { purpose: 'session', host, text: fresh, nowMs })).not.toBeNull();
  });

  it('are refused after any change', async () => {
    const text = await signToken(keys, session);
    const change = fc.tuple(
      fc.nat({ max: text.length - 1 }),
      fc.constantFrom('A', 'Z', 'a', 'z', '0', '9', '-', '_', '.', '=', '\0', 'é', ' '),
    );
    await fc.assert(
      fc.asyncProperty(change, async ([at, letter]) => {
        const changed = text.slice(0, at) + letter + text.slice(at + 1);
        fc.pre(changed !== text);
        expect(await verifyToken(keys, { purpose: 'session', host, text: changed, nowMs })).toBeNull();
      }),
      { numRuns: 1_000 },
    );
  });

  it('refuse junk without asking for keys', async () => {
    const untouched = { derivedAll: () => Promise.reject(new Error('keys were asked for')) };
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string(), fc.stringMatching(/^[A-Za-z0-9_-]{0,43}\.[0-9a-z]{0,9}\.[A-Za-z0-9_-]{0,42}$/)),
        async (text) => {
          expect(await verifyToken(untouched, { purpose: 'session', host, text, nowMs })).toBeNull();
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('as codes, live for a minute', async () => {
    const made = await newHandoffCode(keys, host, nowMs);
    const facts = await verifyToken(keys, { purpose: 'code', host, text: made.code, nowMs });
    expect(facts).toEqual({ hash: made.codeHash, expiresAtMs: made.expiresAtMs });
    expect(made.expiresAtMs).toBe(nowMs + 60_000);
    expect(await verifyToken(keys, { purpose: 'session', host, text: made.code, nowMs })).toBeNull();
  });
});
