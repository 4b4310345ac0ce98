/**
 * The planner: from what is wanted, what is stored and what is seen, the one next thing to do. Pure; the executor makes
 * no choices. One step at a time, so that a crash between two steps leaves a state from which the same plan goes on.
 *
 * What must hold: no start while an older run is open; no gateway before the newest snapshot is restored; no destroy of a
 * run with unsaved state before it was saved or saving it was tried to the limit; nothing here ever starts from blank
 * when a snapshot exists.
 */
import { unreachable } from '../../../../control-plane/src/contract/result.ts';
import * as limits from '../limits.ts';
import type { Observed, StartFailure, TenantEvent, TenantState } from './state.ts';

export type SnapshotReason = 'sleep' | 'periodic' | 'rescue' | 'manual';

export type Action =
  | { readonly kind: 'start'; readonly incarnation: number }
  | { readonly kind: 'claim'; readonly incarnation: number }
  | { readonly kind: 'restore'; readonly incarnation: number; readonly snapshotId: string }
  | { readonly kind: 'start_gateway'; readonly incarnation: number }
  | { readonly kind: 'stop_gateway'; readonly incarnation: number }
  | { readonly kind: 'snapshot'; readonly incarnation: number; readonly why: SnapshotReason }
  | { readonly kind: 'destroy'; readonly incarnation: number; readonly why: string }
  | { readonly kind: 'erase' };

/** A container run that was begun and not yet ended. */
export interface OpenRun {
  readonly incarnation: number;
  /** Its disk holds changes that no snapshot has. */
  readonly unsaved: boolean;
  readonly rescueAttempts: number;
}

/** What is remembered of the current incarnation's run. */
export interface RunFacts {
  readonly startedAtMs: number | null;
  readonly gatewayAskedAtMs: number | null;
  /** Times the gateway was started in this container. */
  readonly gatewayStarts: number;
  /** Times the gateway was lost in this container since it was last ready for good. */
  readonly lostInPlace: number;
}

export interface Facts {
  readonly openRuns: readonly OpenRun[];
  readonly run: RunFacts | null;
  readonly newestSnapshotId: string | null;
  readonly crashesInWindow: number;
  readonly silentProbes: number;
  readonly lastActivityAtMs: number;
  /** When the state last changed since the newest snapshot, or null when it did not. */
  readonly dirtyAtMs: number | null;
  readonly lastSnapshotAtMs: number;
  readonly snapshotFailedAtMs: number | null;
  readonly snapshotFailuresInRow: number;
  readonly gatewayStopped: boolean;
  readonly drainSaved: boolean;
}

export interface PlanInput {
  readonly state: TenantState;
  readonly observed: Observed;
  readonly facts: Facts;
  /** What the control plane wants; the state follows it whenever it can. */
  readonly desired: 'active' | 'suspended' | 'deleted';
  readonly idleSleepMs: number;
  readonly nowMs: number;
}

export type Decision =
  | { readonly kind: 'event'; readonly event: TenantEvent }
  | { readonly kind: 'action'; readonly action: Action }
  /** Nothing to do before then; null = until somebody pokes. */
  | { readonly kind: 'wait'; readonly untilMs: number | null };

const event = (e: TenantEvent): Decision => ({ kind: 'event', event: e });
const action = (a: Action): Decision => ({ kind: 'action', action: a });
const wait = (untilMs: number | null): Decision => ({ kind: 'wait', untilMs });

/** Rescue is tried this often per run before its unsaved changes are given up for the newest snapshot. */
export const rescueAttemptsMax = 3;

/** Decides the next step. */
export function decide(input: PlanInput): Decision {
  const { state } = input;
  const wanted = followDesired(input);
  if (wanted !== null) return event(wanted);
  switch (state.kind) {
    case 'absent':
    case 'deleted':
      return wait(null);
    case 'provisioning':
    case 'waking':
      return closeOthers(input, state.incarnation) ?? decideStarting(input, state);
    case 'awake':
      return closeOthers(input, state.incarnation) ?? decideAwake(input, state);
    case 'draining':
      return closeOthers(input, state.incarnation) ?? decideDraining(input, state);
    case 'asleep':
    case 'suspended':
    case 'needs_operator':
      return closeOthers(input, null) ?? wait(null);
    case 'deleting':
      return closeOthers(input, null) ?? action({ kind: 'erase' });
    default:
      return unreachable(state);
  }
}

/** The event that brings the state towards what is desired, or null when it is there or on its way. */
function followDesired({ state, desired, nowMs }: PlanInput): TenantEvent | null {
  const { kind } = state;
  if (kind === 'absent' || kind === 'deleting' || kind === 'deleted') return null;
  if (kind === 'draining' && (state.then === 'deleting' || (desired === 'suspended' && state.then === 'suspended')))
    return null;
  switch (desired) {
    case 'deleted':
      return { type: 'delete_wanted', nowMs };
    case 'suspended':
      return kind === 'suspended' ? null : { type: 'suspend_wanted', nowMs };
    case 'active':
      return kind === 'suspended' ? { type: 'resume_wanted', nowMs } : null;
    default:
      return unreachable(desired);
  }
}

/** Ends every open run but `keep`: saved first when it holds something, then destroyed. Oldest first. */
function closeOthers({ facts, state }: PlanInput, keep: number | null): Decision | null {
  const run = facts.openRuns.find((r) => r.incarnation !== keep);
  if (!run) return null;
  if (run.unsaved && run.rescueAttempts < rescueAttemptsMax && state.kind !== 'deleting') {
    return action({ kind: 'snapshot', incarnation: run.incarnation, why: 'rescue' });
  }
  return action({ kind: 'destroy', incarnation: run.incarnation, why: `replaced in ${state.kind}` });
}

type Starting = Extract<TenantState, { kind: 'provisioning' | 'waking' }>;

function decideStarting({ observed, facts, nowMs }: PlanInput, state: Starting): Decision {
  const { incarnation } = state;
  const failed = (failure: StartFailure): Decision => event({ type: 'start_failed', nowMs, incarnation, failure });
  const startedAtMs = facts.run?.startedAtMs ?? null;

  if (startedAtMs === null) {
    return nowMs < state.notBeforeMs ? wait(state.notBeforeMs) : action({ kind: 'start', incarnation });
  }
  const soon = wait(nowMs + limits.transitionProbeMs);
  switch (observed.kind) {
    case 'stopped':
      return failed('container_exit');
    case 'silent':
    case 'booting': {
      const sinceMs = Math.max(startedAtMs, facts.run?.gatewayAskedAtMs ?? 0);
      return nowMs - sinceMs >= limits.keeperUpDeadlineMs ? failed('container_stuck') : soon;
    }
    case 'up':
      break;
    default:
      return unreachable(observed);
  }
  if (!observed.claimed) return action({ kind: 'claim', incarnation });
  if (!observed.hasState && observed.phase === 'idle' && facts.newestSnapshotId !== null) {
    return action({ kind: 'restore', incarnation, snapshotId: facts.newestSnapshotId });
  }
  switch (observed.phase) {
    case 'ready':
      return event({ type: 'gateway_ready', nowMs, incarnation });
    case 'restoring':
    case 'stopping':
    case 'validating':
    case 'starting': {
      const askedAtMs = facts.run?.gatewayAskedAtMs ?? startedAtMs;
      const deadlineMs = observed.phase === 'restoring' ? limits.restoreDeadlineMs : limits.gatewayReadyDeadlineMs;
      return nowMs - askedAtMs >= deadlineMs ? failed('start_timeout') : soon;
    }
    case 'idle':
    case 'stopped':
      return action({ kind: 'start_gateway', incarnation });
    case 'crashed':
    case 'failed': {
      const again = (facts.run?.lostInPlace ?? 0) <= limits.inPlaceRestartsMax;
      const repeatable =
        observed.failure === null || observed.failure === 'gateway_exit' || observed.failure === 'port_in_use';
      if (again && repeatable) return action({ kind: 'start_gateway', incarnation });
      return failed(observed.failure ?? 'gateway_exit');
    }
    default:
      return unreachable(observed.phase);
  }
}

function decideAwake(input: PlanInput, state: Extract<TenantState, { kind: 'awake' }>): Decision {
  const { observed, facts, nowMs } = input;
  const { incarnation } = state;
  const probe = nowMs + limits.awakeProbeMs;
  switch (observed.kind) {
    case 'stopped':
      return event({ type: 'run_lost', nowMs, incarnation, crashes: facts.crashesInWindow + 1 });
    case 'silent':
      return facts.silentProbes >= limits.silentProbesMax
        ? event({ type: 'run_lost', nowMs, incarnation, crashes: facts.crashesInWindow + 1 })
        : wait(nowMs + limits.observeDeadlineMs);
    case 'booting':
      // The keeper is being restarted inside a container that runs: its disk is whole.
      return event({ type: 'gateway_lost', nowMs, incarnation, crashes: facts.crashesInWindow + 1 });
    case 'up':
      break;
    default:
      return unreachable(observed);
  }
  if (!observed.claimed || observed.phase !== 'ready') {
    return event({ type: 'gateway_lost', nowMs, incarnation, crashes: facts.crashesInWindow + 1 });
  }
  const idleAtMs = facts.lastActivityAtMs + input.idleSleepMs;
  if (nowMs >= idleAtMs) return event({ type: 'sleep_wanted', nowMs, why: 'idle' });
  const saveAtMs = nextSaveAtMs(facts);
  if (saveAtMs !== null && nowMs >= saveAtMs) return action({ kind: 'snapshot', incarnation, why: 'periodic' });
  return wait(Math.min(probe, idleAtMs, saveAtMs ?? probe));
}

/** When an awake tenant is due to be saved: quiet for a moment after a change, at the latest after the period. */
export function nextSaveAtMs(facts: Facts): number | null {
  if (facts.dirtyAtMs === null) return null;
  const quietAtMs = facts.dirtyAtMs + limits.quietSnapshotMs;
  const latestAtMs = facts.lastSnapshotAtMs + limits.periodicSnapshotMs;
  const spacedAtMs = facts.lastSnapshotAtMs + limits.snapshotSpacingMs;
  const retryAtMs = facts.snapshotFailedAtMs === null ? 0 : facts.snapshotFailedAtMs + limits.snapshotRetryMs;
  return Math.max(Math.min(quietAtMs, latestAtMs), spacedAtMs, retryAtMs);
}

function decideDraining(input: PlanInput, state: Extract<TenantState, { kind: 'draining' }>): Decision {
  const { observed, facts, nowMs } = input;
  const { incarnation } = state;
  const run = facts.openRuns.find((r) => r.incarnation === incarnation);
  if (!run) return event({ type: 'drained', nowMs, incarnation });
  if (observed.kind === 'stopped' || facts.drainSaved) {
    return action({ kind: 'destroy', incarnation, why: `drained: ${state.why}` });
  }
  if (observed.kind === 'silent' || observed.kind === 'booting' || !observed.claimed) {
    const waitedMs = nowMs - state.sinceMs;
    if (observed.kind === 'up') return action({ kind: 'claim', incarnation });
    return waitedMs >= limits.keeperUpDeadlineMs
      ? action({ kind: 'destroy', incarnation, why: 'drain: the container does not answer' })
      : wait(nowMs + limits.transitionProbeMs);
  }
  // A gateway that never came up leaves nothing that the snapshot it came from lacks; a deletion keeps nothing.
  if (!run.unsaved || state.then === 'deleting')
    return action({ kind: 'destroy', incarnation, why: `drained: ${state.why}` });
  if (!facts.gatewayStopped) return action({ kind: 'stop_gateway', incarnation });
  if (facts.snapshotFailuresInRow >= limits.drainSnapshotAttemptsMax) {
    return event({ type: 'drain_failed', nowMs, incarnation });
  }
  const retryAtMs = facts.snapshotFailedAtMs === null ? 0 : facts.snapshotFailedAtMs + limits.snapshotRetryMs;
  if (nowMs < retryAtMs) return wait(retryAtMs);
  return action({ kind: 'snapshot', incarnation, why: 'sleep' });
}
