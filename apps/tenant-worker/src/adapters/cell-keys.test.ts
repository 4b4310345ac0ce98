/** Keys: what is wrapped for one tenant under one ring key opens there and nowhere else, also across a rotation. */
import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { CellKeys, fromBase64, joinParts, snapshotKey, toBase64 } from './cell-keys.ts';

const key = (fill: number): string => toBase64(new Uint8Array(32).fill(fill));
const ring = (current: string, keys: Readonly<Record<string, string>>): CellKeys =>
  new CellKeys(JSON.stringify({ current, keys }));

const one = ring('k1', { k1: key(1) });
const both = ring('k2', { k1: key(1), k2: key(2) });
const two = ring('k2', { k2: key(2) });
const dataKey = new Uint8Array(32).map((_, i) => i);

describe('a wrapped data key', () => {
  it('opens for its tenant', async () => {
    expect(await one.unwrapDataKey('ten_a', await one.wrapDataKey('ten_a', dataKey))).toEqual(dataKey);
  });

  it('is never the same twice, and never shows the key', async () => {
    const [a, b] = [await one.wrapDataKey('ten_a', dataKey), await one.wrapDataKey('ten_a', dataKey)];
    expect(a.wrapped).not.toBe(b.wrapped);
    expect(Buffer.from(fromBase64(a.wrapped)).includes(Buffer.from(dataKey))).toBe(false);
  });

  it('does not open when it is moved to another tenant', async () => {
    const wrapped = await one.wrapDataKey('ten_a', dataKey);
    await expect(one.unwrapDataKey('ten_b', wrapped)).rejects.toThrow();
  });

  it('does not open under another label, even when both labels name the same key', async () => {
    const twins = ring('k1', { k1: key(1), k2: key(1) });
    const wrapped = await twins.wrapDataKey('ten_a', dataKey);
    expect(wrapped.kid).toBe('k1');
    await expect(twins.unwrapDataKey('ten_a', { ...wrapped, kid: 'k2' })).rejects.toThrow();
  });

  it('does not open when any byte is changed or cut', async () => {
    const { kid, wrapped } = await one.wrapDataKey('ten_a', dataKey);
    const bytes = fromBase64(wrapped);
    for (let i = 0; i < bytes.length; i++) {
      const bad = bytes.slice();
      bad[i] = (bad[i] ?? 0) ^ 1;
      await expect(one.unwrapDataKey('ten_a', { kid, wrapped: toBase64(bad) })).rejects.toThrow();
    }
    for (const length of [0, 11, 12, bytes.length - 1]) {
      const cut = { kid, wrapped: toBase64(bytes.slice(0, length)) };
      await expect(one.unwrapDataKey('ten_a', cut)).rejects.toThrow();
    }
  });

  it('survives a rotation while the old key is in the ring, and not its removal', async () => {
    const old = await one.wrapDataKey('ten_a', dataKey);
    expect(await both.unwrapDataKey('ten_a', old)).toEqual(dataKey);
    await expect(two.unwrapDataKey('ten_a', old)).rejects.toThrow('no key k1');
    const fresh = await both.wrapDataKey('ten_a', dataKey);
    expect(fresh.kid).toBe('k2');
    expect(await two.unwrapDataKey('ten_a', fresh)).toEqual(dataKey);
    await expect(one.unwrapDataKey('ten_a', fresh)).rejects.toThrow('no key k2');
  });

  it('of a deleted tenant opens nothing', async () => {
    await expect(one.unwrapDataKey('ten_a', { kid: '', wrapped: '' })).rejects.toThrow();
  });

  it('under a label that every object has is no key', async () => {
    const wrapped = await one.wrapDataKey('ten_a', dataKey);
    for (const kid of ['constructor', '__proto__', 'toString']) {
      await expect(one.unwrapDataKey('ten_a', { ...wrapped, kid })).rejects.toThrow(`no key ${kid}`);
    }
  });
});

describe('derived keys', () => {
  it('differ by purpose, by ring key, and from the ring key', async () => {
    const keys = [await one.derived('session'), await one.derived('handoff'), await two.derived('session')];
    const texts = [...keys.map(toBase64), key(1), key(2)];
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('are all accepted during a rotation, the current first', async () => {
    const [current, retired, ...more] = await both.derivedAll('session');
    expect(current).toEqual(await two.derived('session'));
    expect(retired).toEqual(await one.derived('session'));
    expect(more).toEqual([]);
  });

  it('of a snapshot belong to that snapshot and that tenant', async () => {
    const of = await snapshotKey(dataKey, 's1');
    expect(of).toEqual(await snapshotKey(dataKey, 's1'));
    expect(of).not.toEqual(await snapshotKey(dataKey, 's2'));
    expect(of).not.toEqual(await snapshotKey(new Uint8Array(32), 's1'));
  });
});

describe('a keeper’s token', () => {
  it('belongs to one run', async () => {
    const tokens = await Promise.all([
      one.keeperToken('ten_a', 1),
      one.keeperToken('ten_a', 2),
      one.keeperToken('ten_b', 1),
      one.keeperToken('ten_a.1', 1),
    ]);
    expect(new Set(tokens).size).toBe(4);
    expect(tokens[0]).toMatch(/^[0-9a-f]{64}$/);
  });

  it('stays that of the key it was made with, so that a rotation takes no container away', async () => {
    const claimed = await one.keeperToken('ten_a', 1);
    expect(await both.keeperToken('ten_a', 1, 'k1')).toBe(claimed);
    expect(await both.keeperToken('ten_a', 1)).not.toBe(claimed);
    expect(both.currentKid).toBe('k2');
  });
});

describe('parts', () => {
  it('are joined so that different parts never join to the same', () => {
    const part = fc.oneof(fc.string(), fc.integer());
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), fc.array(part, { maxLength: 4 }), (a, b) => {
        const same = a.length === b.length && a.every((x, i) => String(x) === String(b[i]));
        expect(Buffer.compare(joinParts(...a), joinParts(...b)) === 0).toBe(same);
      }),
    );
    expect(joinParts('a|b', 'c')).not.toEqual(joinParts('a', 'b|c'));
  });
});

describe('a ring that is wrong', () => {
  it.each([
    ['not JSON', 'k1', 'not JSON'],
    ['without its current key', JSON.stringify({ current: 'k2', keys: { k1: key(1) } }), 'not a key ring'],
    ['whose current key every object has', JSON.stringify({ current: 'constructor', keys: {} }), 'not a key ring'],
    ['with a short key', JSON.stringify({ current: 'k1', keys: { k1: toBase64(new Uint8Array(16)) } }), 'k1'],
    ['with something that is no base64', JSON.stringify({ current: 'k1', keys: { k1: '???' } }), 'not a key ring'],
  ])('%s is refused in words that show no key', (_what, text, words) => {
    expect(() => new CellKeys(text)).toThrow(words);
    try {
      expect(new CellKeys(text)).toBeUndefined();
    } catch (error) {
      expect(String(error)).not.toContain(key(1));
    }
  });
});
