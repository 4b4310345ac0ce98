// The service state: the table of every state by every standing, a year of a life, and the promises about time.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Standing } from './mirror.ts';
import {
  deletionAtMs,
  graceMs,
  lookAgainMs,
  noticeDue,
  restrictedMs,
  serviceStep,
  suspendedMs,
  warningMs,
} from './service.ts';
import type { NoticeKind, ServiceState } from './service.ts';

const dayMs = 86_400_000;
const t0 = Date.UTC(2026, 10, 21);
const trialEndsAtMs = t0 + 14 * dayMs;
const standings: readonly Standing[] = ['paid', 'owing', 'cancelled', 'none'];
const fresh: readonly ServiceState[] = [
  { kind: 'trial', sinceMs: t0, endsAtMs: trialEndsAtMs },
  { kind: 'active', sinceMs: t0, again: false },
  { kind: 'grace', sinceMs: t0 },
  { kind: 'restricted', sinceMs: t0 },
  { kind: 'suspended', sinceMs: t0, why: 'unpaid', warnedAtMs: null },
  { kind: 'frozen', sinceMs: t0 },
  { kind: 'deleted', sinceMs: t0 },
];

test('every state by every standing, an hour after it began', () => {
  const table = fresh.map((state) =>
    [state.kind, ...standings.map((standing) => next(state, standing, t0 + 3_600_000).kind)].join(' '),
  );
  expect(table).toMatchInlineSnapshot(`
    [
      "trial active grace suspended trial",
      "active active grace suspended trial",
      "grace active grace suspended trial",
      "restricted active restricted suspended trial",
      "suspended active suspended suspended suspended",
      "frozen active grace suspended trial",
      "deleted active deleted deleted deleted",
    ]
  `);
});

function next(state: ServiceState, standing: Standing, nowMs: number, held = false): ServiceState {
  return serviceStep(state, { standing, held, trialEndsAtMs, nowMs });
}

describe('down', () => {
  test('one stage at a time, each from when it was entered, however long nobody looked', () => {
    const late = t0 + 400 * dayMs;
    const grace = next({ kind: 'active', sinceMs: t0, again: false }, 'owing', late);
    expect(grace).toEqual({ kind: 'grace', sinceMs: late });
    expect(next(grace, 'owing', late + graceMs - 1)).toBe(grace);
    const restricted = next(grace, 'owing', late + 90 * dayMs);
    expect(restricted).toEqual({ kind: 'restricted', sinceMs: late + 90 * dayMs });
    expect(next(restricted, 'owing', late + 90 * dayMs + restrictedMs - 1)).toBe(restricted);
  });

  test('nothing is deleted within two weeks of its warning', () => {
    const state: ServiceState = { kind: 'suspended', sinceMs: t0, why: 'unpaid', warnedAtMs: null };
    const warnedLate = next(state, 'owing', t0 + 300 * dayMs);
    expect(warnedLate).toMatchObject({ kind: 'suspended', warnedAtMs: t0 + 300 * dayMs });
    expect(next(warnedLate, 'owing', t0 + 300 * dayMs + warningMs - 1).kind).toBe('suspended');
    expect(next(warnedLate, 'owing', t0 + 300 * dayMs + warningMs).kind).toBe('deleted');
  });

  test('a clock that goes back moves nobody', () => {
    for (const state of fresh.filter(({ kind }) => kind !== 'deleted')) {
      const moved = next(state, state.kind === 'trial' ? 'none' : 'owing', t0 - 90 * dayMs);
      if (state.kind === 'grace' || state.kind === 'restricted' || state.kind === 'suspended')
        expect(moved).toBe(state);
      expect(moved.kind).not.toBe('deleted');
    }
  });
});

test('up: a payment makes everything but what is held active at once', () => {
  for (const state of fresh) {
    const after = next(state, 'paid', t0 + 60 * dayMs);
    expect(after.kind).toBe('active');
    expect(next(state, 'paid', t0 + 60 * dayMs, true).kind).toBe(state.kind === 'deleted' ? 'deleted' : 'frozen');
  }
});

test('a hold freezes from any state, and what is frozen never ages', () => {
  const frozen = next({ kind: 'suspended', sinceMs: t0, why: 'unpaid', warnedAtMs: t0 }, 'owing', t0 + dayMs, true);
  expect(frozen).toEqual({ kind: 'frozen', sinceMs: t0 + dayMs });
  expect(next(frozen, 'owing', t0 + 900 * dayMs, true)).toBe(frozen);
  expect(lookAgainMs(frozen, t0 + dayMs)).toBeNull();
});

/** Looks every `everyDays` and lists the notices, each once, as the mail table would. */
function lifeOf(standing: (day: number) => Standing, days: number, everyDays = 1): string[] {
  let state: ServiceState = { kind: 'trial', sinceMs: t0, endsAtMs: trialEndsAtMs };
  const told = new Map<string, number>();
  for (let day = 0; day <= days; day += everyDays) {
    const nowMs = t0 + day * dayMs;
    for (let i = 0; i < 3; i++) state = next(state, standing(day), nowMs);
    const notice: NoticeKind | null = noticeDue(state, nowMs);
    if (notice !== null && !told.has(`${notice}:${state.sinceMs}`)) told.set(`${notice}:${state.sinceMs}`, day);
  }
  return [...told].map(([key, day]) => `${day} ${key.split(':')[0] ?? ''}`);
}

test('what a state that lasts for years once owed is owed for a month', () => {
  const kept: readonly ServiceState[] = [
    { kind: 'active', sinceMs: t0, again: true },
    { kind: 'frozen', sinceMs: t0 },
    { kind: 'deleted', sinceMs: t0 },
  ];
  for (const state of kept) {
    expect(noticeDue(state, t0 + 29 * dayMs)).not.toBeNull();
    expect(noticeDue(state, t0 + 400 * dayMs)).toBeNull();
  }
});

test('nobody pays: every mail of the way down, once, with its day', () => {
  expect(lifeOf((day) => (day < 10 ? 'paid' : 'owing'), 80)).toEqual([
    '10 payment_failed',
    '13 payment_failed_again',
    '16 payment_failed_last',
    '17 restricted',
    '24 suspended_unpaid',
    '40 deletion_14',
    '51 deletion_3',
    '53 deletion_1',
    '54 deleted',
  ]);
});

test('whatever the days on which somebody looked: deletion only after its warning, and no stage cut short', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 40 * 24 }), { maxLength: 40 }), (pausesHours) => {
      let state: ServiceState = { kind: 'active', sinceMs: t0, again: false };
      let nowMs = t0;
      for (const pause of pausesHours) {
        nowMs += pause * 3_600_000;
        const after = next(state, 'owing', nowMs);
        if (after === state) continue;
        const stayed = nowMs - state.sinceMs;
        if (after.kind === 'restricted') expect(stayed).toBeGreaterThanOrEqual(graceMs);
        if (after.kind === 'suspended' && state.kind === 'restricted')
          expect(stayed).toBeGreaterThanOrEqual(restrictedMs);
        if (after.kind === 'deleted') {
          if (state.kind !== 'suspended' || state.warnedAtMs === null) throw new Error('deleted without a warning');
          expect(nowMs).toBeGreaterThanOrEqual(deletionAtMs(state));
          expect(nowMs - state.warnedAtMs).toBeGreaterThanOrEqual(warningMs);
          expect(stayed).toBeGreaterThanOrEqual(suspendedMs);
        }
        state = after;
      }
    }),
  );
});

test('it is looked at again whenever time alone changes something', () => {
  let state: ServiceState = { kind: 'active', sinceMs: t0, again: false };
  let nowMs = t0;
  const seen: string[] = [];
  for (let i = 0; i < 40 && state.kind !== 'deleted'; i++) {
    for (let n = 0; n < 3; n++) state = next(state, 'owing', nowMs);
    seen.push(noticeDue(state, nowMs) ?? '');
    nowMs = lookAgainMs(state, nowMs) ?? Number.NaN;
  }
  expect(state.kind).toBe('deleted');
  expect(new Set(seen)).toEqual(
    new Set([
      'payment_failed',
      'payment_failed_again',
      'payment_failed_last',
      'restricted',
      'suspended_unpaid',
      'deletion_14',
      'deletion_3',
      'deletion_1',
      'deleted',
    ]),
  );
});
