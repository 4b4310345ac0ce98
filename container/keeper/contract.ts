/**
 * The keeper's HTTP contract as schemas: the keeper parses requests with them, `TenantSandbox` parses answers. Free of any
 * platform. Bodies and counts are bounded; times are milliseconds since the epoch by the container's clock.
 */
import { z } from 'zod';
import { SecurityAudit } from '../../apps/control-plane/src/contract/security-audit.ts';
import { gatewayConfigInputSchema } from '../openclaw/config-input.ts';

/** Raised when a change needs both sides to move together. */
export const keeperProtocol = 1;

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

/** Why a start or a restore did not lead to a ready gateway. */
export const failureCodes = [
  'config_invalid',
  'port_in_use',
  'disk_full',
  'gateway_exit',
  'schema_newer',
  'start_timeout',
  'restore_failed',
] as const;
export type FailureCode = (typeof failureCodes)[number];

/** Codes of refused requests, in the body's `code`. */
export const problemCodes = [
  'invalid_request',
  'unauthorized',
  'not_found',
  'method_not_allowed',
  'too_large',
  'already_claimed',
  'gateway_running',
  'gateway_not_ready',
  'busy',
  'archive_refused',
  'file_refused',
  'disk_full',
  'internal',
] as const;
export type ProblemCode = (typeof problemCodes)[number];

export const healthSchema = z.object({
  keeper: z.literal('up'),
  claimed: z.boolean(),
  protocol: z.literal(keeperProtocol),
});

export const claimRequestSchema = z.object({
  token: z.string().min(32).max(256),
  tenantId: z.string().min(1).max(64),
  incarnation: z.number().int().nonnegative(),
});
export type ClaimRequest = z.infer<typeof claimRequestSchema>;

/**
 * What a config is built on: the tenant's current settings; the last ones a gateway got ready with; those that were set
 * aside last (the way back); or none.
 */
const settingsSchema = z.enum(['current', 'last-good', 'refused', 'none']);

export const startRequestSchema = z.object({
  config: gatewayConfigInputSchema,
  settings: settingsSchema.default('current'),
  timeoutMs: z.number().int().min(5_000).max(900_000).default(180_000),
  /** One-shot jobs that came due while nothing ran are run as soon as the gateway is ready. Never where a copy is looked at. */
  overdueRuns: z.enum(['run', 'leave']).default('leave'),
});
export type StartRequest = z.infer<typeof startRequestSchema>;

/** Who may reach the running gateway from now on; the rest of its settings stays. */
export const usersRequestSchema = gatewayConfigInputSchema.pick({ users: true });
export type UsersRequest = z.infer<typeof usersRequestSchema>;

export const stopRequestSchema = z.object({
  graceMs: z.number().int().min(0).max(600_000),
  mode: z.enum(['drain', 'now']),
});
export type StopRequest = z.infer<typeof stopRequestSchema>;

const exitSchema = z.object({ code: z.number().nullable(), signal: z.string().nullable() });

export const stopResultSchema = z.object({
  /** Null when no gateway was running. */
  exit: exitSchema.nullable(),
  /** It had to be killed. */
  forced: z.boolean(),
  /** OpenClaw reported that no work was left before it was told to stop. */
  drained: z.boolean(),
  /** The next scheduled run on its disk, now that it has stopped; absent when that cannot be read. */
  nextRunAtMs: z.number().int().positive().nullable().optional(),
});
export type StopResult = z.infer<typeof stopResultSchema>;

/** Asks a ready gateway what it holds. `turn` null = it is asked and told nothing. */
export const checkRequestSchema = z.object({
  turn: z.object({ message: z.string().min(1).max(500), answer: z.string().min(1).max(200) }).nullable(),
  /** OpenClaw's own security audit too, by which a release is judged. */
  audit: z.boolean().default(false),
  timeoutMs: z.number().int().min(5_000).max(300_000),
});
export type CheckRequest = z.infer<typeof checkRequestSchema>;

export const checkResultSchema = z.object({
  healthy: z.boolean(),
  sessions: z.number().nullable(),
  cronJobs: z.number().nullable(),
  answered: z.boolean().nullable(),
  problem: z.string().max(500).nullable(),
  /** Null when it was not asked for, or did not come about. */
  audit: SecurityAudit.nullable().default(null),
});
export type CheckResult = z.infer<typeof checkResultSchema>;

export const restoreResultSchema = z.object({ files: z.number(), bytes: z.number() });
export type RestoreResult = z.infer<typeof restoreResultSchema>;

const workSchema = z.object({
  /** A turn, a tool, a background task, a queued message or a scheduled run is under way. */
  busy: z.boolean(),
  /** Next scheduled run of any job; a time that has passed is one that waits. */
  nextRunAtMs: z.number().int().positive().nullable(),
  asOfMs: z.number(),
});

export const keeperStatusSchema = z.object({
  /** Grows with every change. */
  rev: z.number(),
  phase: z.enum(keeperPhases),
  steps: z.array(
    z.object({
      name: z.string(),
      startedAtMs: z.number(),
      endedAtMs: z.number().nullable(),
      ok: z.boolean().nullable(),
    }),
  ),
  gateway: z.object({
    pid: z.number().nullable(),
    startedAtMs: z.number().nullable(),
    /** Last time the ready gateway answered its health endpoint. */
    healthyAtMs: z.number().nullable(),
    exit: exitSchema.extend({ atMs: z.number() }).nullable(),
    /** What it does, by its own word; after a stop, what its disk says. Null while nobody knows: that is not idle. */
    work: workSchema.nullable().default(null),
    /** It runs and does not say what it does. */
    degraded: z.boolean().default(false),
  }),
  /** What the last start was built on, and the file that it set aside for it. Null before the first start. */
  config: z
    .object({ settings: settingsSchema, setAside: z.string().max(64).nullable() })
    .nullable()
    .default(null),
  failure: z.object({ code: z.enum(failureCodes), message: z.string(), logTail: z.string() }).nullable(),
  /** OpenClaw's own security audit of what runs; null while it is not known. */
  audit: SecurityAudit.nullable().default(null),
  restored: restoreResultSchema.nullable(),
  /** The disk holds a tenant's state: restored, or made by a gateway that ran here. */
  hasState: z.boolean(),
  disk: z.object({ freeBytes: z.number(), totalBytes: z.number() }),
  versions: z.object({ openclaw: z.string(), node: z.string() }),
});
export type KeeperStatus = z.infer<typeof keeperStatusSchema>;

export const snapshotResultSchema = z.object({
  ok: z.boolean(),
  /** Of the compressed body as sent. */
  bytes: z.number(),
  sha256: z.string(),
  files: z.number(),
  uncompressedBytes: z.number(),
  error: z.string().nullable(),
});
export type SnapshotResult = z.infer<typeof snapshotResultSchema>;
