/** Starting: container, claim, restore, gateway. Every step has a limit in time or in tries, after which the attempt failed. */
import { unreachable } from '../../../../control-plane/src/contract/result.ts';
import * as limits from '../limits.ts';
import type { Decision, PlanInput, RunFacts } from './plan-input.ts';
import { action, event, wait } from './plan-input.ts';
import type { Observed, StartFailure, TenantState } from './state.ts';

type Starting = Extract<TenantState, { kind: 'provisioning' | 'waking' }>;
type Up = Extract<Observed, { kind: 'up' }>;

export function decideStarting(input: PlanInput, state: Starting): Decision {
  const { observed, facts, nowMs } = input;
  const { incarnation } = state;
  const failed = (failure: StartFailure): Decision => event({ type: 'start_failed', nowMs, incarnation, failure });
  const { run } = facts;

  if (run === null || run.startedAtMs === null) {
    // A delay that is longer than any was written before the clock was set back.
    if (nowMs < state.notBeforeMs && state.notBeforeMs - nowMs <= limits.startBackoffMaxMs)
      return wait(state.notBeforeMs);
    if (facts.hasSnapshots && facts.newestSnapshotId === null) return noneReadable(incarnation, nowMs);
    return action({ kind: 'start', incarnation });
  }
  // A gateway lost in place goes on in a container that was started long ago. Times in the future are from before the
  // clock was set back; with nothing else to go by, it is too late.
  const times = [run.startedAtMs, run.gatewayAskedAtMs ?? 0, state.sinceMs].filter((atMs) => atMs <= nowMs);
  const sinceMs = Math.max(...times);
  const tooLate = (deadlineMs: number): boolean => nowMs - sinceMs >= deadlineMs;
  const soon = wait(nowMs + limits.transitionProbeMs);
  switch (observed.kind) {
    case 'stopped':
      return failed('container_exit');
    case 'silent':
    case 'booting':
      return tooLate(limits.keeperUpDeadlineMs) ? failed('container_stuck') : soon;
    case 'up':
      break;
    default:
      return unreachable(observed);
  }
  if (!observed.claimed) {
    return tooLate(limits.keeperUpDeadlineMs) ? failed('container_stuck') : action({ kind: 'claim', incarnation });
  }
  switch (observed.phase) {
    case 'ready':
      return event({ type: 'gateway_ready', nowMs, incarnation });
    case 'restoring':
      return tooLate(limits.restoreDeadlineMs) ? failed('start_timeout') : soon;
    case 'stopping':
    case 'validating':
    case 'starting':
      return tooLate(limits.gatewayReadyDeadlineMs) ? failed('start_timeout') : soon;
    case 'idle':
    case 'stopped':
    case 'crashed':
    case 'failed':
      return decideStopped(input, incarnation, observed, run);
    default:
      return unreachable(observed.phase);
  }
}

/** No gateway runs and nothing is under way: restore, start, or give this container up. */
function decideStopped({ facts, nowMs }: PlanInput, incarnation: number, observed: Up, run: RunFacts): Decision {
  const failed = (failure: StartFailure): Decision => event({ type: 'start_failed', nowMs, incarnation, failure });
  if (!observed.hasState && facts.hasSnapshots) {
    // A blank disk while there is something to restore: nothing else may be done with it.
    if (facts.newestSnapshotId === null) return noneReadable(incarnation, nowMs);
    if (observed.phase === 'failed' || observed.phase === 'crashed')
      return failed(observed.failure ?? 'restore_failed');
    if (run.restores >= limits.restoresPerRunMax) return failed('restore_failed');
    return action({ kind: 'restore', incarnation, snapshotId: facts.newestSnapshotId });
  }
  const tired = run.startsSinceReady > limits.inPlaceRestartsMax || run.lostInPlace > limits.inPlaceRestartsMax;
  const refused = observed.failure === 'config_invalid' && (observed.settings ?? run.settings) !== 'last_good';
  if (refused && !tired) return action({ kind: 'start_gateway', incarnation, settings: 'last_good' });
  const unlike = observed.failure !== null && observed.failure !== 'gateway_exit' && observed.failure !== 'port_in_use';
  if ((observed.phase === 'crashed' || observed.phase === 'failed') && unlike) {
    return failed(observed.failure ?? 'gateway_exit');
  }
  if (tired) return failed(observed.failure ?? 'gateway_exit');
  return action({ kind: 'start_gateway', incarnation, settings: facts.settings });
}

/** There are snapshots, and none can be read: nothing is started from blank instead. */
function noneReadable(incarnation: number, nowMs: number): Decision {
  return event({ type: 'start_failed', nowMs, incarnation, failure: 'snapshot_unreadable', final: true });
}
