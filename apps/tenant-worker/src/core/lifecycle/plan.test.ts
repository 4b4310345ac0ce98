/** The planner's promises, case by case; the simulation walks them together. */
import { describe, expect, it } from 'vitest';
import * as limits from '../limits.ts';
import type { Facts } from './plan.ts';
import { decide, nextSaveAtMs, runToSave } from './plan.ts';
import type { Observed, TenantState } from './state.ts';
import { keeperPhases } from './state.ts';
import {
  nowMs,
  run,
  open,
  held,
  facts,
  saved,
  waking,
  awake,
  draining,
  up,
  input,
  closing,
} from '../../../../../test/support/plan-input.ts';

describe('starting', () => {
  it('goes container, claim, restore, gateway, ready', () => {
    expect(decide(input(waking, { kind: 'stopped' }, { run: null, openRuns: [] }))).toMatchObject({
      action: { kind: 'start' },
    });
    expect(decide(input(waking, { kind: 'booting' }))).toMatchObject({ kind: 'wait' });
    expect(decide(input(waking, up('idle', { claimed: false })))).toMatchObject({ action: { kind: 'claim' } });
    expect(decide(input(waking, up('idle'), saved))).toMatchObject({ action: { kind: 'restore', snapshotId: 's1' } });
    expect(decide(input(waking, up('idle', { hasState: true }), saved))).toMatchObject({
      action: { kind: 'start_gateway' },
    });
    expect(decide(input(waking, up('idle')))).toMatchObject({ action: { kind: 'start_gateway' } });
    expect(decide(input(waking, up('starting')))).toMatchObject({ kind: 'wait' });
    expect(decide(input(waking, up('ready')))).toMatchObject({ event: { type: 'gateway_ready', incarnation: 3 } });
  });

  it('never starts a gateway on a blank disk while a snapshot exists, in any phase, readable or not', () => {
    for (const phase of keeperPhases) {
      for (const snapshots of [saved, { newestSnapshotId: null, hasSnapshots: true }]) {
        for (const restores of [0, limits.restoresPerRunMax]) {
          const decision = decide(input(waking, up(phase), { ...snapshots, run: { ...run, restores } }));
          expect(decision).not.toMatchObject({ action: { kind: 'start_gateway' } });
        }
      }
    }
    expect(decide(input(waking, { kind: 'stopped' }, { run: null, openRuns: [], hasSnapshots: true }))).toMatchObject({
      event: { type: 'start_failed', failure: 'snapshot_unreadable' },
    });
  });

  it('does not restore for ever', () => {
    const again = { ...saved, run: { ...run, restores: limits.restoresPerRunMax } };
    expect(decide(input(waking, up('idle'), again))).toMatchObject({ event: { failure: 'restore_failed' } });
  });

  it('gives a stuck container up at its deadline, not before', () => {
    const at = (ageMs: number, observed: Observed) =>
      decide(input(waking, observed, { run: { ...run, startedAtMs: nowMs - ageMs } }));
    for (const observed of [{ kind: 'booting' }, { kind: 'silent' }] as const) {
      expect(at(limits.keeperUpDeadlineMs - 1, observed)).toMatchObject({ kind: 'wait' });
      expect(at(limits.keeperUpDeadlineMs, observed)).toMatchObject({
        event: { type: 'start_failed', failure: 'container_stuck' },
      });
    }
    expect(at(limits.keeperUpDeadlineMs, up('idle', { claimed: false }))).toMatchObject({
      event: { type: 'start_failed', failure: 'container_stuck' },
    });
  });

  it('gives a keeper that restarts in an old container the same time as a new one', () => {
    const old = { run: { ...run, startedAtMs: 0, gatewayAskedAtMs: 1_000 } };
    expect(decide(input({ ...waking, sinceMs: nowMs - 1 }, { kind: 'booting' }, old))).toMatchObject({ kind: 'wait' });
  });

  it('judges a new container by its own start when the clock was set back before it', () => {
    const future = { ...waking, sinceMs: nowMs + 86_400_000 };
    expect(decide(input(future, { kind: 'booting' }))).toMatchObject({ kind: 'wait' });
    const allFuture = { run: { ...run, startedAtMs: nowMs + 1, gatewayAskedAtMs: nowMs + 1 } };
    expect(decide(input(future, { kind: 'booting' }, allFuture))).toMatchObject({ event: { type: 'start_failed' } });
  });

  it('starts a crashed gateway again in place, within bounds, and reports what cannot be repeated', () => {
    const crashed = up('crashed', { hasState: true, failure: 'gateway_exit' });
    expect(decide(input(waking, crashed))).toMatchObject({ action: { kind: 'start_gateway' } });
    for (const tired of [{ lostInPlace: limits.inPlaceRestartsMax + 1 }, { startsSinceReady: 3 }]) {
      expect(decide(input(waking, crashed, { run: { ...run, ...tired } }))).toMatchObject({
        event: { type: 'start_failed' },
      });
    }
    expect(decide(input(waking, up('failed', { failure: 'schema_newer' })))).toMatchObject({
      event: { type: 'start_failed', failure: 'schema_newer' },
    });
  });

  it('starts once more from the last settings that worked when OpenClaw refuses what is set, then asks a person', () => {
    const refused = (settings?: 'current' | 'refused' | 'last_good') =>
      up('failed', { hasState: true, failure: 'config_invalid', ...(settings ? { settings } : {}) });
    const lastGood = { action: { kind: 'start_gateway', settings: 'last_good' } };
    const asksPerson = { event: { type: 'start_failed', failure: 'config_invalid' } };
    for (const settings of ['current', 'refused'] as const) {
      expect(decide(input(waking, refused(settings)))).toMatchObject(lastGood);
    }
    expect(decide(input(waking, refused('last_good')))).toMatchObject(asksPerson);
    // A start that was asked for and never reached the keeper is not one that failed.
    const asked = { run: { ...run, settings: 'last_good' as const } };
    expect(decide(input(waking, refused('current'), asked))).toMatchObject(lastGood);
    // A keeper that does not say: what was asked for last.
    expect(decide(input(waking, refused()))).toMatchObject(lastGood);
    expect(decide(input(waking, refused(), asked))).toMatchObject(asksPerson);
    const tired = { run: { ...run, startsSinceReady: limits.inPlaceRestartsMax + 1 } };
    expect(decide(input(waking, refused('current'), tired))).toMatchObject(asksPerson);
  });

  it('starts from what a person chose', () => {
    expect(decide(input(waking, up('idle', { hasState: true }), { settings: 'refused' }))).toMatchObject({
      action: { kind: 'start_gateway', settings: 'refused' },
    });
  });

  it('waits out the backoff, but not a clock that was set back', () => {
    const later = { ...waking, notBeforeMs: nowMs + 500 };
    const none = { run: null, openRuns: [] };
    expect(decide(input(later, { kind: 'stopped' }, none))).toEqual({ kind: 'wait', untilMs: nowMs + 500 });
    const tomorrow = { ...waking, notBeforeMs: nowMs + 86_400_000 };
    expect(decide(input(tomorrow, { kind: 'stopped' }, none))).toMatchObject({ action: { kind: 'start' } });
  });
});

describe('an older run', () => {
  it('is saved before anything else: claimed, stopped, snapshot, destroyed', () => {
    expect(closing({}, up('idle', { claimed: false, hasState: true }))).toMatchObject({
      action: { kind: 'claim', incarnation: 2 },
    });
    expect(closing({}, up('ready', { hasState: true }))).toMatchObject({
      action: { kind: 'stop_gateway', incarnation: 2 },
    });
    expect(closing({}, up('stopped', { hasState: true }))).toMatchObject({
      action: { kind: 'snapshot', incarnation: 2, why: 'rescue' },
    });
    expect(closing({ unsaved: false }, up('stopped', { hasState: true }))).toMatchObject({
      action: { kind: 'destroy', incarnation: 2 },
    });
  });

  it('is given up only when its container is gone or does not answer for long', () => {
    expect(closing({}, { kind: 'stopped' })).toMatchObject({ action: { kind: 'destroy' } });
    expect(closing({}, { kind: 'silent' })).toMatchObject({ action: { kind: 'note_unreachable' } });
    expect(closing({ unreachableTries: 1, triedAtMs: nowMs }, { kind: 'silent' })).toMatchObject({ kind: 'wait' });
    expect(closing({ unreachableTries: limits.unreachableTriesMax }, { kind: 'silent' })).toMatchObject({
      action: { kind: 'destroy' },
    });
  });

  it('that answers but cannot be saved is kept, and a person is asked', () => {
    const tired = { rescueTries: limits.rescueTriesMax, triedAtMs: nowMs };
    const stopped = up('stopped', { hasState: true });
    expect(closing(tired, stopped)).toMatchObject({ event: { type: 'rescue_failed', incarnation: 3 } });
    const waits: TenantState = { kind: 'needs_operator', incarnation: 3, sinceMs: 0, reason: 'snapshot_failed' };
    expect(closing(tired, stopped, waits)).toMatchObject({ kind: 'wait' });
    expect(closing({ ...tired, triedAtMs: 0 }, stopped, waits)).toMatchObject({ action: { kind: 'snapshot' } });
  });

  it('is saved once more when a person goes on without it, and given up only after that', () => {
    const word = { rescueTries: limits.rescueTriesMax, lastTriesLeft: limits.lastTriesMax, triedAtMs: null };
    const stopped = up('stopped', { hasState: true });
    const save = { action: { kind: 'snapshot', incarnation: 2, why: 'rescue' } };
    expect(closing(word, stopped)).toMatchObject(save);
    const again = { ...word, rescueTries: word.rescueTries + 1, lastTriesLeft: 1, triedAtMs: nowMs };
    expect(closing(again, stopped)).toEqual({ kind: 'wait', untilMs: nowMs + limits.rescueSpacingMs });
    expect(closing({ ...again, triedAtMs: nowMs - limits.rescueSpacingMs }, stopped)).toMatchObject(save);
    for (const observed of [stopped, { kind: 'silent' }] as const)
      expect(closing({ ...again, lastTriesLeft: 0 }, observed)).toMatchObject({
        action: { kind: 'destroy', incarnation: 2 },
      });
  });

  it('is tried again after a pause, not at once', () => {
    expect(closing({ rescueTries: 1, triedAtMs: nowMs - 1 }, up('stopped', { hasState: true }))).toMatchObject({
      kind: 'wait',
    });
  });

  it('without a gateway holds nothing up when it cannot be destroyed; with one it does', () => {
    const stuck = { ...open, incarnation: 2, destroyTries: 1, destroyTriedAtMs: nowMs };
    const none = { run: null };
    expect(decide(input(waking, { kind: 'stopped' }, { ...none, openRuns: [stuck] }))).toMatchObject({
      action: { kind: 'start', incarnation: 3 },
    });
    const asked = { ...stuck, gatewayAskedAtMs: 1 };
    expect(decide(input(waking, { kind: 'stopped' }, { ...none, openRuns: [asked] }))).toMatchObject({ kind: 'wait' });
    const fenced = { ...asked, destroyTries: limits.destroyTriesMax };
    expect(decide(input(waking, { kind: 'stopped' }, { ...none, openRuns: [fenced] }))).toMatchObject({
      action: { kind: 'start', incarnation: 3 },
    });
  });

  it('is the one to look at while it holds something', () => {
    expect(runToSave(waking, [held, open])).toBe(2);
    expect(runToSave(waking, [{ ...held, unsaved: false }, open])).toBeNull();
    expect(runToSave(waking, [{ ...held, destroyTries: 1 }])).toBeNull();
    expect(runToSave(waking, [{ ...held, incarnation: 3 }])).toBeNull();
    expect(runToSave({ kind: 'deleting', incarnation: 3, sinceMs: 0 }, [held])).toBeNull();
  });
});

describe('awake', () => {
  it('notices a lost run and a lost gateway', () => {
    expect(decide(input(awake, { kind: 'stopped' }))).toMatchObject({ event: { type: 'run_lost', crashes: 1 } });
    expect(decide(input(awake, up('crashed', { hasState: true })))).toMatchObject({ event: { type: 'gateway_lost' } });
    expect(decide(input(awake, up('idle', { claimed: false })))).toMatchObject({ event: { type: 'gateway_lost' } });
  });

  it('does not take a keeper that is slow once for a loss', () => {
    for (const [kind, type] of [
      ['silent', 'run_lost'],
      ['booting', 'gateway_lost'],
    ] as const) {
      expect(decide(input(awake, { kind }, { silentProbes: limits.silentProbesMax - 1 }))).toMatchObject({
        kind: 'wait',
      });
      expect(decide(input(awake, { kind }, { silentProbes: limits.silentProbesMax }))).toMatchObject({
        event: { type },
      });
    }
  });

  it('does not sleep while its gateway works or does not say, and looks again', () => {
    const quiet = { lastActivityAtMs: nowMs - 900_000 };
    for (const work of [{ busy: true, nextRunAtMs: null }, null])
      expect(decide(input(awake, up('ready'), { ...quiet, work }))).toMatchObject({
        kind: 'wait',
        untilMs: nowMs + limits.awakeProbeMs,
      });
  });

  it('wakes for its own next run while asleep, and in no other state of rest', () => {
    const schedule = { nextRunAtMs: nowMs + 600_000, wakes: 0, lastWakeAtMs: null };
    const at = (kind: 'asleep' | 'suspended' | 'needs_operator' | 'deleted', atMs: number) => {
      const states: Record<typeof kind, TenantState> = {
        asleep: { kind: 'asleep', incarnation: 3, sinceMs: 0 },
        suspended: { kind: 'suspended', incarnation: 3, sinceMs: 0 },
        needs_operator: { kind: 'needs_operator', incarnation: 3, sinceMs: 0, reason: 'crash_loop' },
        deleted: { kind: 'deleted', atMs: 0 },
      };
      const rest = { nowMs: atMs, desired: kind === 'suspended' ? ('suspended' as const) : ('active' as const) };
      return decide(input(states[kind], { kind: 'stopped' }, { openRuns: [], run: null, schedule }, rest));
    };
    const wakeAtMs = schedule.nextRunAtMs - limits.wakeLeadUnknownMs;
    expect(at('asleep', nowMs)).toEqual({ kind: 'wait', untilMs: wakeAtMs });
    expect(at('asleep', wakeAtMs - 1)).toEqual({ kind: 'wait', untilMs: wakeAtMs });
    expect(at('asleep', wakeAtMs)).toMatchObject({ event: { type: 'wake_wanted', why: 'schedule' } });
    for (const kind of ['suspended', 'needs_operator', 'deleted'] as const)
      expect(at(kind, wakeAtMs + 1)).toEqual({ kind: 'wait', untilMs: null });
  });

  it('wakes a sleeping one that is set to stay awake, unless somebody put it to sleep', () => {
    const at = (state: TenantState, more: Partial<Facts> = {}, keepAwake = true) =>
      decide(input(state, { kind: 'stopped' }, { openRuns: [], run: null, ...more }, { keepAwake }));
    const asleep: TenantState = { kind: 'asleep', incarnation: 3, sinceMs: 0 };
    expect(at(asleep)).toMatchObject({ event: { type: 'wake_wanted', why: 'keep_awake' } });
    expect(at(asleep, { sleepAsked: true })).toEqual({ kind: 'wait', untilMs: null });
    expect(at(asleep, {}, false)).toEqual({ kind: 'wait', untilMs: null });
    // Its next run wakes it all the same.
    const schedule = { nextRunAtMs: nowMs, wakes: 0, lastWakeAtMs: null };
    expect(at(asleep, { sleepAsked: true, schedule })).toMatchObject({ event: { why: 'schedule' } });
    const operator: TenantState = { kind: 'needs_operator', incarnation: 3, sinceMs: 0, reason: 'crash_loop' };
    expect(at(operator)).toEqual({ kind: 'wait', untilMs: null });
    const suspended: TenantState = { kind: 'suspended', incarnation: 3, sinceMs: 0 };
    expect(
      decide(input(suspended, { kind: 'stopped' }, { openRuns: [] }, { keepAwake: true, desired: 'suspended' })),
    ).toEqual({ kind: 'wait', untilMs: null });
  });

  it('sleeps when idle, not a millisecond early', () => {
    const idle = (ms: number) => decide(input(awake, up('ready'), { lastActivityAtMs: nowMs - ms }));
    expect(idle(899_999)).toMatchObject({ kind: 'wait', untilMs: nowMs + 1 });
    expect(idle(900_000)).toMatchObject({ event: { type: 'sleep_wanted', why: 'idle' } });
  });

  it('saves after a change falls quiet, spaced, and at the latest after the period', () => {
    const at = (more: Partial<Facts>) => nextSaveAtMs({ ...facts, ...more }, nowMs);
    expect(at({})).toBeNull();
    expect(at({ dirtyAtMs: 100_000, lastSnapshotAtMs: 0 })).toBe(100_000 + limits.quietSnapshotMs);
    expect(at({ dirtyAtMs: 1_000, lastSnapshotAtMs: 0 })).toBe(limits.snapshotSpacingMs);
    expect(at({ dirtyAtMs: 900_000, lastSnapshotAtMs: 0 })).toBe(limits.periodicSnapshotMs);
    expect(decide(input(awake, up('ready'), { dirtyAtMs: nowMs - 60_000, lastSnapshotAtMs: 0 }))).toMatchObject({
      action: { kind: 'snapshot', why: 'periodic' },
    });
  });

  it('retries a failed save with growing pauses, and does not wait for a clock that was set back', () => {
    const failed = { dirtyAtMs: 1, lastSnapshotAtMs: 0, snapshotFailedAtMs: nowMs };
    const pause = (inRow: number) =>
      (nextSaveAtMs({ ...facts, ...failed, snapshotFailuresInRow: inRow }, nowMs) ?? 0) - nowMs;
    expect([1, 2, 3, 20].map(pause)).toEqual([10_000, 20_000, 40_000, limits.snapshotRetryMaxMs]);
    const future = { dirtyAtMs: nowMs * 2, lastSnapshotAtMs: nowMs * 2, snapshotFailedAtMs: nowMs * 2 };
    expect(nextSaveAtMs({ ...facts, ...future }, nowMs)).toBeLessThanOrEqual(nowMs);
  });
});

describe('draining', () => {
  const mine = { ...held, incarnation: 3 };
  const unsaved = { openRuns: [mine] };

  it('stops the gateway, saves, destroys, and only then is drained', () => {
    const stopped = up('stopped', { hasState: true });
    expect(decide(input(draining, up('ready', { hasState: true }), unsaved))).toMatchObject({
      action: { kind: 'stop_gateway' },
    });
    expect(decide(input(draining, stopped, unsaved))).toMatchObject({ action: { kind: 'snapshot', why: 'sleep' } });
    const done = { openRuns: [{ ...mine, unsaved: false }] };
    expect(decide(input(draining, stopped, done))).toMatchObject({ action: { kind: 'destroy' } });
    expect(decide(input(draining, { kind: 'stopped' }, { openRuns: [] }))).toMatchObject({
      event: { type: 'drained' },
    });
  });

  it('saves again when a gateway came up after the save', () => {
    const done = { openRuns: [{ ...mine, unsaved: false }] };
    expect(decide(input(draining, up('ready', { hasState: true }), done))).toMatchObject({
      action: { kind: 'stop_gateway' },
    });
  });

  it('never destroys what could not be saved: it goes back to work, or waits when it must not work', () => {
    const stopped = up('stopped', { hasState: true });
    const failing = { ...unsaved, snapshotFailedAtMs: nowMs - 1, snapshotFailuresInRow: 1 };
    const often = { ...failing, snapshotFailuresInRow: limits.drainSnapshotAttemptsMax };
    expect(decide(input(draining, stopped, failing))).toMatchObject({ kind: 'wait' });
    expect(decide(input(draining, stopped, often))).toMatchObject({ event: { type: 'drain_failed' } });
    const suspending = { ...draining, why: 'suspend', then: 'suspended' } as const;
    expect(decide(input(suspending, stopped, often, { desired: 'suspended' }))).toMatchObject({ kind: 'wait' });
  });

  it('gives a silent container several looks, however long the drain has taken', () => {
    const long = { ...draining, sinceMs: nowMs - 600_000 };
    expect(decide(input(long, { kind: 'silent' }, unsaved))).toMatchObject({ action: { kind: 'note_unreachable' } });
    const tired = { openRuns: [{ ...mine, unreachableTries: limits.unreachableTriesMax }] };
    expect(decide(input(long, { kind: 'silent' }, tired))).toMatchObject({ action: { kind: 'destroy' } });
  });

  it('keeps nothing of what is to be deleted', () => {
    const deleting = { ...draining, why: 'delete', then: 'deleting' } as const;
    expect(decide(input(deleting, { kind: 'silent' }, unsaved, { desired: 'deleted' }))).toMatchObject({
      action: { kind: 'destroy' },
    });
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
