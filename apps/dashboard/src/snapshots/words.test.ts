import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../../control-plane/src/contract/api.ts';
import { canUndo, flagsOf, reasonOf, restoreSentence } from './words.ts';

const snapshot: Snapshot = {
  id: '0'.repeat(26),
  at: '2026-11-21T12:00:00.000Z',
  why: 'sleep',
  note: null,
  release: '2026.9.6',
  bytes: 1,
  files: 1,
  sessions: 1,
  cronJobs: 0,
  protection: null,
  aside: false,
  unreadable: false,
  provenAt: null,
  inventory: true,
  current: false,
  restorable: true,
};
const asked = { chosen: 'a', replaced: 'b', askedAt: snapshot.at };

describe('a snapshot in words', () => {
  it('says why it was taken, also for reasons this page does not know', () => {
    expect([reasonOf(snapshot), reasonOf({ why: 'something_new' })]).toEqual(['Before it fell asleep', 'Saved']);
  });

  it('carries a flag for everything special', () => {
    expect(flagsOf(snapshot)).toEqual([]);
    const all = { ...snapshot, current: true, protection: 'customer' as const, aside: true, unreadable: true };
    expect(flagsOf({ ...all, restorable: false })).toHaveLength(5);
  });
});

describe('the last restore', () => {
  it('can be undone once it took the place of something', () => {
    expect(canUndo(null)).toBe(false);
    expect(canUndo({ ...asked, stage: 'saving' })).toBe(false);
    expect(canUndo({ ...asked, stage: 'waiting' })).toBe(true);
    expect(canUndo({ ...asked, stage: 'done', replaced: null })).toBe(false);
  });

  it('is told in every stage that concerns a person', () => {
    expect(restoreSentence(null)).toBeNull();
    for (const stage of ['saving', 'waiting', 'done', 'unreadable', 'not_saved'] as const)
      expect(restoreSentence({ ...asked, stage })).toMatch(/\.$/);
  });
});
