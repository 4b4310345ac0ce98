/**
 * The contract between the control plane and a cell (the tenant worker): commands down, events up.
 * Commands carry a generation and are refused when a newer one was seen. Events carry a per-tenant sequence number,
 * are sent until acknowledged, and are applied so that a repeat changes nothing (absolute totals, keyed rows).
 */
import { z } from 'zod';
import type { BudgetControl } from './budget-rpc.ts';
import { NanoUsd, SpendBudgets, SpendNotice, SpendPause } from './budgets.ts';
import type { DeviceControl } from './device-rpc.ts';
import type { NetworkControl } from './network-rpc.ts';
import type { SecretControl } from './secret-rpc.ts';
import type { SnapshotFileControl } from './snapshot-file-rpc.ts';
import { OperationId, TenantId, UserId } from './ids.ts';
import { Incident } from './incident.ts';
import type { ImportCommand, ImportView } from './imports.ts';
import type { ModelControl } from './model-rpc.ts';
import { TenantModels } from './models.ts';
import { Receipt } from './receipt.ts';
import type { Result } from './result.ts';
import { SecurityAudit } from './security-audit.ts';
import { DrillFailure, ProvenRestore, RollbackPoint, UpgradeFailure, UpgradeProgress } from './trials.ts';
import { UsageTotals } from './usage-totals.ts';

export { NanoUsd } from './budgets.ts';
export { Receipt } from './receipt.ts';

/** What an operator and a customer call the state. One vocabulary for API, pages and badges. */
export const tenantStates = [
  'absent',
  'provisioning',
  'asleep',
  'waking',
  'awake',
  'draining',
  'suspended',
  'needs_operator',
  'deleting',
  'deleted',
] as const;
export const TenantStateKind = z.enum(tenantStates);
export type TenantStateKind = z.infer<typeof TenantStateKind>;

export const MemberRole = z.enum(['owner', 'operator', 'viewer']);
export type MemberRole = z.infer<typeof MemberRole>;

/** One minute to one day. */
export const IdleSleepMs = z.number().int().min(60_000).max(86_400_000);

/**
 * Why an awake tenant does not sleep: its setting, a turn or a tool in progress, a stored message, a scheduled run that is
 * near, use within its limit, or a gateway that does not say.
 */
export const AwakeBecause = z.enum(['keep_awake', 'busy', 'inbox', 'scheduled', 'activity', 'unknown']);
export type AwakeBecause = z.infer<typeof AwakeBecause>;

/** What the control plane wants of one tenant. Replaced whole; `generation` orders replacements. */
export const TenantSpec = z.object({
  displayName: z.string().min(1).max(60),
  desired: z.enum(['active', 'suspended', 'deleted']),
  members: z
    .array(z.object({ userId: UserId, role: MemberRole }))
    .min(1)
    .max(50),
  release: z.string().min(1).max(64),
  /** Its people keep it on its release: rollouts pass it over. Specs from before there were any have none. */
  pinned: z.boolean().default(false),
  size: z.object({
    vcpu: z.number().min(1).max(4),
    memoryMib: z.number().int().min(3072).max(12_288),
    diskMb: z.number().int().min(2000).max(20_000),
  }),
  /** Sleeps after this long without anything to do. */
  idleSleepMs: IdleSleepMs,
  /** Does not sleep for idleness at all: awake time is what it costs. */
  keepAwake: z.boolean().default(false),
  models: TenantModels,
  aiCapNanoUsdPerMonth: NanoUsd,
  /** Beside the cap; specs from before there were any have none. */
  budgets: SpendBudgets.optional(),
});
export type TenantSpec = z.infer<typeof TenantSpec>;

export const OperationKind = z.enum([
  'provision',
  'wake',
  'sleep',
  'restart',
  'suspend',
  'delete',
  'drill',
  'upgrade',
  'snapshot',
  'restore',
  'import',
]);
export type OperationKind = z.infer<typeof OperationKind>;

export const OperationStep = z.object({
  name: z.enum([
    'reserve',
    'container',
    'restore',
    'convert',
    'configure',
    'gateway',
    'health',
    'check',
    'drain',
    'snapshot',
    'stop',
    'erase',
  ]),
  startedAtMs: z.number().int(),
  endedAtMs: z.number().int().nullable(),
  ok: z.boolean().nullable(),
});
export type OperationStep = z.infer<typeof OperationStep>;

/** Long work with named steps. `finishedAtMs` null = under way. */
export const Operation = z.object({
  id: OperationId,
  tenantId: TenantId,
  kind: OperationKind,
  startedAtMs: z.number().int(),
  finishedAtMs: z.number().int().nullable(),
  steps: z.array(OperationStep).max(32),
  attempt: z.number().int().min(1),
  error: z.object({ code: z.string().max(64), detail: z.string().max(500), next: z.string().max(300) }).nullable(),
});
export type Operation = z.infer<typeof Operation>;

/** The tenant as it sees itself. `version` rises with every change; reading it never wakes anything. */
export const TenantReport = z.object({
  tenantId: TenantId,
  slug: z.string(),
  version: z.number().int().min(0),
  generation: z.number().int().min(0),
  state: TenantStateKind,
  stateSinceMs: z.number().int(),
  /** Why an operator is needed, or why the last run ended; a code with a runbook section. */
  reason: z.string().max(64).nullable(),
  incarnation: z.number().int().min(0),
  release: z.string(),
  lastActivityAtMs: z.number().int().nullable(),
  lastSnapshot: z.object({ id: z.string(), atMs: z.number().int(), bytes: z.number().int().min(0) }).nullable(),
  /** All that is stored of it, by its own index of snapshots. */
  storedBytes: z.number().int().min(0).default(0),
  // Reports kept from before there were drills have neither.
  lastProvenRestore: ProvenRestore.nullable().default(null),
  drillFailure: DrillFailure.nullable().default(null),
  upgrade: UpgradeProgress.nullable().default(null),
  upgradeFailure: UpgradeFailure.nullable().default(null),
  rollback: RollbackPoint.nullable().default(null),
  audit: SecurityAudit.nullable().default(null),
  operation: Operation.nullable(),
  usage: UsageTotals,
  aiCapNanoUsdPerMonth: NanoUsd,
  /** Model requests are paused until one of its people says that they may go on. */
  spendPause: SpendPause.nullable().default(null),
  /** Only while awake; `sleepsAtMs` is the earliest time, null when it is not known or never comes. */
  awakeBecause: z.object({ reason: AwakeBecause, sleepsAtMs: z.number().int().nullable() }).nullable().default(null),
  /** The assistant's own next scheduled run; asleep, it wakes for it. */
  nextRunAtMs: z.number().int().nullable().default(null),
});
export type TenantReport = z.infer<typeof TenantReport>;

const eventHead = {
  v: z.literal(1),
  tenantId: TenantId,
  slug: z.string(),
  seq: z.number().int().min(1),
  atMs: z.number().int(),
};

/** One outbox row on its way to the control plane. */
export const TenantEvent = z.discriminatedUnion('kind', [
  z.object({ ...eventHead, kind: z.literal('report'), report: TenantReport }),
  z.object({ ...eventHead, kind: z.literal('receipt'), receipt: Receipt }),
  z.object({ ...eventHead, kind: z.literal('operation'), operation: Operation }),
  z.object({ ...eventHead, kind: z.literal('incident'), incident: Incident }),
  /** Something its people are told once. */
  z.object({ ...eventHead, kind: z.literal('spend'), notice: SpendNotice }),
]);
export type TenantEvent = z.infer<typeof TenantEvent>;

export interface TenantRef {
  readonly tenantId: TenantId;
  readonly slug: string;
}

export interface OpenGrant extends TenantRef {
  readonly userId: string;
  readonly role: MemberRole;
  /** base64url SHA-256 of the state cookie's value on the tenant host. */
  readonly stateHash: string;
  /** The platform session it was made from, for ending both together. Hashed by the caller. */
  readonly parentSessionHash: string;
}

/** Bytes that come as they are read. The platform's own stream, which this contract does not name. */
export interface ByteStream {
  readonly locked: boolean;
  cancel(reason?: unknown): Promise<void>;
}

/** A tenant's saved state as its owner takes it away. */
export interface ExportedState {
  readonly snapshotId: string;
  readonly savedAtMs: number;
  /** The length of `content`. One that ends earlier was cut. */
  readonly bytes: number;
  readonly fileName: string;
  readonly content: ByteStream;
}
const Listed = z.object({ count: z.number().int().min(0), first: z.array(z.string().max(4_096)).max(200) });
const nowAndThen = z.object({ now: z.number().nullable(), then: z.number().nullable() });

/** What a restore would change, as of the newest snapshot; each total as it is and as it would be. */
export const SnapshotChanges = z.object({
  chosen: z.string(),
  against: z.string(),
  changes: z.object({
    /** By file, or by folder when there are too many; null when the two cannot be compared. */
    files: z.object({ by: z.enum(['files', 'folders']), added: Listed, changed: Listed, removed: Listed }).nullable(),
    sessions: z.object({ added: Listed, changed: Listed, removed: Listed }),
    /** Top-level keys of the configuration that differ; null when it cannot be told. */
    configKeys: z.array(z.string()).nullable(),
    totals: z.object({ files: nowAndThen, bytes: nowAndThen, sessions: nowAndThen, cronJobs: nowAndThen }),
  }),
});
export type SnapshotChanges = z.infer<typeof SnapshotChanges>;

/** One snapshot as a person chooses it. */
export const TenantSnapshot = z.object({
  id: z.string(),
  /** When it was begun: what was written while it was made may not be in it. */
  atMs: z.number().int(),
  why: z.string().max(40),
  note: z.string().max(200).nullable(),
  release: z.string(),
  bytes: z.number().int().min(0),
  files: z.number().int().min(0),
  sessions: z.number().int().nullable(),
  cronJobs: z.number().int().nullable(),
  /** Protected by a person, by us (before a restore or an upgrade), or kept by its age. */
  protection: z.enum(['customer', 'automatic']).nullable(),
  /** It shrank suspiciously: it takes nothing's place until a person accepts it. */
  aside: z.boolean(),
  unreadable: z.boolean(),
  /** When a drill last booted it. */
  provenAtMs: z.number().int().nullable(),
  /** A preview can be made of it. */
  inventory: z.boolean(),
  /** What the next start goes on from. */
  current: z.boolean(),
  /** The assistant's version can read it. */
  restorable: z.boolean(),
});
export type TenantSnapshot = z.infer<typeof TenantSnapshot>;

export const TenantSnapshots = z.object({
  items: z.array(TenantSnapshot).max(200),
  /** The last restore that was asked for. */
  restore: z
    .object({
      chosen: z.string(),
      replaced: z.string().nullable(),
      askedAtMs: z.number().int(),
      stage: z.enum(['saving', 'waiting', 'done', 'unreadable', 'not_saved', 'superseded']),
    })
    .nullable(),
});
export type TenantSnapshots = z.infer<typeof TenantSnapshots>;

/**
 * What a restart builds the configuration on: what is set; the last that worked (Undo); or what was set aside for that
 * (the way back from an Undo).
 */
export const RestartSettings = z.enum(['current', 'last_good', 'refused']);
export type RestartSettings = z.infer<typeof RestartSettings>;

/** What a person may tell a tenant to do; what allows it is `tenantCan`. */
export type CommandToTenant =
  | { readonly kind: 'wake' | 'sleep' }
  | { readonly kind: 'restart'; readonly settings?: RestartSettings }
  | { readonly kind: 'snapshot'; readonly note: string | null }
  /** To one snapshot, or back to what the last restore took the place of. */
  | { readonly kind: 'restore'; readonly snapshotId: string }
  | { readonly kind: 'undo_restore' };

/** What the control plane may ask of a cell. Implemented by the tenant worker's `TenantControl` entrypoint. */
export interface TenantControl
  extends BudgetControl, NetworkControl, SecretControl, DeviceControl, ModelControl, SnapshotFileControl {
  /** Creates the tenant and starts its first boot. The same call again (same operation id) answers the same. */
  provision(
    command: TenantRef & { generation: number; operationId: OperationId; spec: TenantSpec },
  ): Promise<Result<TenantReport>>;
  applySpec(
    command: TenantRef & { generation: number; operationId: OperationId | null; spec: TenantSpec },
  ): Promise<Result<TenantReport>>;
  /** Reads; never wakes, never writes. */
  report(ref: TenantRef): Promise<Result<TenantReport>>;
  /** Proves the newest snapshot in a scratch container. Wakes nothing; the same operation again changes nothing. */
  drill(command: TenantRef & { operationId: OperationId }): Promise<Result<TenantReport>>;
  command(command: TenantRef & { operationId: OperationId } & CommandToTenant): Promise<Result<TenantReport>>;
  /** Newest first; reads, wakes nothing. */
  snapshots(ref: TenantRef): Promise<Result<TenantSnapshots>>;
  /** What restoring it would change against the newest; reads, wakes nothing. */
  snapshotChanges(command: TenantRef & { snapshotId: string }): Promise<Result<SnapshotChanges>>;
  changeSnapshot(
    command: TenantRef & { snapshotId: string; protected?: boolean | undefined; accepted?: true | undefined },
  ): Promise<Result<TenantSnapshot>>;
  /** Makes a one-time sign-in code for the tenant host: 60 s, single use, bound to host and browser state. */
  grantOpen(grant: OpenGrant): Promise<Result<{ code: string; expiresAtMs: number }>>;
  /** Ends tenant-host sessions: of one person, of one parent session, or all. */
  endSessions(command: TenantRef & { userId?: string; parentSessionHash?: string }): Promise<Result<{ ended: number }>>;
  /** Opens the newest snapshot, or the named one, for download. Wakes nothing and needs no container. */
  exportState(command: TenantRef & { snapshotId: string | null }): Promise<Result<ExportedState>>;
  /** Uploads on their way to become a snapshot; answers with what is known of all of them, newest first. */
  imports(command: TenantRef & ImportCommand): Promise<Result<{ imports: ImportView[] }>>;
  /** The control plane has applied these events; they need not be sent again. */
  acknowledge(command: TenantRef & { seqs: readonly number[] }): Promise<Result<{ pending: number }>>;
}

/** Which state allows which command. One table for route, planner and button. */
export const tenantCan = {
  wake: ['asleep'],
  sleep: ['awake'],
  restart: ['awake', 'needs_operator'],
  upgrade: ['asleep', 'awake', 'needs_operator'],
  drill: ['asleep', 'waking', 'awake', 'draining', 'suspended', 'needs_operator'],
  snapshot: ['awake'],
  restore: ['awake', 'asleep', 'needs_operator'],
  put_file: ['awake'],
  open: ['provisioning', 'asleep', 'waking', 'awake', 'draining'],
  import: ['awake', 'asleep', 'suspended', 'needs_operator'],
  export: ['provisioning', 'asleep', 'waking', 'awake', 'draining', 'suspended', 'needs_operator'],
} as const satisfies Record<string, readonly TenantStateKind[]>;
export type TenantAction = keyof typeof tenantCan;

/** Whether `action` is allowed in `state`; the reason is for the disabled button and the API's refusal. */
export function tenantAllows(
  action: TenantAction,
  state: TenantStateKind,
): { allowed: true } | { allowed: false; reason: string } {
  const states: readonly TenantStateKind[] = tenantCan[action];
  if (states.includes(state)) return { allowed: true };
  const wanted = states.map((s) => s.replace('_', ' ')).join(' or ');
  return { allowed: false, reason: `The assistant is ${state.replace('_', ' ')}; it must be ${wanted} for this.` };
}
