/**
 * The lifecycle's one transition function: total over every state × event. What is not listed is refused and changes
 * nothing; an event of another incarnation than the state's is always refused (it is late news of a fenced run).
 */
import type { Result } from '../../../../control-plane/src/contract/result.ts';
import { err, ok, unreachable } from '../../../../control-plane/src/contract/result.ts';
import { crashesMax, startAttemptsMax, startBackoffFirstMs, startBackoffMaxMs } from '../limits.ts';
import type {
  DrainReason,
  OperatorReason,
  StartFailure,
  StateKind,
  TenantEvent,
  TenantState,
  WakeReason,
} from './state.ts';

export interface IllegalTransition {
  readonly state: StateKind;
  readonly event: TenantEvent['type'];
  readonly why: 'not_allowed' | 'stale_incarnation';
}

/** Failures that the same start would only repeat: a person decides at once. */
const hopeless: readonly StartFailure[] = ['config_invalid', 'schema_newer'];

/** Delay before start attempt `attempt` (1 = none). */
export function startDelayMs(attempt: number): number {
  if (attempt <= 1) return 0;
  return Math.min(startBackoffFirstMs * 2 ** (attempt - 2), startBackoffMaxMs);
}

function waking(incarnation: number, nowMs: number, why: WakeReason, attempt = 1): TenantState {
  return { kind: 'waking', incarnation, attempt, sinceMs: nowMs, notBeforeMs: nowMs + startDelayMs(attempt), why };
}

function draining(incarnation: number, nowMs: number, why: DrainReason): TenantState {
  const then = {
    idle: 'asleep',
    command: 'asleep',
    restart: 'waking',
    restore: 'waking',
    upgrade: 'waking',
    suspend: 'suspended',
    delete: 'deleting',
  } as const;
  return { kind: 'draining', incarnation, sinceMs: nowMs, why, then: then[why] };
}

function needsOperator(incarnation: number, nowMs: number, reason: OperatorReason): TenantState {
  return { kind: 'needs_operator', incarnation, sinceMs: nowMs, reason };
}

/** Applies one event. Pure and total. */
export function transition(state: TenantState, event: TenantEvent): Result<TenantState, IllegalTransition> {
  if ('incarnation' in event && (!('incarnation' in state) || state.incarnation !== event.incarnation)) {
    return err({ state: state.kind, event: event.type, why: 'stale_incarnation' });
  }
  const next = step(state, event);
  return next === null ? err({ state: state.kind, event: event.type, why: 'not_allowed' }) : ok(next);
}

function step(state: TenantState, event: TenantEvent): TenantState | null {
  switch (state.kind) {
    case 'absent':
      return event.type === 'provision_accepted'
        ? { kind: 'provisioning', incarnation: 1, attempt: 1, sinceMs: event.nowMs, notBeforeMs: event.nowMs }
        : null;
    case 'provisioning':
    case 'waking':
      return whileStarting(state, event);
    case 'asleep':
      if (event.type === 'wake_wanted') return waking(state.incarnation + 1, event.nowMs, event.why);
      if (event.type === 'suspend_wanted') return { ...state, kind: 'suspended', sinceMs: event.nowMs };
      if (event.type === 'delete_wanted') return { ...state, kind: 'deleting', sinceMs: event.nowMs };
      return null;
    case 'awake':
      return whileAwake(state, event);
    case 'draining':
      return whileDraining(state, event);
    case 'suspended':
      if (event.type === 'resume_wanted') return { ...state, kind: 'asleep', sinceMs: event.nowMs };
      if (event.type === 'delete_wanted') return { ...state, kind: 'deleting', sinceMs: event.nowMs };
      return null;
    case 'needs_operator':
      if (event.type === 'restart_wanted' || event.type === 'restore_wanted')
        return waking(state.incarnation + 1, event.nowMs, 'restart');
      if (event.type === 'suspend_wanted')
        return { kind: 'suspended', incarnation: state.incarnation, sinceMs: event.nowMs };
      if (event.type === 'delete_wanted')
        return { kind: 'deleting', incarnation: state.incarnation, sinceMs: event.nowMs };
      return null;
    case 'deleting':
      return event.type === 'erased' ? { kind: 'deleted', atMs: event.nowMs } : null;
    case 'deleted':
      return null;
    default:
      return unreachable(state);
  }
}

function whileStarting(
  state: Extract<TenantState, { kind: 'provisioning' | 'waking' }>,
  event: TenantEvent,
): TenantState | null {
  const { nowMs } = event;
  switch (event.type) {
    case 'gateway_ready':
      return { kind: 'awake', incarnation: state.incarnation, sinceMs: nowMs };
    case 'start_failed': {
      // An unreadable snapshot is passed over for the one before it: as many attempts as there are snapshots, and no fewer.
      const another = event.failure === 'snapshot_unreadable' && event.final !== true;
      const usedUp = state.attempt >= startAttemptsMax && !another;
      if (event.final === true || hopeless.includes(event.failure) || usedUp) {
        return needsOperator(state.incarnation, nowMs, event.failure);
      }
      const attempt = another ? state.attempt : state.attempt + 1;
      return { ...state, incarnation: state.incarnation + 1, attempt, notBeforeMs: nowMs + startDelayMs(attempt) };
    }
    case 'rescue_failed':
      return needsOperator(state.incarnation, nowMs, 'snapshot_failed');
    case 'suspend_wanted':
      return draining(state.incarnation, nowMs, 'suspend');
    case 'delete_wanted':
      return draining(state.incarnation, nowMs, 'delete');
    default:
      return null;
  }
}

function whileAwake(state: Extract<TenantState, { kind: 'awake' }>, event: TenantEvent): TenantState | null {
  const { incarnation } = state;
  const { nowMs } = event;
  switch (event.type) {
    case 'sleep_wanted':
      return draining(incarnation, nowMs, event.why);
    case 'restart_wanted':
      return draining(incarnation, nowMs, 'restart');
    case 'restore_wanted':
      return draining(incarnation, nowMs, 'restore');
    case 'upgrade_wanted':
      return draining(incarnation, nowMs, 'upgrade');
    case 'suspend_wanted':
      return draining(incarnation, nowMs, 'suspend');
    case 'delete_wanted':
      return draining(incarnation, nowMs, 'delete');
    case 'gateway_lost':
      return event.crashes >= crashesMax
        ? needsOperator(incarnation, nowMs, 'crash_loop')
        : waking(incarnation, nowMs, 'recover');
    case 'run_lost':
      return event.crashes >= crashesMax
        ? needsOperator(incarnation, nowMs, 'crash_loop')
        : waking(incarnation + 1, nowMs, 'recover');
    default:
      return null;
  }
}

function whileDraining(state: Extract<TenantState, { kind: 'draining' }>, event: TenantEvent): TenantState | null {
  const { incarnation } = state;
  const { nowMs } = event;
  // A deletion is never overtaken by anything.
  if (state.then === 'deleting' && event.type !== 'drained') return null;
  switch (event.type) {
    case 'drained':
      switch (state.then) {
        case 'asleep':
          return { kind: 'asleep', incarnation, sinceMs: nowMs };
        case 'waking':
          return waking(
            incarnation + 1,
            nowMs,
            state.why === 'restart' || state.why === 'restore' || state.why === 'upgrade' ? 'restart' : 'request',
          );
        case 'suspended':
          return { kind: 'suspended', incarnation, sinceMs: nowMs };
        case 'deleting':
          return { kind: 'deleting', incarnation, sinceMs: nowMs };
        default:
          return unreachable(state.then);
      }
    case 'drain_failed':
      // Nothing was lost: the state is still on the container's disk. The gateway starts again there.
      return waking(incarnation, nowMs, 'recover');
    case 'suspend_wanted':
      return draining(incarnation, nowMs, 'suspend');
    case 'delete_wanted':
      return draining(incarnation, nowMs, 'delete');
    case 'wake_wanted':
      return state.then === 'asleep' ? { ...state, then: 'waking' } : null;
    default:
      return null;
  }
}
