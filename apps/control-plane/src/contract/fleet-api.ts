/**
 * The part of the endpoint table for the platform's own staff: releases and their rollouts. No role of an organisation
 * allows any of it. `api.ts` takes it in; nobody else imports it.
 */
import { z } from 'zod';
import type { Endpoint } from './api.ts';
import {
  FleetRelease,
  Rollout,
  rolloutDefaults,
  RolloutDetails,
  RolloutId,
  RolloutPlan,
  RolloutReason,
} from './rollouts.ts';

const RolloutParams = z.object({ rolloutId: RolloutId });
const Reason = z.strictObject({ reason: RolloutReason });
const { shape } = RolloutPlan;
/** It is of no organisation: `rollout_event` keeps who did what, and why. */
const ownRecord = { none: 'kept with the rollout, with who and why' } as const;

export const fleetEndpoints = {
  fleetReleases: {
    method: 'get',
    path: '/api/v1/fleet/releases',
    summary: 'Every release known here, and how many assistants want it',
    permission: 'fleet:operate',
    status: 200,
    response: z.object({ items: z.array(FleetRelease) }),
  },
  rolloutList: {
    method: 'get',
    path: '/api/v1/fleet/rollouts',
    summary: 'Rollouts, newest first',
    permission: 'fleet:operate',
    query: z.object({
      cursor: z.string().max(128).optional(),
      limit: z.coerce.number().int().min(1).max(50).default(20),
    }),
    status: 200,
    response: z.object({ items: z.array(Rollout), nextCursor: z.string().nullable() }),
  },
  rolloutRead: {
    method: 'get',
    path: '/api/v1/fleet/rollouts/{rolloutId}',
    summary: 'One rollout, what was done with it, and the upgrades that failed',
    permission: 'fleet:operate',
    params: RolloutParams,
    status: 200,
    response: RolloutDetails,
  },
  rolloutCreate: {
    method: 'post',
    path: '/api/v1/fleet/rollouts',
    summary: 'Begin to carry a release over the fleet, in stages',
    permission: 'fleet:operate',
    audit: ownRecord,
    body: z.strictObject({
      release: shape.release,
      stages: shape.stages.default([...rolloutDefaults.stages]),
      soakMs: shape.soakMs.default(rolloutDefaults.soakMs),
      failurePercentMax: shape.failurePercentMax.default(rolloutDefaults.failurePercentMax),
      failuresMin: shape.failuresMin.default(rolloutDefaults.failuresMin),
      atOnceMax: shape.atOnceMax.default(rolloutDefaults.atOnceMax),
      quietHoursUtc: shape.quietHoursUtc.default(rolloutDefaults.quietHoursUtc),
      reason: RolloutReason,
    }),
    status: 201,
    response: Rollout,
    idempotent: true,
  },
  rolloutPause: {
    method: 'post',
    path: '/api/v1/fleet/rollouts/{rolloutId}/pause',
    summary: 'Ask nobody until it is resumed; what is under way goes on',
    permission: 'fleet:operate',
    audit: ownRecord,
    params: RolloutParams,
    body: Reason,
    status: 200,
    response: Rollout,
  },
  rolloutResume: {
    method: 'post',
    path: '/api/v1/fleet/rollouts/{rolloutId}/resume',
    summary: 'Go on, also after it halted: failures from before do not halt it again',
    permission: 'fleet:operate',
    audit: ownRecord,
    params: RolloutParams,
    body: Reason,
    status: 200,
    response: Rollout,
  },
  rolloutHalt: {
    method: 'post',
    path: '/api/v1/fleet/rollouts/{rolloutId}/halt',
    summary: 'Stop it as if too many had failed',
    permission: 'fleet:operate',
    audit: ownRecord,
    params: RolloutParams,
    body: Reason,
    status: 200,
    response: Rollout,
  },
} as const satisfies Record<string, Endpoint>;
