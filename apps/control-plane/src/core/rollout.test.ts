/** Who a rollout asks, when it waits and when it stops. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RolloutPlan, rolloutStates } from '../contract/rollouts.ts';
import type { RolloutInput } from './rollout.ts';
import { decideRollout, inStage, isQuiet, outcomeOf, passedOver, rolloutAllows, upgradeHeardMaxMs } from './rollout.ts';

const hourMs = 3_600_000;
const nowMs = Date.UTC(2026, 10, 21, 12);
const plan: RolloutPlan = {
  release: '2026.9.6',
  stages: [1, 10, 50, 100],
  soakMs: hourMs,
  failurePercentMax: 5,
  failuresMin: 3,
  atOnceMax: 10,
  quietHoursUtc: { from: 22, to: 6 },
};
const input: RolloutInput = {
  plan,
  state: 'running',
  stage: 0,
  listed: false,
  quietSinceMs: null,
  counts: { underWay: 0, succeeded: 0, failed: 0 },
  judged: { succeeded: 0, failed: 0 },
  nowMs,
};
const counts = (underWay: number, succeeded: number, failed: number) => ({
  counts: { underWay, succeeded, failed },
  judged: { succeeded, failed },
});

describe('the next step', () => {
  it.each<readonly [string, Partial<RolloutInput>, ReturnType<typeof decideRollout>]>([
    ['it begins', {}, { kind: 'ask', max: 10 }],
    ['it is paused', { state: 'paused' }, { kind: 'rest' }],
    ['some are under way', counts(4, 9, 0), { kind: 'ask', max: 6 }],
    ['as many as may be are under way', counts(10, 9, 0), { kind: 'rest' }],
    ['quiet hours', { nowMs: Date.UTC(2026, 10, 21, 23) }, { kind: 'rest' }],
    ['few failures', counts(0, 0, 2), { kind: 'ask', max: 10 }],
    ['failures within the rate', counts(0, 97, 3), { kind: 'ask', max: 10 }],
    ['too many', counts(0, 50, 3), { kind: 'halt', reason: '3 of 53 upgrades failed' }],
    [
      'too many at night',
      { ...counts(0, 0, 3), nowMs: Date.UTC(2026, 10, 21, 23) },
      { kind: 'halt', reason: '3 of 3 upgrades failed' },
    ],
    [
      'those before it was resumed',
      { ...counts(0, 50, 30), judged: { succeeded: 50, failed: 2 } },
      { kind: 'ask', max: 10 },
    ],
    [
      'too many since it was resumed',
      { ...counts(0, 50, 30), judged: { succeeded: 1, failed: 3 } },
      { kind: 'halt', reason: '3 of 4 upgrades failed' },
    ],
    ['through, the last under way', { listed: true, ...counts(1, 9, 0) }, { kind: 'rest' }],
    ['through, soaking', { listed: true, quietSinceMs: nowMs - hourMs + 1, ...counts(0, 9, 0) }, { kind: 'rest' }],
    ['soaked', { listed: true, quietSinceMs: nowMs - hourMs, ...counts(0, 9, 0) }, { kind: 'next_stage' }],
    ['nobody was in it', { listed: true }, { kind: 'next_stage' }],
    ['the last stage is through', { listed: true, stage: 3, ...counts(0, 9, 0) }, { kind: 'done' }],
  ])('%s', (_what, given, step) => {
    expect(decideRollout({ ...input, ...given })).toEqual(step);
  });
});

describe('who is asked', () => {
  it('is in every later stage too, and in the last one everybody', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), (rollout, tenant) => {
        const stages = plan.stages.map((percent) => inStage(rollout, tenant, percent));
        expect(stages.toSorted((a, b) => Number(a) - Number(b))).toEqual(stages);
        expect(stages.at(-1)).toBe(true);
      }),
    );
  });

  it('is about the share of the stage, and others in another rollout', () => {
    const tenants = Array.from({ length: 20_000 }, (_, i) => `ten_${i}`);
    const first = tenants.filter((id) => inStage('rol_a', id, 10));
    expect(first.length).toBeGreaterThan(1_800);
    expect(first.length).toBeLessThan(2_200);
    const both = first.filter((id) => inStage('rol_b', id, 10));
    expect(both.length).toBeLessThan(300);
  });

  it.each([
    [{ pinned: true, wanted: '2026.8.2', state: 'awake' }, 'pinned'],
    [{ pinned: false, wanted: '2026.9.6', state: 'awake' }, 'there'],
    [{ pinned: false, wanted: '2026.10.1', state: 'awake' }, 'there'],
    [{ pinned: false, wanted: '2026.8.2', state: 'suspended' }, 'not_active'],
    [{ pinned: false, wanted: '2026.8.2', state: 'asleep' }, null],
  ])('%j: %s', (candidate, reason) => {
    expect(passedOver(plan, candidate)).toBe(reason);
  });
});

it.each([
  [{ from: 22, to: 6 }, [22, 23, 0, 1, 2, 3, 4, 5]],
  [{ from: 1, to: 3 }, [1, 2]],
  [{ from: 4, to: 4 }, []],
  [null, []],
])('quiet hours %j', (quietHoursUtc, quiet) => {
  const hours = Array.from({ length: 24 }, (_, hour) => hour);
  const found = hours.filter((hour) => isQuiet({ ...plan, quietHoursUtc }, Date.UTC(2026, 10, 21, hour, 30)));
  expect(found).toEqual(quiet.toSorted((a, b) => a - b));
});

it.each([
  ['nothing heard', null, 0, 'under_way'],
  ['nothing heard for long', null, upgradeHeardMaxMs, 'failed'],
  ['there', { release: '2026.9.6', failure: null }, 0, 'succeeded'],
  ['it stays', { release: '2026.8.2', failure: { to: '2026.9.6', atMs: nowMs } }, 0, 'failed'],
  [
    'it stayed before it was asked',
    { release: '2026.8.2', failure: { to: '2026.9.6', atMs: nowMs - 1 } },
    0,
    'under_way',
  ],
  ['another one failed', { release: '2026.8.2', failure: { to: '2026.9.5', atMs: nowMs } }, 0, 'under_way'],
] as const)('%s', (_what, heard, laterMs, outcome) => {
  expect(outcomeOf(plan, heard, nowMs, nowMs + laterMs)).toBe(outcome);
});

it('a plan rises and is bounded', () => {
  expect(RolloutPlan.safeParse(plan).success).toBe(true);
  expect(RolloutPlan.safeParse({ ...plan, stages: [10, 10] }).success).toBe(false);
  expect(RolloutPlan.safeParse({ ...plan, stages: [] }).success).toBe(false);
  expect(RolloutPlan.safeParse({ ...plan, atOnceMax: 0 }).success).toBe(false);
});

it('is paused while it runs, resumed while it rests, halted while it is open', () => {
  const of = (act: Parameters<typeof rolloutAllows>[0]) => rolloutStates.filter((state) => rolloutAllows(act, state));
  expect([of('pause'), of('resume'), of('halt')]).toEqual([['running'], ['paused', 'halted'], ['running', 'paused']]);
});
