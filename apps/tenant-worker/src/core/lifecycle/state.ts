/**
 * The tenant's lifecycle: states, events and what is observed of a run. Data only.
 * `incarnation` names one container run; a higher one fences every lower one, everywhere.
 */
import type { RestartSettings } from '../../../../control-plane/src/contract/tenant-rpc.ts';

export type WakeReason =
  | 'navigation'
  | 'request'
  | 'command'
  | 'schedule'
  | 'keep_awake'
  | 'message'
  | 'recover'
  | 'restart';
export type DrainReason = 'idle' | 'command' | 'restart' | 'restore' | 'upgrade' | 'suspend' | 'delete';

/** Why a start did not lead to a ready gateway. Codes of the keeper, plus those only the object can see. */
export const startFailures = [
  'container_stuck',
  'container_exit',
  'config_invalid',
  'port_in_use',
  'disk_full',
  'gateway_exit',
  'schema_newer',
  'start_timeout',
  'restore_failed',
  'snapshot_unreadable',
] as const;
export type StartFailure = (typeof startFailures)[number];

/** A reason an operator reads, each with a section in docs/runbook.md. */
export type OperatorReason = StartFailure | 'crash_loop' | 'snapshot_failed';

export type TenantState =
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'provisioning';
      readonly incarnation: number;
      readonly attempt: number;
      readonly sinceMs: number;
      readonly notBeforeMs: number;
    }
  | { readonly kind: 'asleep'; readonly incarnation: number; readonly sinceMs: number }
  | {
      readonly kind: 'waking';
      readonly incarnation: number;
      readonly attempt: number;
      readonly sinceMs: number;
      readonly notBeforeMs: number;
      readonly why: WakeReason;
    }
  | { readonly kind: 'awake'; readonly incarnation: number; readonly sinceMs: number }
  | {
      readonly kind: 'draining';
      readonly incarnation: number;
      readonly sinceMs: number;
      readonly why: DrainReason;
      readonly then: 'asleep' | 'waking' | 'suspended' | 'deleting';
    }
  | { readonly kind: 'suspended'; readonly incarnation: number; readonly sinceMs: number }
  | {
      readonly kind: 'needs_operator';
      readonly incarnation: number;
      readonly sinceMs: number;
      readonly reason: OperatorReason;
    }
  | { readonly kind: 'deleting'; readonly incarnation: number; readonly sinceMs: number }
  | { readonly kind: 'deleted'; readonly atMs: number };

export type TenantEvent =
  | { readonly type: 'provision_accepted'; readonly nowMs: number }
  | { readonly type: 'wake_wanted'; readonly nowMs: number; readonly why: WakeReason }
  | { readonly type: 'gateway_ready'; readonly nowMs: number; readonly incarnation: number }
  | {
      readonly type: 'start_failed';
      readonly nowMs: number;
      readonly incarnation: number;
      readonly failure: StartFailure;
      /** There is nothing left to try. */
      readonly final?: boolean;
    }
  | { readonly type: 'gateway_lost'; readonly nowMs: number; readonly incarnation: number; readonly crashes: number }
  | { readonly type: 'run_lost'; readonly nowMs: number; readonly incarnation: number; readonly crashes: number }
  | { readonly type: 'sleep_wanted'; readonly nowMs: number; readonly why: 'idle' | 'command' }
  | { readonly type: 'restart_wanted'; readonly nowMs: number; readonly settings?: RestartSettings }
  /** A person chose an earlier snapshot; the index remembers which. */
  | { readonly type: 'restore_wanted'; readonly nowMs: number }
  /** A release was tried and is to be the next run's. */
  | { readonly type: 'upgrade_wanted'; readonly nowMs: number }
  | { readonly type: 'drained'; readonly nowMs: number; readonly incarnation: number }
  | { readonly type: 'drain_failed'; readonly nowMs: number; readonly incarnation: number }
  /** An older run answers but cannot be saved; `incarnation` is the one that waits for it. */
  | { readonly type: 'rescue_failed'; readonly nowMs: number; readonly incarnation: number }
  | { readonly type: 'suspend_wanted'; readonly nowMs: number }
  | { readonly type: 'resume_wanted'; readonly nowMs: number }
  | { readonly type: 'delete_wanted'; readonly nowMs: number }
  | { readonly type: 'erased'; readonly nowMs: number };

export type StateKind = TenantState['kind'];
export type EventType = TenantEvent['type'];

/** The keeper's phases as it reports them. */
export const keeperPhases = [
  'idle',
  'restoring',
  'validating',
  'starting',
  'ready',
  'stopping',
  'stopped',
  'crashed',
  'failed',
] as const;
export type KeeperPhase = (typeof keeperPhases)[number];

/** What one look at the current incarnation showed. */
export type Observed =
  /** The sandbox object did not answer in time. */
  | { readonly kind: 'silent' }
  /** No container runs under this incarnation. */
  | { readonly kind: 'stopped' }
  /** The container runs; its keeper does not answer yet. */
  | { readonly kind: 'booting' }
  | {
      readonly kind: 'up';
      readonly claimed: boolean;
      readonly phase: KeeperPhase;
      /** Whether the container's disk holds the tenant's state: restored into it, or made by a gateway that ran there. */
      readonly hasState: boolean;
      readonly failure: StartFailure | null;
      /** What the last start there was built on; null or absent when the keeper does not say. */
      readonly settings?: RestartSettings | null;
    };

/** The incarnation of a state, or 0 when it has none. */
export function incarnationOf(state: TenantState): number {
  return 'incarnation' in state ? state.incarnation : 0;
}
