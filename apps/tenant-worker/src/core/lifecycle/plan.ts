/**
 * The planner: from what is wanted, what is stored and what is seen, the one next thing to do. Pure; the executor makes
 * no choices. One step at a time, so that a crash between two steps leaves a state from which the same plan goes on.
 *
 * What must hold: no gateway while one may run in an older container; no gateway before the newest snapshot is restored;
 * no destroy of a run with unsaved changes before they are saved, its container is gone, or saving was tried to the limit;
 * nothing here ever starts from blank when a snapshot exists.
 */
import { unreachable } from '../../../../control-plane/src/contract/result.ts';
import * as limits from '../limits.ts';
import { scheduledWakeAtMs, staysAwake } from './awake.ts';
import { closeOthers, decideDraining } from './plan-ending.ts';
import { decideStarting } from './plan-starting.ts';
import type { Decision, Facts, PlanInput } from './plan-input.ts';
import { action, dueAtMs, event, snapshotRetryAtMs, wait } from './plan-input.ts';
import type { TenantEvent, TenantState } from './state.ts';

export type { Action, Decision, Facts, OpenRun, PlanInput, RunFacts, SnapshotReason } from './plan-input.ts';
export { runToSave } from './plan-ending.ts';

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
      return afterOthers(input, state.incarnation, () => decideStarting(input, state));
    case 'awake':
      return afterOthers(input, state.incarnation, () => decideAwake(input, state));
    case 'draining':
      return afterOthers(input, state.incarnation, () => decideDraining(input, state));
    case 'asleep':
      return afterOthers(input, null, () => decideAsleep(input));
    case 'suspended':
    case 'needs_operator':
      return afterOthers(input, null, () => wait(null));
    case 'deleting':
      return afterOthers(input, null, () => action({ kind: 'erase' }), true);
    default:
      return unreachable(state);
  }
}

/**
 * Ends other runs first. One that waits for another try holds everything up only when it may still run a gateway, or when
 * `strict` says that nothing may be left.
 */
function afterOthers(input: PlanInput, keep: number | null, then: () => Decision, strict = false): Decision {
  const others = closeOthers(input, keep);
  if (others.now !== null) return others.now;
  if (others.retryAtMs !== null && (strict || others.blocks)) return wait(others.retryAtMs);
  const decision = then();
  if (others.retryAtMs === null || decision.kind !== 'wait') return decision;
  return wait(decision.untilMs === null ? others.retryAtMs : Math.min(decision.untilMs, others.retryAtMs));
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

function decideAwake(input: PlanInput, state: Extract<TenantState, { kind: 'awake' }>): Decision {
  const { observed, facts, nowMs } = input;
  const { incarnation } = state;
  const probe = nowMs + limits.awakeProbeMs;
  const crashes = facts.crashesInWindow + 1;
  switch (observed.kind) {
    case 'stopped':
      return event({ type: 'run_lost', nowMs, incarnation, crashes });
    case 'silent':
      return facts.silentProbes >= limits.silentProbesMax
        ? event({ type: 'run_lost', nowMs, incarnation, crashes })
        : wait(nowMs + limits.observeDeadlineMs);
    case 'booting':
      // A keeper that is slow once is not a lost gateway; one that stays away is being restarted, on a disk that is whole.
      return facts.silentProbes >= limits.silentProbesMax
        ? event({ type: 'gateway_lost', nowMs, incarnation, crashes })
        : wait(nowMs + limits.observeDeadlineMs);
    case 'up':
      break;
    default:
      return unreachable(observed);
  }
  if (!observed.claimed || observed.phase !== 'ready') {
    return event({ type: 'gateway_lost', nowMs, incarnation, crashes });
  }
  if (facts.snapshotAsked) return action({ kind: 'snapshot', incarnation, why: 'manual' });
  const stays = staysAwake(input);
  if (stays === null) return event({ type: 'sleep_wanted', nowMs, why: 'idle' });
  const saveAtMs = nextSaveAtMs(facts, nowMs);
  if (saveAtMs !== null && nowMs >= saveAtMs) return action({ kind: 'snapshot', incarnation, why: 'periodic' });
  const sleepsAtMs = stays.sleepsAtMs !== null && stays.sleepsAtMs > nowMs ? stays.sleepsAtMs : probe;
  return wait(Math.min(probe, sleepsAtMs, saveAtMs ?? probe));
}

/**
 * Asleep, it waits for its own next run; whatever else wakes it comes from outside. One that is set to stay awake sleeps
 * only because somebody put it to sleep. A start that fails ends in `needs_operator`, which nothing here leaves.
 */
function decideAsleep({ facts, keepAwake, nowMs }: PlanInput): Decision {
  if (keepAwake && !facts.sleepAsked) return event({ type: 'wake_wanted', nowMs, why: 'keep_awake' });
  const wakeAtMs = scheduledWakeAtMs(facts, nowMs);
  if (wakeAtMs === null || nowMs < wakeAtMs) return wait(wakeAtMs);
  return event({ type: 'wake_wanted', nowMs, why: 'schedule' });
}

/** When an awake tenant is due to be saved: quiet for a moment after a change, at the latest after the period. */
export function nextSaveAtMs(facts: Facts, nowMs: number): number | null {
  if (facts.dirtyAtMs === null) return null;
  const quietAtMs = dueAtMs(facts.dirtyAtMs, limits.quietSnapshotMs, nowMs);
  const latestAtMs = dueAtMs(facts.lastSnapshotAtMs, limits.periodicSnapshotMs, nowMs);
  const spacedAtMs = dueAtMs(facts.lastSnapshotAtMs, limits.snapshotSpacingMs, nowMs);
  return Math.max(Math.min(quietAtMs, latestAtMs), spacedAtMs, snapshotRetryAtMs(facts, nowMs));
}
