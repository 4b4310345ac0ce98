/**
 * The planner of a scratch run: from what is stored and what is seen, the one next thing to do. Pure.
 *
 * What must hold: a run with an outcome is destroyed and does nothing else; every run gets an outcome within its deadline;
 * no gateway before the snapshot is restored; nothing is tried more than a fixed number of times but the destroy.
 */
import { unreachable } from '../../../../control-plane/src/contract/result.ts';
import { backoffMs, dueAtMs, passed } from '../lifecycle/plan-input.ts';
import type { Observed } from '../lifecycle/state.ts';
import { actionBackoffMaxMs, keeperUpDeadlineMs, snapshotRetryMaxMs } from '../limits.ts';
import * as limits from './limits.ts';
import type { ScratchFailure, ScratchOutcome, ScratchRun } from './run.ts';

export interface ScratchInput {
  readonly run: ScratchRun;
  readonly observed: Observed;
  /** Nobody needs the answer any more; why. */
  readonly abandoned: string | null;
  readonly nowMs: number;
}

export type ScratchAction = 'start' | 'claim' | 'restore' | 'start_gateway' | 'check' | 'save' | 'destroy';

export type ScratchDecision =
  | { readonly kind: 'action'; readonly action: ScratchAction }
  | { readonly kind: 'conclude'; readonly outcome: ScratchOutcome }
  | { readonly kind: 'wait'; readonly untilMs: number };

const act = (action: ScratchAction): ScratchDecision => ({ kind: 'action', action });
const fail = (code: ScratchFailure, detail: string): ScratchDecision => ({
  kind: 'conclude',
  outcome: { ok: false, code, detail },
});

/** Whether the container has to be looked at to decide. */
export function needsLook(run: ScratchRun): boolean {
  return run.outcome === null && run.starts > 0;
}

export function decideScratch({ run, observed, abandoned, nowMs }: ScratchInput): ScratchDecision {
  if (run.outcome !== null) return destroy(run, nowMs);
  if (abandoned !== null) return fail('abandoned', abandoned);
  if (passed(run.begunAtMs, limits.scratchDeadlineMs, nowMs))
    return fail('scratch_timeout', 'The trial did not end in time.');
  if (run.starts === 0) return act('start');
  const soon: ScratchDecision = { kind: 'wait', untilMs: nowMs + limits.scratchProbeMs };
  const late = passed(run.begunAtMs, keeperUpDeadlineMs * run.starts, nowMs);
  switch (observed.kind) {
    case 'stopped':
      // The call that was to start it may never have arrived; a container that ran and ended is not started again.
      return run.starts < limits.scratchTriesMax && run.restores === 0
        ? act('start')
        : fail('container_exit', 'The container of the trial ended by itself.');
    case 'silent':
      return soon;
    case 'booting':
      return run.restores === 0 && late ? fail('container_stuck', 'The container of the trial did not come up.') : soon;
    case 'up':
      break;
    default:
      return unreachable(observed);
  }
  // A keeper that restarted has lost what it was doing; it is claimed again and the counted steps are repeated.
  if (!observed.claimed) return act('claim');
  switch (observed.phase) {
    case 'ready':
      // What was brought has proved itself by starting; now it is stopped and kept.
      if (run.purpose === 'import')
        return run.checks < limits.scratchTriesMax
          ? act('save')
          : fail('snapshot_failed', 'What it became could not be saved.');
      return run.checks < limits.scratchTriesMax
        ? act('check')
        : fail('check_failed', 'The gateway of the trial could not be asked.');
    case 'restoring':
    case 'validating':
    case 'starting':
    case 'stopping':
      return soon;
    case 'idle':
    case 'stopped':
    case 'crashed':
    case 'failed':
      return atRest(run, observed);
    default:
      return unreachable(observed.phase);
  }
}

function atRest(run: ScratchRun, observed: Extract<Observed, { kind: 'up' }>): ScratchDecision {
  if (run.restoredFiles === null || !observed.hasState) {
    return run.restores < limits.scratchTriesMax
      ? act('restore')
      : fail(observed.failure ?? 'restore_failed', 'The state could not be put into the container.');
  }
  if (observed.failure !== null && run.gatewayStarts > 0)
    return fail(observed.failure, 'OpenClaw did not start on the restored state.');
  return run.gatewayStarts < limits.scratchTriesMax
    ? act('start_gateway')
    : fail('gateway_exit', 'OpenClaw did not stay up on the restored state.');
}

function destroy(run: ScratchRun, nowMs: number): ScratchDecision {
  // No limit in number: what is left over costs money until it is gone.
  const delayMs = backoffMs(run.destroyTries, actionBackoffMaxMs / 8, snapshotRetryMaxMs);
  const dueMs = run.destroyTriedAtMs === null ? 0 : dueAtMs(run.destroyTriedAtMs, delayMs, nowMs);
  return nowMs < dueMs ? { kind: 'wait', untilMs: dueMs } : act('destroy');
}
