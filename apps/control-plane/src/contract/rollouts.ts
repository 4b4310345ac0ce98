/** Rollouts of a release over the fleet, as operators plan and see them. */
import { z } from 'zod';
import { TenantId, UserId } from './ids.ts';

export const RolloutId = z.string().regex(/^rol_[0-9a-hjkmnp-tv-z]{26}$/);

export const RolloutPlan = z.object({
  release: z.string().min(1).max(64),
  /** Percent of the fleet at the end of each stage, rising. */
  stages: z
    .array(z.number().min(0.01).max(100))
    .min(1)
    .max(10)
    .refine((stages) => stages.every((percent, i) => i === 0 || percent > (stages[i - 1] ?? 0)), 'stages rise'),
  /** How long a stage that is through is watched before the next one begins. */
  soakMs: z
    .number()
    .int()
    .min(0)
    .max(7 * 86_400_000),
  /** Halts when more than this many percent failed, and at least `failuresMin` did. */
  failurePercentMax: z.number().min(0).max(100),
  failuresMin: z.number().int().min(1).max(1_000),
  /** Upgrades under way at a time. */
  atOnceMax: z.number().int().min(1).max(500),
  /** Hours of the day, UTC, in which nobody is asked: from the first up to the second. Null = none. */
  quietHoursUtc: z.object({ from: z.number().int().min(0).max(23), to: z.number().int().min(0).max(23) }).nullable(),
});
export type RolloutPlan = z.infer<typeof RolloutPlan>;

/** What a plan is when an operator names only the release. */
export const rolloutDefaults = {
  stages: [1, 10, 50, 100],
  soakMs: 3_600_000,
  failurePercentMax: 5,
  failuresMin: 3,
  atOnceMax: 20,
  quietHoursUtc: null,
} as const;

export const rolloutStates = ['running', 'paused', 'halted', 'done'] as const;
export type RolloutState = (typeof rolloutStates)[number];

/** Why somebody did it, for those who read it later. */
export const RolloutReason = z.string().trim().min(1).max(300);

const at = z.number().int().min(0);

export const Rollout = z.object({
  id: RolloutId,
  plan: RolloutPlan,
  state: z.enum(rolloutStates),
  /** The place in `plan.stages` that is under way, and whether everybody of it was looked at. */
  stage: z.number().int().min(0),
  listed: z.boolean(),
  /** Why it is paused or halted. */
  reason: z.string().nullable(),
  counts: z.object({
    underWay: z.number().int().min(0),
    succeeded: z.number().int().min(0),
    failed: z.number().int().min(0),
  }),
  createdAtMs: at,
  changedAtMs: at,
});
export type Rollout = z.infer<typeof Rollout>;

export const rolloutActions = ['begin', 'pause', 'resume', 'halt', 'stage', 'done'] as const;

/** What happened to a rollout. `actor` is a person of the staff, or `rollout` where it did so itself. */
export const RolloutEvent = z.object({
  action: z.enum(rolloutActions),
  actor: z.union([UserId, z.literal('rollout')]),
  reason: z.string().nullable(),
  atMs: at,
});
export type RolloutEvent = z.infer<typeof RolloutEvent>;

/** An upgrade that failed: the code, for the runbook; what it said in words stays with its people. */
export const RolloutFailure = z.object({ tenantId: TenantId, code: z.string().nullable(), endedAtMs: at.nullable() });
export type RolloutFailure = z.infer<typeof RolloutFailure>;

export const RolloutDetails = Rollout.extend({
  /** Newest first, the last 100. */
  events: z.array(RolloutEvent),
  /** Newest first, the last 100. */
  failures: z.array(RolloutFailure),
});
export type RolloutDetails = z.infer<typeof RolloutDetails>;

export const FleetRelease = z.object({
  version: z.string(),
  isDefault: z.boolean(),
  /** People may choose it here. */
  isOffered: z.boolean(),
  /** Assistants that want it, deleted ones left out. */
  assistants: z.number().int().min(0),
  pinned: z.number().int().min(0),
});
export type FleetRelease = z.infer<typeof FleetRelease>;
