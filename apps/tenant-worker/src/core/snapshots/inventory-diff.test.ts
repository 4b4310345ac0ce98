import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Inventory } from '../../../../../container/keeper/inventory-contract.ts';
import { changesListedMax, inventoryChanges } from './inventory-diff.ts';

const sha = (char: string): string => char.repeat(64);
const item = (path: string, char = 'a') => ({ path, bytes: 1, sha256: sha(char), files: 1 });
const session = (id: string, messages: number, title: string | null = null) => ({
  id,
  title,
  updatedAtMs: 1,
  messages,
});

function inventory(facts: Partial<Inventory> = {}): Inventory {
  const items = facts.items ?? [];
  return {
    v: 1,
    listing: 'files',
    items,
    files: items.length,
    bytes: items.length,
    sessions: [],
    sessionCount: facts.sessions?.length ?? 0,
    cronJobs: 0,
    config: {},
    ...facts,
  };
}

describe('the changes', () => {
  it('are named: files, conversations, parts of the configuration', () => {
    const present = inventory({
      items: [item('a'), item('b'), item('c')],
      sessions: [session('s1', 3, 'Holiday'), session('s2', 1)],
      config: { agents: sha('a'), gateway: sha('b'), models: sha('c') },
    });
    const chosen = inventory({
      items: [item('a'), item('b', 'z'), item('d')],
      sessions: [session('s1', 2, 'Holiday'), session('s3', 9, 'Taxes')],
      config: { agents: sha('a'), gateway: sha('z') },
    });
    expect(inventoryChanges(present, chosen)).toMatchObject({
      files: {
        by: 'files',
        added: { count: 1, first: ['d'] },
        changed: { count: 1, first: ['b'] },
        removed: { count: 1, first: ['c'] },
      },
      sessions: { added: { first: ['Taxes'] }, changed: { first: ['Holiday'] }, removed: { first: ['s2'] } },
      configKeys: ['gateway', 'models'],
      totals: { files: { now: 3, then: 3 }, sessions: { now: 2, then: 2 } },
    });
  });

  it('say what they do not know', () => {
    const changes = inventoryChanges(inventory({ listing: 'folders' }), inventory({ config: null }));
    expect([changes.files, changes.configKeys]).toEqual([null, null]);
  });

  it('are counted in full and listed in part', () => {
    const many = Array.from({ length: changesListedMax + 5 }, (_, n) => item(`f${n}`));
    const { files } = inventoryChanges(inventory(), inventory({ items: many }));
    expect(files?.added.count).toBe(changesListedMax + 5);
    expect(files?.added.first).toHaveLength(changesListedMax);
  });

  it('there and back are each other’s mirror, and none to itself', () => {
    const items = fc.uniqueArray(fc.record({ path: fc.string(), char: fc.constantFrom('a', 'b') }), {
      selector: ({ path }) => path,
      maxLength: 30,
    });
    const any = items.map((list) => inventory({ items: list.map(({ path, char }) => item(path, char)) }));
    fc.assert(
      fc.property(any, any, (a, b) => {
        const there = inventoryChanges(a, b).files;
        const back = inventoryChanges(b, a).files;
        expect(there?.added).toEqual(back?.removed);
        expect(there?.changed).toEqual(back?.changed);
        expect(inventoryChanges(a, a).files).toMatchObject({ added: { count: 0 }, changed: { count: 0 } });
      }),
    );
  });
});
