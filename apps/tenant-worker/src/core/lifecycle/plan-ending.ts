/**
 * Ending a run: the present one while draining, older ones at any time. What a disk holds is saved before its container is
 * destroyed, unless the container is gone, does not answer for long, or the tenant is being deleted. A run that answers but
 * cannot be saved is kept, and a person is asked; on the person's word saving is tried once more, and only then given up.
 */
import { unreachable } from '../../../../control-plane/src/contract/result.ts';
import * as limits from '../limits.ts';
import type { Decision, OpenRun, PlanInput, SnapshotReason } from './plan-input.ts';
import { action, backoffMs, dueAtMs, event, snapshotRetryAtMs, wait } from './plan-input.ts';
import type { DrainReason, KeeperPhase, Observed, TenantState } from './state.ts';

interface Others {
  /** To be done now, or null. */
  readonly now: Decision | null;
  /** When a failed destroy may be tried again, or null. */
  readonly retryAtMs: number | null;
  /** A gateway may still run in one of them. */
  readonly blocks: boolean;
}

/** Ends every open run but `keep`, oldest first. */
export function closeOthers(input: PlanInput, keep: number | null): Others {
  let retryAtMs: number | null = null;
  let blocks = false;
  for (const run of input.facts.openRuns) {
    if (run.incarnation === keep) continue;
    const decision = closeRun(input, run);
    if (decision.kind !== 'wait') return { now: decision, retryAtMs: null, blocks: false };
    retryAtMs = Math.min(retryAtMs ?? Infinity, decision.untilMs ?? Infinity);
    // A container that cannot be ended is fenced: after enough tries the next one starts beside it.
    blocks ||= run.gatewayAskedAtMs !== null && run.destroyTries < limits.destroyTriesMax;
    // One after the other: the next may be closed once this one is.
    if (run.unsaved && run.destroyTries === 0) break;
  }
  return { now: null, retryAtMs, blocks };
}

/** The open run that has to be looked at to be closed, or null. `keep` is never that run. */
export function runToSave(state: TenantState, openRuns: readonly OpenRun[]): number | null {
  if (nothingIsKept(state)) return null;
  const live = state.kind === 'provisioning' || state.kind === 'waking' || state.kind === 'awake';
  const keep = live || state.kind === 'draining' ? state.incarnation : null;
  return openRuns.find((run) => run.incarnation !== keep && run.unsaved && run.destroyTries === 0)?.incarnation ?? null;
}

function nothingIsKept(state: TenantState): boolean {
  return state.kind === 'deleting' || (state.kind === 'draining' && state.then === 'deleting');
}

function closeRun(input: PlanInput, run: OpenRun): Decision {
  const { state, closing } = input;
  // A destroy that was tried may have reached the container: it is not taken back.
  if (!run.unsaved || run.destroyTries > 0 || nothingIsKept(state))
    return destroyRun(input, run, `replaced in ${state.kind}`);
  if (run.lastTriesLeft === 0) return destroyRun(input, run, 'it could not be saved; a person went on without it');
  if (closing?.incarnation !== run.incarnation) return wait(input.nowMs + limits.transitionProbeMs);
  const step = towardsSaved(input, run, closing.observed);
  if (step !== null) return step;
  const starting = state.kind === 'waking' || state.kind === 'provisioning';
  if (starting && run.lastTriesLeft === null && run.rescueTries >= limits.rescueTriesMax) {
    return event({ type: 'rescue_failed', nowMs: input.nowMs, incarnation: state.incarnation });
  }
  const retryAtMs = rescueRetryAtMs(run, input.nowMs);
  return input.nowMs < retryAtMs
    ? wait(retryAtMs)
    : action({ kind: 'snapshot', incarnation: run.incarnation, why: 'rescue' });
}

/** Ends the present run, saved first. */
export function decideDraining(input: PlanInput, state: Extract<TenantState, { kind: 'draining' }>): Decision {
  const { observed, facts, nowMs } = input;
  const { incarnation } = state;
  const run = facts.openRuns.find((r) => r.incarnation === incarnation);
  if (!run) return event({ type: 'drained', nowMs, incarnation });
  if (nothingIsKept(state) || run.destroyTries > 0) return destroyRun(input, run, `drained: ${state.why}`);
  // A saved run in which a gateway appeared after all (a start that came late) is stopped and saved again.
  const late = observed.kind === 'up' && observed.claimed && mustStop(run, observed.phase);
  if (!run.unsaved && !late) return destroyRun(input, run, `drained: ${state.why}`);
  const step = towardsSaved(input, run, observed);
  if (step !== null) return step;
  // A suspended tenant does not go back to work because it cannot be saved; its container waits.
  if (facts.snapshotFailuresInRow >= limits.drainSnapshotAttemptsMax && state.then !== 'suspended') {
    return event({ type: 'drain_failed', nowMs, incarnation });
  }
  const retryAtMs = snapshotRetryAtMs(facts, nowMs);
  return nowMs < retryAtMs ? wait(retryAtMs) : action({ kind: 'snapshot', incarnation, why: savedAs(state.why) });
}

/** A state that something is about to take the place of is protected; see `SnapshotIndex`. */
function savedAs(why: DrainReason): SnapshotReason {
  return why === 'restore' ? 'before_restore' : why === 'upgrade' ? 'before_upgrade' : 'sleep';
}

/** What must come before a save: an answer, a claim, a stopped gateway. Null = it can be saved now. */
function towardsSaved(input: PlanInput, run: OpenRun, observed: Observed): Decision | null {
  const { nowMs } = input;
  const { incarnation } = run;
  const retryAtMs = rescueRetryAtMs(run, nowMs);
  const given = run.unreachableTries >= limits.unreachableTriesMax;
  switch (observed.kind) {
    case 'stopped':
      return destroyRun(input, run, 'the container was gone, with what was not saved');
    case 'silent':
    case 'booting':
      if (given) return destroyRun(input, run, 'the container did not answer; what was not saved is given up');
      return nowMs < retryAtMs
        ? wait(Math.min(retryAtMs, nowMs + limits.observeDeadlineMs))
        : action({ kind: 'note_unreachable', incarnation });
    case 'up':
      break;
    default:
      return unreachable(observed);
  }
  if (!observed.claimed) {
    if (given) return destroyRun(input, run, 'the keeper refused us; what was not saved is given up');
    return nowMs < retryAtMs ? wait(retryAtMs) : action({ kind: 'claim', incarnation });
  }
  if (mustStop(run, observed.phase)) return action({ kind: 'stop_gateway', incarnation });
  if (!observed.hasState) return destroyRun(input, run, 'its disk held no state');
  return null;
}

/** A gateway may run and was not asked to stop often enough; one that does not stop is saved while it runs. */
function mustStop(run: OpenRun, phase: KeeperPhase): boolean {
  switch (phase) {
    case 'ready':
    case 'starting':
    case 'validating':
    case 'restoring':
    case 'stopping':
      return run.stopTries < limits.gatewayStopTriesMax;
    case 'idle':
    case 'stopped':
    case 'crashed':
    case 'failed':
      return false;
    default:
      return unreachable(phase);
  }
}

function rescueRetryAtMs(run: OpenRun, nowMs: number): number {
  if (run.triedAtMs === null) return 0;
  // Somebody waits for the last tries.
  const extra = run.lastTriesLeft === null ? run.rescueTries - limits.unreachableTriesMax : 0;
  return dueAtMs(run.triedAtMs, backoffMs(extra, limits.rescueSpacingMs, limits.rescueSpacingMaxMs), nowMs);
}

function destroyRun({ nowMs }: PlanInput, run: OpenRun, why: string): Decision {
  const delayMs = backoffMs(run.destroyTries, limits.actionBackoffFirstMs, limits.actionBackoffMaxMs);
  const dueMs = run.destroyTriedAtMs === null ? 0 : dueAtMs(run.destroyTriedAtMs, delayMs, nowMs);
  return nowMs < dueMs ? wait(dueMs) : action({ kind: 'destroy', incarnation: run.incarnation, why });
}
