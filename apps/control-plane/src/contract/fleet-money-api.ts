/**
 * The part of the endpoint table for the platform's own staff about money: what differs from the gateway's own log, what
 * assistants cost against what they bring, and holds. No role of an organisation allows any of it.
 */
import { z } from 'zod';
import { DriftFinding, DriftReport } from './drift.ts';
import type { Endpoint } from './endpoint.ts';
import { Margins } from './margins.ts';
import { Period } from './usage-api.ts';

const Instant = z.iso.datetime();

export const DriftDayView = z.object({
  day: z.iso.date(),
  /** Where the comparison under way stands. */
  stage: z.enum(['reading', 'ours', 'theirs', 'clearing', 'done']),
  /** Why the gateway's log could not be read when that was last tried. */
  problem: z.string().nullable(),
  /** What the last comparison found: the first in the next morning, the second when nothing was pending; null before. */
  comparison: z.number().int(),
  report: DriftReport.nullable(),
  endedAt: Instant.nullable(),
});
export type DriftDayView = z.infer<typeof DriftDayView>;

export const Hold = z.object({
  id: z.string(),
  orgId: z.string(),
  kind: z.string(),
  at: Instant,
  /** Stripe's word of it: a lost dispute stays open there. */
  open: z.boolean(),
  releasedAt: Instant.nullable(),
});
export type Hold = z.infer<typeof Hold>;

const Day = z.object({ day: z.iso.date() });

export const fleetMoneyEndpoints = {
  driftList: {
    method: 'get',
    path: '/api/v1/fleet/drift',
    summary: "Receipts against the gateway's own log, by day, newest first",
    permission: 'fleet:operate',
    query: z.object({
      cursor: z.iso.date().optional(),
      limit: z.coerce.number().int().min(1).max(100).default(30),
    }),
    status: 200,
    response: z.object({ items: z.array(DriftDayView), nextCursor: z.string().nullable() }),
  },
  driftRead: {
    method: 'get',
    path: '/api/v1/fleet/drift/{day}',
    summary: 'What differs on a day: each finding, and how many of each assistant',
    permission: 'fleet:operate',
    params: Day,
    query: z.object({
      cursor: z.string().max(300).optional(),
      limit: z.coerce.number().int().min(1).max(200).default(100),
    }),
    status: 200,
    response: z.object({
      day: DriftDayView,
      /** The first page has them: those with most findings, at most 100. */
      tenants: z.array(
        z.object({
          tenantId: z.string(),
          requests: z.number().int(),
          costNanoUsd: z.number().int(),
          findings: z.number().int(),
          nanoUsd: z.number().int(),
        }),
      ),
      findings: z.array(DriftFinding),
      nextCursor: z.string().nullable(),
    }),
  },
  marginList: {
    method: 'get',
    path: '/api/v1/fleet/margins',
    summary: 'What each assistant cost in a month against what it brought, worst first',
    permission: 'fleet:operate',
    query: z.object({
      period: Period.optional(),
      cursor: z.string().max(80).optional(),
      limit: z.coerce.number().int().min(1).max(100).default(50),
    }),
    status: 200,
    response: Margins,
  },
  holdList: {
    method: 'get',
    path: '/api/v1/fleet/holds',
    summary: 'Organisations that are frozen: disputes and warnings of fraud that are open, oldest first, at most 200',
    permission: 'fleet:operate',
    status: 200,
    response: z.object({ items: z.array(Hold) }),
  },
  holdRelease: {
    method: 'post',
    path: '/api/v1/fleet/holds/{holdId}/release',
    summary: 'Let an organisation go on though its dispute is open or lost; for good, for this dispute',
    permission: 'fleet:operate',
    audit: 'billing.hold_release',
    params: z.object({ holdId: z.string().regex(/^[A-Za-z0-9_]{1,80}$/) }),
    body: z.strictObject({ reason: z.string().trim().min(1).max(300) }),
    status: 200,
    response: Hold,
  },
} as const satisfies Record<string, Endpoint>;
