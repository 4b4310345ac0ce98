/** The planner's promises, case by case; the simulation walks them together. */
import { describe, expect, it } from 'vitest';
import * as limits from '../limits.ts';
import type { Facts, PlanInput } from './plan.ts';
import { decide, nextSaveAtMs, rescueAttemptsMax } from './plan.ts';
import type { Observed, TenantState } from './state.ts';

const nowMs = 1_000_000;
const run = { startedAtMs: nowMs - 1_000, gatewayAskedAtMs: null, gatewayStarts: 0, lostInPlace: 0 };
const open = { incarnation: 3, unsaved: false, rescueAttempts: 0 };

const facts: Facts = {
  openRuns: [open],
  run,
  newestSnapshotId: null,
  crashesInWindow: 0,
  silentProbes: 0,
  lastActivityAtMs: nowMs,
  dirtyAtMs: null,
  lastSnapshotAtMs: nowMs,
  snapshotFailedAtMs: null,
  snapshotFailuresInRow: 0,
  gatewayStopped: false,
  drainSaved: false,
};

const waking: TenantState = {
  kind: 'waking',
  incarnation: 3,
  attempt: 1,
  sinceMs: 0,
  notBeforeMs: 0,
  why: 'navigation',
};
const awake: TenantState = { kind: 'awake', incarnation: 3, sinceMs: 0 };
const draining: TenantState = { kind: 'draining', incarnation: 3, sinceMs: nowMs, why: 'idle', then: 'asleep' };

const up = (
  phase: Extract<Observed, { kind: 'up' }>['phase'],
  more: Partial<Extract<Observed, { kind: 'up' }>> = {},
): Observed => ({
  kind: 'up',
  claimed: true,
  phase,
  hasState: false,
  failure: null,
  ...more,
});

const input = (
  state: TenantState,
  observed: Observed,
  more: Partial<Facts> = {},
  rest: Partial<PlanInput> = {},
): PlanInput => ({
  state,
  observed,
  facts: { ...facts, ...more },
  desired: 'active',
  idleSleepMs: 900_000,
  nowMs,
  ...rest,
});

describe('starting', () => {
  it('goes container, claim, restore, gateway, ready', () => {
    expect(decide(input(waking, { kind: 'stopped' }, { run: null, openRuns: [] }))).toMatchObject({
      action: { kind: 'start' },
    });
    expect(decide(input(waking, { kind: 'booting' }))).toMatchObject({ kind: 'wait' });
    expect(decide(input(waking, up('idle', { claimed: false })))).toMatchObject({ action: { kind: 'claim' } });
    expect(decide(input(waking, up('idle'), { newestSnapshotId: 's1' }))).toMatchObject({
      action: { kind: 'restore', snapshotId: 's1' },
    });
    expect(decide(input(waking, up('idle', { hasState: true }), { newestSnapshotId: 's1' }))).toMatchObject({
      action: { kind: 'start_gateway' },
    });
    expect(decide(input(waking, up('idle')))).toMatchObject({ action: { kind: 'start_gateway' } });
    expect(decide(input(waking, up('starting')))).toMatchObject({ kind: 'wait' });
    expect(decide(input(waking, up('ready')))).toMatchObject({ event: { type: 'gateway_ready', incarnation: 3 } });
  });

  it('never starts a gateway on a blank disk while a snapshot exists', () => {
    for (const phase of ['idle'] as const) {
      const decision = decide(input(waking, up(phase), { newestSnapshotId: 's1' }));
      expect(decision).not.toMatchObject({ action: { kind: 'start_gateway' } });
    }
  });

  it('closes an older run before anything else: saved first when it holds something', () => {
    const older = { incarnation: 2, unsaved: true, rescueAttempts: 0 };
    expect(decide(input(waking, { kind: 'stopped' }, { run: null, openRuns: [older] }))).toMatchObject({
      action: { kind: 'snapshot', incarnation: 2, why: 'rescue' },
    });
    expect(
      decide(
        input(waking, { kind: 'stopped' }, { run: null, openRuns: [{ ...older, rescueAttempts: rescueAttemptsMax }] }),
      ),
    ).toMatchObject({ action: { kind: 'destroy', incarnation: 2 } });
    expect(
      decide(input(waking, { kind: 'stopped' }, { run: null, openRuns: [{ ...older, unsaved: false }] })),
    ).toMatchObject({ action: { kind: 'destroy', incarnation: 2 } });
  });

  it('gives a stuck container up at its deadline, not before', () => {
    const at = (ageMs: number) =>
      decide(input(waking, { kind: 'booting' }, { run: { ...run, startedAtMs: nowMs - ageMs } }));
    expect(at(limits.keeperUpDeadlineMs - 1)).toMatchObject({ kind: 'wait' });
    expect(at(limits.keeperUpDeadlineMs)).toMatchObject({
      event: { type: 'start_failed', failure: 'container_stuck' },
    });
  });

  it('starts a crashed gateway again in place, within bounds, and reports what cannot be repeated', () => {
    expect(decide(input(waking, up('crashed', { hasState: true, failure: 'gateway_exit' })))).toMatchObject({
      action: { kind: 'start_gateway' },
    });
    const tired = { run: { ...run, lostInPlace: limits.inPlaceRestartsMax + 1 } };
    expect(decide(input(waking, up('crashed', { hasState: true, failure: 'gateway_exit' }), tired))).toMatchObject({
      event: { type: 'start_failed' },
    });
    expect(decide(input(waking, up('failed', { failure: 'config_invalid' })))).toMatchObject({
      event: { type: 'start_failed', failure: 'config_invalid' },
    });
  });

  it('waits out the backoff', () => {
    const later: TenantState = { ...waking, notBeforeMs: nowMs + 500 } as TenantState;
    expect(decide(input(later, { kind: 'stopped' }, { run: null, openRuns: [] }))).toEqual({
      kind: 'wait',
      untilMs: nowMs + 500,
    });
  });
});

describe('awake', () => {
  it('notices a lost run and a lost gateway', () => {
    expect(decide(input(awake, { kind: 'stopped' }))).toMatchObject({ event: { type: 'run_lost', crashes: 1 } });
    expect(decide(input(awake, up('crashed', { hasState: true })))).toMatchObject({ event: { type: 'gateway_lost' } });
    expect(decide(input(awake, up('idle', { claimed: false })))).toMatchObject({ event: { type: 'gateway_lost' } });
    expect(decide(input(awake, { kind: 'silent' }, { silentProbes: 1 }))).toMatchObject({ kind: 'wait' });
    expect(decide(input(awake, { kind: 'silent' }, { silentProbes: limits.silentProbesMax }))).toMatchObject({
      event: { type: 'run_lost' },
    });
  });

  it('sleeps when idle, not a millisecond early', () => {
    const idle = (ms: number) => decide(input(awake, up('ready'), { lastActivityAtMs: nowMs - ms }));
    expect(idle(899_999)).toMatchObject({ kind: 'wait', untilMs: nowMs + 1 });
    expect(idle(900_000)).toMatchObject({ event: { type: 'sleep_wanted', why: 'idle' } });
  });

  it('saves after a change falls quiet, spaced, and at the latest after the period', () => {
    expect(nextSaveAtMs(facts)).toBeNull();
    expect(nextSaveAtMs({ ...facts, dirtyAtMs: 100_000, lastSnapshotAtMs: 0 })).toBe(100_000 + limits.quietSnapshotMs);
    expect(nextSaveAtMs({ ...facts, dirtyAtMs: 1_000, lastSnapshotAtMs: 0 })).toBe(limits.snapshotSpacingMs);
    expect(nextSaveAtMs({ ...facts, dirtyAtMs: 900_000, lastSnapshotAtMs: 0 })).toBe(limits.periodicSnapshotMs);
    expect(decide(input(awake, up('ready'), { dirtyAtMs: nowMs - 60_000, lastSnapshotAtMs: 0 }))).toMatchObject({
      action: { kind: 'snapshot', why: 'periodic' },
    });
  });
});

describe('draining', () => {
  const unsaved = { openRuns: [{ ...open, unsaved: true }] };

  it('stops the gateway, saves, destroys, and only then is drained', () => {
    expect(decide(input(draining, up('ready'), unsaved))).toMatchObject({ action: { kind: 'stop_gateway' } });
    expect(decide(input(draining, up('stopped'), { ...unsaved, gatewayStopped: true }))).toMatchObject({
      action: { kind: 'snapshot', why: 'sleep' },
    });
    expect(
      decide(input(draining, up('stopped'), { ...unsaved, gatewayStopped: true, drainSaved: true })),
    ).toMatchObject({ action: { kind: 'destroy' } });
    expect(decide(input(draining, { kind: 'stopped' }, { openRuns: [] }))).toMatchObject({
      event: { type: 'drained' },
    });
  });

  it('never destroys what could not be saved: it goes back to work', () => {
    const failing = { ...unsaved, gatewayStopped: true, snapshotFailedAtMs: nowMs - 1, snapshotFailuresInRow: 1 };
    expect(decide(input(draining, up('stopped'), failing))).toMatchObject({ kind: 'wait' });
    expect(
      decide(input(draining, up('stopped'), { ...failing, snapshotFailuresInRow: limits.drainSnapshotAttemptsMax })),
    ).toMatchObject({ event: { type: 'drain_failed' } });
  });
});

describe('what is desired', () => {
  it('is followed from every live state and never fights itself', () => {
    expect(decide(input(awake, up('ready'), {}, { desired: 'suspended' }))).toMatchObject({
      event: { type: 'suspend_wanted' },
    });
    expect(decide(input(awake, up('ready'), {}, { desired: 'deleted' }))).toMatchObject({
      event: { type: 'delete_wanted' },
    });
    const suspended: TenantState = { kind: 'suspended', incarnation: 3, sinceMs: 0 };
    expect(decide(input(suspended, { kind: 'stopped' }, { openRuns: [] }, { desired: 'suspended' }))).toEqual({
      kind: 'wait',
      untilMs: null,
    });
    expect(decide(input(suspended, { kind: 'stopped' }, { openRuns: [] }))).toMatchObject({
      event: { type: 'resume_wanted' },
    });
  });
});
