/** What the planner is told, what it answers, and when something put off is due. */
import type { RestartSettings } from '../../../../control-plane/src/contract/tenant-rpc.ts';
import * as limits from '../limits.ts';
import type { GatewayWork, ScheduleFacts } from './awake.ts';
import type { Observed, TenantEvent, TenantState } from './state.ts';

export type SnapshotReason = 'sleep' | 'periodic' | 'rescue' | 'manual' | 'before_restore' | 'before_upgrade';

export type Action =
  | { readonly kind: 'start'; readonly incarnation: number }
  | { readonly kind: 'claim'; readonly incarnation: number }
  | { readonly kind: 'restore'; readonly incarnation: number; readonly snapshotId: string }
  | { readonly kind: 'start_gateway'; readonly incarnation: number; readonly settings: RestartSettings }
  | { readonly kind: 'stop_gateway'; readonly incarnation: number }
  | { readonly kind: 'snapshot'; readonly incarnation: number; readonly why: SnapshotReason }
  /** Counts a look at a run that must be saved and did not answer. */
  | { readonly kind: 'note_unreachable'; readonly incarnation: number }
  | { readonly kind: 'destroy'; readonly incarnation: number; readonly why: string }
  | { readonly kind: 'erase' };

/** A container run that was begun and not yet ended. */
export interface OpenRun {
  readonly incarnation: number;
  /** Its disk may hold changes that no snapshot has. True from the first request for a gateway on. */
  readonly unsaved: boolean;
  /** A gateway was asked for: until the container is destroyed one may be running in it. */
  readonly gatewayAskedAtMs: number | null;
  /** Looks and claims without an answer, tries to stop its gateway, tries to save it: since its gateway was last ready. */
  readonly unreachableTries: number;
  readonly stopTries: number;
  readonly rescueTries: number;
  readonly triedAtMs: number | null;
  /** Tries to save it that are left before what it holds is given up; null while no person chose to go on without it. */
  readonly lastTriesLeft: number | null;
  readonly destroyTries: number;
  readonly destroyTriedAtMs: number | null;
}

/** What is remembered of the current incarnation's run. */
export interface RunFacts {
  readonly startedAtMs: number | null;
  readonly gatewayAskedAtMs: number | null;
  /** Times a gateway was asked for in this container since one was last ready. */
  readonly startsSinceReady: number;
  /** Times the gateway was lost in this container since it was last ready for good. */
  readonly lostInPlace: number;
  readonly restores: number;
  /** What the gateway that was last asked for here was built on. */
  readonly settings: RestartSettings;
}

export interface Facts {
  /** Oldest first. */
  readonly openRuns: readonly OpenRun[];
  readonly run: RunFacts | null;
  /** What a start builds on. */
  readonly settings: RestartSettings;
  /** The newest complete snapshot that can be read, and whether there is any at all. */
  readonly newestSnapshotId: string | null;
  readonly hasSnapshots: boolean;
  /** A person asked for one now. */
  readonly snapshotAsked: boolean;
  readonly crashesInWindow: number;
  readonly silentProbes: number;
  readonly lastActivityAtMs: number;
  /** When the state last changed since the newest snapshot, or null when it did not. */
  readonly dirtyAtMs: number | null;
  readonly lastSnapshotAtMs: number;
  readonly snapshotFailedAtMs: number | null;
  readonly snapshotFailuresInRow: number;
  /** What the gateway of the present run says that it does; null when it does not say. */
  readonly work: GatewayWork | null;
  /** A stored message waits for an awake gateway. */
  readonly inboxPending: boolean;
  readonly schedule: ScheduleFacts;
  /** A person put it to sleep, and nothing woke it since. */
  readonly sleepAsked: boolean;
  /** How long the last starts took. */
  readonly startDurationsMs: readonly number[];
}

export interface PlanInput {
  readonly state: TenantState;
  /** The current incarnation. */
  readonly observed: Observed;
  /** The run that `runToSave` named: looked at instead of the current one. */
  readonly closing: { readonly incarnation: number; readonly observed: Observed } | null;
  readonly facts: Facts;
  /** What the control plane wants; the state follows it whenever it can. */
  readonly desired: 'active' | 'suspended' | 'deleted';
  readonly idleSleepMs: number;
  /** Idleness never puts it to sleep; a command does. */
  readonly keepAwake: boolean;
  readonly nowMs: number;
}

export type Decision =
  | { readonly kind: 'event'; readonly event: TenantEvent }
  | { readonly kind: 'action'; readonly action: Action }
  /** Nothing to do before then; null = until somebody pokes. */
  | { readonly kind: 'wait'; readonly untilMs: number | null };

export const event = (e: TenantEvent): Decision => ({ kind: 'event', event: e });
export const action = (a: Action): Decision => ({ kind: 'action', action: a });
export const wait = (untilMs: number | null): Decision => ({ kind: 'wait', untilMs });

/**
 * When something is due that was put off at `sinceMs`. A time in the future means that the clock was set back: nobody
 * knows how long it has been, and waiting for the clock to catch up may take a day, so it is due at once (0).
 */
export function dueAtMs(sinceMs: number, delayMs: number, nowMs: number): number {
  return nowMs < sinceMs ? 0 : sinceMs + delayMs;
}

/** Whether `delayMs` have passed since `sinceMs`; see `dueAtMs` for a clock that was set back. */
export function passed(sinceMs: number, delayMs: number, nowMs: number): boolean {
  return nowMs >= dueAtMs(sinceMs, delayMs, nowMs);
}

/** The delay before try `tries + 1`, doubling from `firstMs` up to `maxMs`. */
export function backoffMs(tries: number, firstMs: number, maxMs: number): number {
  return Math.min(firstMs * 2 ** Math.min(Math.max(tries - 1, 0), 20), maxMs);
}

/** When a failed save may be tried again; 0 when none failed. */
export function snapshotRetryAtMs(facts: Facts, nowMs: number): number {
  if (facts.snapshotFailedAtMs === null) return 0;
  const delayMs = backoffMs(facts.snapshotFailuresInRow, limits.snapshotRetryMs, limits.snapshotRetryMaxMs);
  return dueAtMs(facts.snapshotFailedAtMs, delayMs, nowMs);
}
