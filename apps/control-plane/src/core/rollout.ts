/**
 * Rollouts of a release over the fleet: who is next, when to wait, when to stop. Pure. An assistant's place is a stable hash
 * of its id and the rollout's, so that a stage holds everybody of the stage before it, and no assistant is always first.
 *
 * What must hold: nobody is asked while it is paused, halted or in its quiet hours; a pinned assistant, and one that is there
 * already, are never asked; a stage begins only when the one before is through and has soaked; too many failures halt it.
 */
import { compareReleases } from '../contract/releases.ts';
import type { RolloutPlan, RolloutState } from '../contract/rollouts.ts';
import { stableHash } from '../contract/stable-hash.ts';
import { unreachable } from '../contract/result.ts';

const places = 10_000;

export interface RolloutCounts {
  readonly underWay: number;
  readonly succeeded: number;
  readonly failed: number;
}

export interface RolloutInput {
  readonly plan: RolloutPlan;
  readonly state: RolloutState;
  readonly stage: number;
  /** Everybody of this stage was looked at. */
  readonly listed: boolean;
  /** When the last upgrade of this stage ended; null while one is under way or none was. */
  readonly quietSinceMs: number | null;
  readonly counts: RolloutCounts;
  /** Those of them that may halt it: what was asked for before somebody resumed a halted one does not. */
  readonly judged: Pick<RolloutCounts, 'succeeded' | 'failed'>;
  readonly nowMs: number;
}

export type RolloutStep =
  | { readonly kind: 'rest' }
  | { readonly kind: 'halt'; readonly reason: string }
  | { readonly kind: 'ask'; readonly max: number }
  | { readonly kind: 'next_stage' }
  | { readonly kind: 'done' };

export function decideRollout(input: RolloutInput): RolloutStep {
  const { plan, state, counts, judged, nowMs } = input;
  if (state !== 'running') return { kind: 'rest' };
  const ended = judged.succeeded + judged.failed;
  if (judged.failed >= plan.failuresMin && judged.failed * 100 > plan.failurePercentMax * ended) {
    return { kind: 'halt', reason: `${judged.failed} of ${ended} upgrades failed` };
  }
  if (isQuiet(plan, nowMs)) return { kind: 'rest' };
  if (!input.listed) {
    const max = plan.atOnceMax - counts.underWay;
    return max > 0 ? { kind: 'ask', max } : { kind: 'rest' };
  }
  if (counts.underWay > 0) return { kind: 'rest' };
  if (input.stage >= plan.stages.length - 1) return { kind: 'done' };
  const soaked = input.quietSinceMs === null || nowMs - input.quietSinceMs >= plan.soakMs || nowMs < input.quietSinceMs;
  return soaked ? { kind: 'next_stage' } : { kind: 'rest' };
}

export function isQuiet({ quietHoursUtc }: RolloutPlan, nowMs: number): boolean {
  if (quietHoursUtc === null) return false;
  const { from, to } = quietHoursUtc;
  const hour = new Date(nowMs).getUTCHours();
  return from <= to ? hour >= from && hour < to : hour >= from || hour < to;
}

/** Whether an assistant belongs to the stage that reaches `percent` of the fleet. */
export function inStage(rolloutId: string, tenantId: string, percent: number): boolean {
  return stableHash(`${rolloutId}/${tenantId}`) % places < percent * (places / 100);
}

export interface Candidate {
  readonly pinned: boolean;
  readonly wanted: string;
  readonly state: string;
}

/** Why an assistant is passed over, or null when it is to be asked. Older ones only: nobody is moved back. */
export function passedOver(plan: RolloutPlan, candidate: Candidate): 'pinned' | 'there' | 'not_active' | null {
  if (candidate.pinned) return 'pinned';
  if (compareReleases(candidate.wanted, plan.release) >= 0) return 'there';
  return candidate.state === 'asleep' || candidate.state === 'awake' ? null : 'not_active';
}

/** After this an upgrade that was asked for and of which nothing was heard counts as failed. */
export const upgradeHeardMaxMs = 3 * 3_600_000;

export interface Heard {
  readonly release: string;
  readonly failure: { readonly to: string; readonly atMs: number } | null;
}

/** What came of an upgrade that was asked for. */
export function outcomeOf(
  plan: RolloutPlan,
  heard: Heard | null,
  askedAtMs: number,
  nowMs: number,
): 'under_way' | 'succeeded' | 'failed' {
  if (heard !== null && compareReleases(heard.release, plan.release) >= 0) return 'succeeded';
  if (heard?.failure?.to === plan.release && heard.failure.atMs >= askedAtMs) return 'failed';
  return nowMs - askedAtMs >= upgradeHeardMaxMs ? 'failed' : 'under_way';
}

export type RolloutAct = 'pause' | 'resume' | 'halt';

/** What an operator may do with a rollout in which state. */
export function rolloutAllows(act: RolloutAct, state: RolloutState): boolean {
  switch (act) {
    case 'pause':
      return state === 'running';
    case 'resume':
      return state === 'paused' || state === 'halted';
    case 'halt':
      return state === 'running' || state === 'paused';
    default:
      return unreachable(act);
  }
}
