/** Things as the API shows them. */
import { z } from 'zod';
import { SpendPause } from './budgets.ts';
import { OrgId, TenantId } from './ids.ts';
import { Incident } from './incident.ts';
import { orgRoles } from './roles.ts';
import { SecurityAudit } from './security-audit.ts';
import {
  AwakeBecause,
  IdleSleepMs,
  NanoUsd,
  Operation,
  TenantSnapshot,
  TenantSnapshots,
  TenantStateKind,
} from './tenant-rpc.ts';
import { UsageTotals } from './usage-totals.ts';

const Instant = z.iso.datetime();

export const Organisation = z.object({ id: OrgId, name: z.string(), slug: z.string(), role: z.enum(orgRoles) });
export type Organisation = z.infer<typeof Organisation>;

export const Me = z.object({
  user: z.object({ id: z.string(), email: z.string(), name: z.string(), emailVerified: z.boolean() }),
  organisations: z.array(Organisation),
});
export type Me = z.infer<typeof Me>;

export const Tenant = z.object({
  id: TenantId,
  orgId: OrgId,
  name: z.string(),
  slug: z.string(),
  /** Where the assistant lives, without a trailing slash. */
  origin: z.url(),
  state: TenantStateKind,
  stateSince: Instant,
  reason: z.string().nullable(),
  /** The OpenClaw version that runs. Its people keep it there when it is pinned. */
  release: z.string(),
  pinned: z.boolean(),
  /** A change of version: on its way, or the last one that did not come about. */
  upgrade: z.object({ to: z.string(), phase: z.enum(['saving', 'trial', 'promoting']) }).nullable(),
  upgradeFailure: z.object({ to: z.string(), code: z.string(), detail: z.string(), at: Instant }).nullable(),
  /** What a rollback brings back: the version before the last upgrade, and the state from then. */
  rollback: z.object({ release: z.string(), at: Instant }).nullable(),
  /** What OpenClaw's own security audit said last; criticals are named, in its words. */
  securityAudit: SecurityAudit.omit({ atMs: true }).extend({ at: Instant }).nullable(),
  lastActivityAt: Instant.nullable(),
  lastSnapshot: z.object({ id: z.string(), at: Instant, bytes: z.number().int() }).nullable(),
  /** The newest snapshot that was proven by restoring and booting it, and a later drill that failed. */
  lastProvenRestore: z.object({ snapshotId: z.string(), at: Instant, tookMs: z.number().int() }).nullable(),
  drillFailure: z.object({ snapshotId: z.string(), at: Instant, code: z.string(), detail: z.string() }).nullable(),
  operation: Operation.nullable(),
  usage: UsageTotals,
  aiCapNanoUsdPerMonth: NanoUsd,
  /** The fuse has paused its model requests, and why; null while they go on. */
  spendPause: SpendPause.nullable(),
  idleSleepMs: IdleSleepMs,
  keepAwake: z.boolean(),
  /** Why it is awake, and when it sleeps at the earliest; null while it is not awake. `sleepsAt` null: not known, or never. */
  awakeBecause: z.object({ reason: AwakeBecause, sleepsAt: Instant.nullable() }).nullable(),
  /** Its own next scheduled run, for which it wakes. */
  nextRunAt: Instant.nullable(),
  createdAt: Instant,
  /** When the facts above were learned, and whether from the tenant itself or from the stored copy. */
  asOf: Instant,
  live: z.boolean(),
});
export type Tenant = z.infer<typeof Tenant>;

/** An OpenClaw version that may be chosen here. New assistants start on the default. */
export const Release = z.object({ version: z.string(), isDefault: z.boolean() });
export type Release = z.infer<typeof Release>;

export const UsageReport = z.object({
  totals: UsageTotals,
  capNanoUsd: NanoUsd,
  byModel: z.array(
    z.object({
      provider: z.string(),
      model: z.string(),
      requests: z.number().int(),
      inputTokens: z.number().int(),
      outputTokens: z.number().int(),
      costNanoUsd: NanoUsd,
    }),
  ),
  byDay: z.array(z.object({ day: z.iso.date(), requests: z.number().int(), costNanoUsd: NanoUsd })),
  /** Single requests from before it are not kept any more, their sums are; null while all are there. */
  requestsKeptFrom: Instant.nullable().default(null),
  /** What is stored of it, snapshots and all, as of the newest daily sample of the month. */
  stored: z
    .object({ day: z.iso.date(), bytes: z.number().int().min(0) })
    .nullable()
    .default(null),
  asOf: Instant,
});
export type UsageReport = z.infer<typeof UsageReport>;

/** One thing that the assistant did, or that happened to it. `id` is unique in the list. */
export const TimelineEntry = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('operation'), id: z.string(), operation: Operation }),
  z.object({ kind: z.literal('incident'), id: z.string(), incident: Incident }),
]);
export type TimelineEntry = z.infer<typeof TimelineEntry>;

export const System = z.object({
  version: z.string(),
  /** True where a part is a local stand-in; pages say so. */
  standIns: z.object({ mail: z.boolean(), model: z.boolean(), containers: z.boolean(), billing: z.boolean() }),
  outboxUrl: z.string().nullable(),
  /** What the sign-up page needs to show its check for a person; null where there is none. */
  humanCheckSiteKey: z.string().nullable(),
  billing: z.enum(['off', 'stand_in', 'live']),
});
export type System = z.infer<typeof System>;

export const Snapshot = TenantSnapshot.omit({ atMs: true, provenAtMs: true }).extend({
  at: Instant,
  provenAt: Instant.nullable(),
});
export type Snapshot = z.infer<typeof Snapshot>;

export const SnapshotList = z.object({
  items: z.array(Snapshot),
  /** The last restore that was asked for, and how far it came. */
  restore: TenantSnapshots.shape.restore.unwrap().omit({ askedAtMs: true }).extend({ askedAt: Instant }).nullable(),
});
export type SnapshotList = z.infer<typeof SnapshotList>;
