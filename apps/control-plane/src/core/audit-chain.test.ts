// Every way of changing a chain is named with the number where it begins; an honest chain never is.

import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalEntry, chainStart, endOfChain, followChain } from './audit-chain.ts';
import { walkChain } from './audit-walk.ts';
import type { Anchor, AuditEntry, ChainBreak } from './audit-chain.ts';

const hashText = async (text: string): Promise<string> => createHash('sha256').update(text).digest('base64url');

async function chainOf(length: number, from: Partial<AuditEntry> = {}): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  let prevHash: string = chainStart.hash;
  for (let seq = 1; seq <= length; seq++) {
    const content = {
      orgId: 'org_1',
      seq,
      id: `aud_${seq}`,
      atMs: 1_000 + seq,
      actorKind: 'person',
      actorId: 'usr_1',
      action: 'tenant.update',
      outcome: 'done',
      tenantId: 'ten_1',
      intentId: null,
      code: null,
      reason: null,
      detail: '{"before":{},"after":{"displayName":"Nora"}}',
      requestId: `req_${seq}`,
      ...from,
      prevHash,
    };
    const entry = { ...content, hash: await hashText(canonicalEntry(content)) };
    entries.push(entry);
    prevHash = entry.hash;
  }
  return entries;
}

const anchorAt = (entries: readonly AuditEntry[], seq: number): Anchor => ({
  key: `audit/org_1/day-${seq}.json`,
  seq,
  hash: entries[seq - 1]?.hash ?? '',
});

async function verify(entries: readonly AuditEntry[], anchors: readonly Anchor[] = []): Promise<ChainBreak | null> {
  const { position, broken } = await followChain(chainStart, entries, anchors, hashText);
  return broken ?? endOfChain(position, anchors);
}

describe('a chain of entries', () => {
  it('holds as it was written, in pieces of any size', async () => {
    const entries = await chainOf(30);
    const anchors = [anchorAt(entries, 7), anchorAt(entries, 30)];
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 31 }), async (piece) => {
        let position: { seq: number; hash: string } = chainStart;
        for (let i = 0; i < entries.length; i += piece) {
          const followed = await followChain(position, entries.slice(i, i + piece), anchors, hashText);
          expect(followed.broken).toBeNull();
          position = followed.position;
        }
        expect(endOfChain(position, anchors)).toBeNull();
      }),
    );
  });

  it('names an edited entry, whatever field was touched', async () => {
    const entries = await chainOf(12);
    const fields = Object.keys(entries[0] ?? {}) as (keyof AuditEntry)[];
    for (const field of fields.filter((name) => name !== 'seq')) {
      const at = 5;
      const changed = entries.map((entry) =>
        entry.seq === at ? { ...entry, [field]: typeof entry[field] === 'number' ? 7 : `${entry[field]}x` } : entry,
      );
      expect(await verify(changed), field).toMatchObject({ kind: 'edited', seq: at });
    }
  });

  it('names what was removed, moved, cut off, linked anew and written anew', async () => {
    const entries = await chainOf(20);
    const anchors = [anchorAt(entries, 6), anchorAt(entries, 18)];
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 19 }), fc.integer({ min: 1, max: 3 }), async (at, many) => {
        const without = entries.filter(({ seq }) => seq < at || seq >= at + many);
        const removed = await verify(without, anchors);
        if (without.some(({ seq }) => seq > at)) expect(removed).toMatchObject({ kind: 'removed', seq: at });
        else if (at <= 18) expect(removed).toMatchObject({ kind: 'truncated', seq: at });
      }),
    );
    const swap = new Map([
      [4, 9],
      [9, 4],
    ]);
    const swapped = entries
      .map((entry) => ({ ...entry, seq: swap.get(entry.seq) ?? entry.seq }))
      .sort((a, b) => a.seq - b.seq);
    expect(await verify(swapped, anchors)).toMatchObject({ kind: 'reordered', seq: 4 });
    expect(await verify(entries.slice(0, 17), anchors)).toMatchObject({ kind: 'truncated', seq: 18 });
    const another = await chainOf(20, { actorId: 'usr_2' });
    expect(await verify([...entries.slice(0, 10), ...another.slice(10)], anchors)).toMatchObject({
      kind: 'relinked',
      seq: 11,
    });
    expect(await verify(another, anchors)).toMatchObject({ kind: 'rewritten', seq: 1 });
    const mixed = [...entries.slice(0, 10), ...(await rewrittenFrom(entries, 11))];
    expect(await verify(mixed, anchors)).toMatchObject({ kind: 'rewritten', seq: 7 });
    expect(await verify(mixed)).toBeNull(); // Without an anchor a chain proves nothing against who can write it anew.
  });
});

it('is gone on with after an entry only when that is the one which was anchored', async () => {
  const entries = await chainOf(20);
  const walk = (chain: readonly AuditEntry[], after: number) =>
    walkChain(
      {
        entryAt: async (seq) => chain.find((entry) => entry.seq === seq) ?? null,
        entriesAfter: async (seq, limit) => chain.filter((entry) => entry.seq > seq).slice(0, limit),
        anchors: async () => ({ anchors: [anchorAt(entries, 10)], unreadable: [] }),
      },
      after,
      hashText,
    );
  expect(await walk(entries, 10)).toMatchObject({ from: 11, to: 20, next: null, broken: null });
  const anew = [...entries.slice(0, 4), ...(await rewrittenFrom(entries, 5))];
  expect((await walk(anew, 10)).broken).toMatchObject({ kind: 'rewritten', seq: 10 });
  expect((await walk(anew, 0)).broken).toMatchObject({ kind: 'rewritten', seq: 1 });
  expect((await walk(entries.slice(0, 9), 10)).broken).toMatchObject({ kind: 'removed', seq: 10 });
});

async function rewrittenFrom(entries: readonly AuditEntry[], seq: number): Promise<AuditEntry[]> {
  let prevHash = entries[seq - 2]?.hash ?? '';
  const made: AuditEntry[] = [];
  for (const { hash: _hash, ...entry } of entries.slice(seq - 1)) {
    const content = { ...entry, actorId: 'usr_9', prevHash };
    prevHash = await hashText(canonicalEntry(content));
    made.push({ ...content, hash: prevHash });
  }
  return made;
}
