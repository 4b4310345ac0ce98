/**
 * Why an awake tenant stays awake, and when a sleeping one wakes by its own schedule. Pure. What a client's open socket
 * does not tell, the gateway's own word does: a turn or a tool in progress, and the next scheduled run.
 *
 * What must hold: a gateway that says nothing is not idle; nothing holds a tenant awake for ever but its own setting; a run
 * that never comes wakes it a bounded number of times.
 */
import type { AwakeBecause } from '../../../../control-plane/src/contract/tenant-rpc.ts';
import * as limits from '../limits.ts';
import { backoffMs, dueAtMs, passed } from './plan-input.ts';
import type { Facts } from './plan-input.ts';

/** What a gateway says that it does. */
export interface GatewayWork {
  readonly busy: boolean;
  readonly nextRunAtMs: number | null;
}

/** What is remembered of the assistant's own schedule. */
export interface ScheduleFacts {
  /** The next run as the gateway said it last. */
  readonly nextRunAtMs: number | null;
  /** Times the tenant was woken for that very run, and when it was last. */
  readonly wakes: number;
  readonly lastWakeAtMs: number | null;
}

export interface StaysAwake {
  readonly because: AwakeBecause;
  /** When it may sleep at the earliest; null when nobody knows, or never. */
  readonly sleepsAtMs: number | null;
}

export interface AwakeInput {
  readonly facts: Pick<Facts, 'lastActivityAtMs' | 'work' | 'inboxPending' | 'schedule' | 'startDurationsMs'>;
  readonly keepAwake: boolean;
  readonly idleSleepMs: number;
  readonly nowMs: number;
}

/** The first reason that holds, or null when the tenant may sleep. */
export function staysAwake({ facts, keepAwake, idleSleepMs, nowMs }: AwakeInput): StaysAwake | null {
  const { work, lastActivityAtMs } = facts;
  const quietFor = (ms: number): boolean => passed(lastActivityAtMs, Math.max(ms, idleSleepMs), nowMs);
  const active = !quietFor(0);
  const activeUntilMs = active ? lastActivityAtMs + idleSleepMs : null;
  if (keepAwake) return { because: 'keep_awake', sleepsAtMs: null };
  if (work?.busy === true && !quietFor(limits.busyQuietMaxMs)) return { because: 'busy', sleepsAtMs: activeUntilMs };
  if (facts.inboxPending && !quietFor(limits.busyQuietMaxMs)) return { because: 'inbox', sleepsAtMs: activeUntilMs };
  const runAtMs = nearRunAtMs(facts, nowMs);
  if (runAtMs !== null) return { because: 'scheduled', sleepsAtMs: Math.max(runAtMs, activeUntilMs ?? 0) };
  if (active) return { because: 'activity', sleepsAtMs: activeUntilMs };
  if (work === null && !quietFor(limits.unknownWorkMaxMs)) return { because: 'unknown', sleepsAtMs: null };
  return null;
}

/** The next run when it is too near to sleep before it, or due and not yet begun. */
function nearRunAtMs(facts: AwakeInput['facts'], nowMs: number): number | null {
  const { nextRunAtMs } = facts.schedule;
  if (nextRunAtMs === null) return null;
  const near = nextRunAtMs - nowMs <= wakeLeadMs(facts.startDurationsMs) + limits.nearRunMs;
  return near && nowMs - nextRunAtMs < limits.overdueRunMs ? nextRunAtMs : null;
}

/** How long before a run the tenant is woken: as long as its slowest start of late, and a little; more while few are known. */
export function wakeLeadMs(startDurationsMs: readonly number[]): number {
  const few = startDurationsMs.length < limits.wakeLeadStartsMin;
  const leastMs = few ? limits.wakeLeadUnknownMs : limits.wakeLeadMinMs;
  const slowestMs = Math.max(0, ...startDurationsMs);
  return Math.min(Math.max(slowestMs * 1.25 + limits.wakeLeadSlackMs, leastMs), limits.wakeLeadMaxMs);
}

/** When a sleeping tenant is to be woken for its next run, or null. Woken again for the same run only after a pause, and not for ever. */
export function scheduledWakeAtMs(
  { schedule, startDurationsMs }: Pick<Facts, 'schedule' | 'startDurationsMs'>,
  nowMs: number,
): number | null {
  const { nextRunAtMs, wakes, lastWakeAtMs } = schedule;
  if (nextRunAtMs === null || wakes >= limits.wakesPerRunMax) return null;
  const wakeAtMs = Math.floor(nextRunAtMs - wakeLeadMs(startDurationsMs));
  if (lastWakeAtMs === null || wakes === 0) return wakeAtMs;
  const pauseMs = backoffMs(wakes, limits.wakeAgainFirstMs, limits.wakeAgainMaxMs);
  return Math.max(wakeAtMs, dueAtMs(lastWakeAtMs, pauseMs, nowMs));
}
