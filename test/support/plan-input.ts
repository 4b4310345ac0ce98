/** Inputs of the planner for its tests: an ordinary tenant in each state, to be changed case by case. */
import type { Facts, OpenRun, PlanInput } from '../../apps/tenant-worker/src/core/lifecycle/plan.ts';
import { decide } from '../../apps/tenant-worker/src/core/lifecycle/plan.ts';
import type { KeeperPhase, Observed, TenantState } from '../../apps/tenant-worker/src/core/lifecycle/state.ts';

export const nowMs = 1_000_000;
export const run = {
  startedAtMs: nowMs - 1_000,
  gatewayAskedAtMs: null,
  startsSinceReady: 0,
  lostInPlace: 0,
  restores: 0,
  settings: 'current' as const,
};
export const open: OpenRun = {
  incarnation: 3,
  unsaved: false,
  gatewayAskedAtMs: null,
  unreachableTries: 0,
  stopTries: 0,
  rescueTries: 0,
  triedAtMs: null,
  lastTriesLeft: null,
  destroyTries: 0,
  destroyTriedAtMs: null,
};
export const held: OpenRun = { ...open, incarnation: 2, unsaved: true, gatewayAskedAtMs: nowMs - 500_000 };

export const facts: Facts = {
  openRuns: [open],
  run,
  settings: 'current',
  newestSnapshotId: null,
  hasSnapshots: false,
  snapshotAsked: false,
  crashesInWindow: 0,
  silentProbes: 0,
  lastActivityAtMs: nowMs,
  dirtyAtMs: null,
  lastSnapshotAtMs: nowMs,
  snapshotFailedAtMs: null,
  snapshotFailuresInRow: 0,
  work: { busy: false, nextRunAtMs: null },
  inboxPending: false,
  schedule: { nextRunAtMs: null, wakes: 0, lastWakeAtMs: null },
  sleepAsked: false,
  startDurationsMs: [],
};
export const saved = { newestSnapshotId: 's1', hasSnapshots: true };

export const waking: Extract<TenantState, { kind: 'waking' }> = {
  kind: 'waking',
  incarnation: 3,
  attempt: 1,
  sinceMs: 0,
  notBeforeMs: 0,
  why: 'navigation',
};
export const awake: TenantState = { kind: 'awake', incarnation: 3, sinceMs: 0 };
export const draining: Extract<TenantState, { kind: 'draining' }> = {
  kind: 'draining',
  incarnation: 3,
  sinceMs: nowMs,
  why: 'idle',
  then: 'asleep',
};

export const up = (phase: KeeperPhase, more: Partial<Extract<Observed, { kind: 'up' }>> = {}): Observed => ({
  kind: 'up',
  claimed: true,
  phase,
  hasState: false,
  failure: null,
  ...more,
});

export const input = (
  state: TenantState,
  observed: Observed,
  more: Partial<Facts> = {},
  rest: Partial<PlanInput> = {},
): PlanInput => ({
  state,
  observed,
  closing: null,
  facts: { ...facts, ...more },
  desired: 'active',
  idleSleepMs: 900_000,
  keepAwake: false,
  nowMs,
  ...rest,
});

/** What happens to an older run that holds changes, seen as `observed`. */
export const closing = (older: Partial<OpenRun>, observed: Observed, state: TenantState = waking) =>
  decide(
    input(
      state,
      { kind: 'silent' },
      { run: null, openRuns: [{ ...held, ...older }] },
      { closing: { incarnation: 2, observed } },
    ),
  );
