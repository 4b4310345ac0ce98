import { expect, it } from 'vitest';
import { sleepLine } from './sleep-line.ts';

const nowMs = Date.parse('2026-11-21T12:00:00Z');
const options = { locale: 'en-GB', timeZone: 'UTC' };
const awake = (reason: 'activity' | 'busy' | 'scheduled' | 'keep_awake' | 'unknown' | 'inbox', inMs: number | null) =>
  sleepLine(
    {
      state: 'awake',
      awakeBecause: { reason, sleepsAt: inMs === null ? null : new Date(nowMs + inMs).toISOString() },
      nextRunAt: null,
    },
    nowMs,
    options,
  );
const asleep = (nextRunAt: string | null) =>
  sleepLine({ state: 'asleep', awakeBecause: null, nextRunAt }, nowMs, options);

it('says when it sleeps, and why', () => {
  expect(awake('activity', 720_000)).toBe('Sleeps in 12 min at the earliest: it was used.');
  expect(awake('activity', 20_000)).toBe('Sleeps in under 1 min at the earliest: it was used.');
  expect(awake('busy', null)).toBe('Stays awake: it is working.');
  expect(awake('scheduled', 180_000)).toBe('Sleeps in 3 min at the earliest: a scheduled run is near.');
  // Due, and about to begin.
  expect(awake('scheduled', -5_000)).toBe('Stays awake: a scheduled run is near.');
  expect(awake('keep_awake', null)).toBe('Stays awake: it is set to.');
});

it('says when it wakes by itself', () => {
  expect(asleep(null)).toBeNull();
  expect(asleep('2026-11-21T19:30:00Z')).toBe('Wakes by itself at 19:30:00.');
  expect(asleep('2026-11-24T07:30:00Z')).toMatch(/^Wakes by itself on 24 Nov/);
});

it('says nothing where neither is near', () => {
  for (const state of ['waking', 'suspended', 'deleted', 'needs_operator'] as const)
    expect(sleepLine({ state, awakeBecause: null, nextRunAt: '2026-11-21T19:30:00Z' }, nowMs)).toBeNull();
});
