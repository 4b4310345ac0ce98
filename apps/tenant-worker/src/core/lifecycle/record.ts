/**
 * What a tenant remembers of itself, as one versioned document. Parsed on every load: a document that does not parse is
 * refused (`UnreadableRecord`), never replaced by a fresh one.
 */
import { z } from 'zod';
import { TenantId } from '../../../../control-plane/src/contract/ids.ts';
import { SecurityAudit } from '../../../../control-plane/src/contract/security-audit.ts';
import { RestartSettings, TenantSpec } from '../../../../control-plane/src/contract/tenant-rpc.ts';
import type { Upgrade } from '../upgrade/plan.ts';
import type { TenantState } from './state.ts';
import { startFailures } from './state.ts';

const int = z.number().int().min(0);
const wakeReason = z.enum([
  'navigation',
  'request',
  'command',
  'schedule',
  'keep_awake',
  'message',
  'recover',
  'restart',
]);

const StateSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('absent') }),
  z.object({ kind: z.literal('provisioning'), incarnation: int, attempt: int, sinceMs: int, notBeforeMs: int }),
  z.object({ kind: z.literal('asleep'), incarnation: int, sinceMs: int }),
  z.object({
    kind: z.literal('waking'),
    incarnation: int,
    attempt: int,
    sinceMs: int,
    notBeforeMs: int,
    why: wakeReason,
  }),
  z.object({ kind: z.literal('awake'), incarnation: int, sinceMs: int }),
  z.object({
    kind: z.literal('draining'),
    incarnation: int,
    sinceMs: int,
    why: z.enum(['idle', 'command', 'restart', 'restore', 'upgrade', 'suspend', 'delete']),
    then: z.enum(['asleep', 'waking', 'suspended', 'deleting']),
  }),
  z.object({ kind: z.literal('suspended'), incarnation: int, sinceMs: int }),
  z.object({
    kind: z.literal('needs_operator'),
    incarnation: int,
    sinceMs: int,
    reason: z.enum([...startFailures, 'crash_loop', 'snapshot_failed']),
  }),
  z.object({ kind: z.literal('deleting'), incarnation: int, sinceMs: int }),
  z.object({ kind: z.literal('deleted'), atMs: int }),
]) satisfies z.ZodType<TenantState>;

const release = z.string().min(1).max(64);

const UpgradeSchema = z.object({
  to: release,
  operationId: z.string(),
  phase: z.enum(['saving', 'trial', 'promoting']),
  sinceMs: int,
  before: z.string().nullable(),
  snapshotId: z.string().nullable(),
  scratchN: int.nullable(),
}) satisfies z.ZodType<Upgrade>;

const RecordSchema = z.object({
  v: z.literal(1),
  tenantId: TenantId,
  slug: z.string().min(1),
  createdAtMs: int,
  generation: int,
  spec: TenantSpec,
  state: StateSchema,
  /** Rises with every saved change; the control plane keeps the highest it saw. */
  version: int,
  operationId: z.string().nullable(),
  /** The operation under which the control plane asked for the present spec, until an event takes it. */
  specOperation: z
    .object({ id: z.string(), kind: z.enum(['suspend', 'delete']) })
    .nullable()
    .default(null),
  /** What the next start builds the configuration on; `current` again once a gateway is ready. */
  startSettings: RestartSettings.default('current'),
  /** A person put it to sleep and nothing woke it since: it stays asleep although it is set to stay awake. */
  sleepAsked: z.boolean().default(false),
  /** The release that runs; the spec's is the one that is wanted. Null in a record from before there were upgrades. */
  release: release.nullable().default(null),
  /** The change to the wanted release that is under way. */
  upgrade: UpgradeSchema.nullable().default(null),
  /** The operation under which a release was asked for, until its upgrade begins. */
  upgradeAsked: z.object({ operationId: z.string(), to: release }).nullable().default(null),
  /** The last upgrade that did not come about; its release is not tried again until somebody asks. */
  upgradeFailure: z
    .object({ to: release, code: z.string().max(64), detail: z.string().max(500), atMs: int })
    .nullable()
    .default(null),
  /** What brings back the release and the state from before the last upgrade. */
  rollback: z.object({ release, snapshotId: z.string(), atMs: int }).nullable().default(null),
  /** A rollback is under way: the release goes back as the restore switches. */
  rollingBack: z.object({ release }).nullable().default(null),
  /** What OpenClaw's own security audit said last. */
  audit: SecurityAudit.nullable().default(null),
  /** Why the last run ended or the last start failed; a code. */
  reason: z.string().max(64).nullable(),
  lastActivityAtMs: int,
  lastSnapshotAtMs: int,
  snapshotFailedAtMs: int.nullable(),
  snapshotFailuresInRow: int,
  /** Times of lost runs, newest last, bounded; the crash-loop breaker counts those in its window. */
  crashesAtMs: z.array(int).max(20),
  /** How long the last starts took, newest last, bounded: "usually about …". */
  startDurationsMs: z.array(int).max(10),
  /** The tenant's data key, wrapped by the cell's key-encryption key. */
  wrappedDataKey: z.object({ kid: z.string(), wrapped: z.string() }),
});

export type TenantRecord = z.infer<typeof RecordSchema>;

/** The release that the tenant's next run is of. */
export function releaseOf(record: TenantRecord): string {
  return record.release ?? record.spec.release;
}

/** The stored document is not one this code can read. Nothing may be written over it. */
export class UnreadableRecord extends Error {
  constructor(cause: unknown) {
    super('the stored tenant record cannot be read', { cause });
    this.name = 'UnreadableRecord';
  }
}

/** Throws when a record could not be read back: what is stored must always parse. */
export function assertRecord(record: TenantRecord): void {
  const parsed = RecordSchema.safeParse(record);
  if (!parsed.success)
    throw new Error('invariant broken: a tenant record that cannot be read back', { cause: parsed.error });
}

/** @throws UnreadableRecord when the text is not a record of a known version */
export function parseRecord(text: string): TenantRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UnreadableRecord(error);
  }
  const parsed = RecordSchema.safeParse(value);
  if (!parsed.success) throw new UnreadableRecord(parsed.error);
  return parsed.data;
}
