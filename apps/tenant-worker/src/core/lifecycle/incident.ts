/**
 * Which event of the lifecycle begins an incident, which one adds to it, and which state ends it. Pure. At most one is open:
 * everything that goes wrong before the assistant is well again belongs to the one recovery.
 */
import type { Incident, IncidentKind, IncidentStepCode } from '../../../../control-plane/src/contract/incident.ts';
import { incidentStepsMax } from '../../../../control-plane/src/contract/incident.ts';
import { unreachable } from '../../../../control-plane/src/contract/result.ts';
import type { StartFailure, TenantEvent, TenantState } from './state.ts';

export interface IncidentNews {
  /** What it is called when none is open; null = the event begins none. */
  readonly kind: IncidentKind | null;
  readonly code: string | null;
  /** What was done, for the one that is open or begins. */
  readonly did: readonly IncidentStepCode[];
}

const nothing: IncidentNews = { kind: null, code: null, did: [] };

/** What an event means for the record of the recovery. `after` is the state it led to. */
export function incidentNews(before: TenantState, event: TenantEvent, after: TenantState): IncidentNews {
  const asked: readonly IncidentStepCode[] = after.kind === 'needs_operator' ? ['asked_person'] : [];
  switch (event.type) {
    case 'gateway_lost':
    case 'run_lost':
      return { kind: event.type, code: after.kind === 'needs_operator' ? after.reason : null, did: asked };
    case 'start_failed':
      return { kind: kindOf(event.failure), code: event.failure, did: ['attempt_failed', ...asked] };
    case 'drain_failed':
      return { kind: 'drain_failed', code: 'snapshot_failed', did: asked };
    case 'rescue_failed':
      return { kind: 'rescue_failed', code: 'snapshot_failed', did: asked };
    case 'restart_wanted':
      return before.kind === 'needs_operator' ? { ...nothing, did: ['person_restarted'] } : nothing;
    case 'restore_wanted':
      return before.kind === 'needs_operator' ? { ...nothing, did: ['person_restored'] } : nothing;
    case 'provision_accepted':
    case 'wake_wanted':
    case 'gateway_ready':
    case 'sleep_wanted':
    case 'upgrade_wanted':
    case 'drained':
    case 'suspend_wanted':
    case 'resume_wanted':
    case 'delete_wanted':
    case 'erased':
      return nothing;
    default:
      return unreachable(event);
  }
}

function kindOf(failure: StartFailure): IncidentKind {
  if (failure === 'config_invalid') return 'config_refused';
  return failure === 'snapshot_unreadable' ? 'snapshot_unreadable' : 'start_failed';
}

/** How an open incident ends in `state`, or null while it goes on there. */
export function outcomeIn(state: TenantState): NonNullable<Incident['outcome']> | null {
  switch (state.kind) {
    case 'awake':
    case 'asleep':
      return 'recovered';
    case 'suspended':
    case 'deleting':
    case 'deleted':
      return 'taken_over';
    case 'absent':
    case 'provisioning':
    case 'waking':
    case 'draining':
    case 'needs_operator':
      return null;
    default:
      return unreachable(state);
  }
}

/** Adds what was done. The first stays, so that a long recovery still says how it began. */
export function withStep(incident: Incident, step: Incident['steps'][number]): Incident {
  const [first, ...rest] = [...incident.steps, step];
  if (first === undefined) return incident;
  return { ...incident, steps: [first, ...rest.slice(1 - incidentStepsMax)] };
}

/**
 * What a person may miss after it. A loss is never taken back, and of two the one that reaches further back counts.
 * @param sinceMs when what is left was saved; null when nothing was
 */
export function withLoss(incident: Incident, sinceMs: number | null): Incident {
  const known = incident.lost;
  const earlier =
    known === null ? sinceMs : known.sinceMs === null || sinceMs === null ? null : Math.min(known.sinceMs, sinceMs);
  return { ...incident, lost: { sinceMs: earlier } };
}
