/** What a tenant reports of scratch runs: restores that were proven, upgrades that were tried, and the way back. */
import { z } from 'zod';

/** The last snapshot that was restored into a scratch container, booted and counted. `atMs` is when that was proven. */
export const ProvenRestore = z.object({
  snapshotId: z.string().max(64),
  atMs: z.number().int(),
  tookMs: z.number().int().min(0),
  files: z.number().int().min(0),
  /** Null when the gateway did not say. */
  sessions: z.number().int().min(0).nullable(),
  cronJobs: z.number().int().min(0).nullable(),
});
export type ProvenRestore = z.infer<typeof ProvenRestore>;

/** A drill that failed and no later one that did not. `code` has a section in the runbook. */
export const DrillFailure = z.object({
  snapshotId: z.string().max(64),
  atMs: z.number().int(),
  code: z.string().max(64),
  detail: z.string().max(500),
});
export type DrillFailure = z.infer<typeof DrillFailure>;

/** A change of release that is under way. */
export const UpgradeProgress = z.object({
  to: z.string().max(64),
  phase: z.enum(['saving', 'trial', 'promoting']),
  operationId: z.string().max(64),
});

/** The last upgrade that did not come about, and why; the release from before goes on. */
export const UpgradeFailure = z.object({
  to: z.string().max(64),
  code: z.string().max(64),
  detail: z.string().max(500),
  atMs: z.number().int(),
});

/** The release before the last upgrade, and the snapshot that comes back with it. */
export const RollbackPoint = z.object({
  release: z.string().max(64),
  snapshotId: z.string().max(64),
  atMs: z.number().int(),
});
