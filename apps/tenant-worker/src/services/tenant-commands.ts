/**
 * What the control plane may change: the spec, by generation, and single commands. Each is idempotent (operation id,
 * generation) and only states an intent; `activate()` carries it out.
 */
import { OperationId } from '../../../control-plane/src/contract/ids.ts';
import type { Refusal, Result } from '../../../control-plane/src/contract/result.ts';
import { err, ok, unreachable } from '../../../control-plane/src/contract/result.ts';
import type { Operation, TenantControl, TenantRef } from '../../../control-plane/src/contract/tenant-rpc.ts';
import { isKnownRelease } from '../../../control-plane/src/contract/releases.ts';
import { tenantAllows } from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import { releaseOf } from '../core/lifecycle/record.ts';
import type { Lifecycle } from './lifecycle.ts';
import { replaced } from './lifecycle-events.ts';
import { restoreTo, takeSnapshot, undoRestore } from './snapshot-commands.ts';

type Provision = Parameters<TenantControl['provision']>[0];
type ApplySpec = Parameters<TenantControl['applySpec']>[0];
type Command = Parameters<TenantControl['command']>[0];

const unknownRelease = (release: string): Refusal => ({
  code: 'validation_failed',
  detail: `This cell does not carry release ${release}.`,
  next: 'Choose a release that the cell lists.',
});

const foreign: Refusal = {
  code: 'tenant_unknown',
  detail: 'There is no such assistant at this address.',
  next: 'Check the address.',
};

/** The tenant that `ref` means, or a refusal: the label may belong to another tenant. */
export function theTenant(lifecycle: Lifecycle, ref: TenantRef): Result<TenantRecord> {
  const record = lifecycle.deps.store.read();
  return record === null || record.tenantId !== ref.tenantId ? err(foreign) : ok(record);
}

/** Creates the record. `wrappedDataKey` is fresh; when the tenant exists already it is dropped and the old one stays. */
export function provision(
  lifecycle: Lifecycle,
  command: Provision,
  wrappedDataKey: TenantRecord['wrappedDataKey'],
): Result<TenantRecord> {
  const existing = lifecycle.deps.store.read();
  if (existing !== null) {
    if (existing.tenantId === command.tenantId) return ok(existing);
    return err({
      code: 'slug_taken',
      detail: `The address ${command.slug} belongs to another assistant.`,
      next: 'Choose another address.',
    });
  }
  if (!isKnownRelease(command.spec.release)) return err(unknownRelease(command.spec.release));
  const nowMs = lifecycle.deps.clock.nowMs();
  lifecycle.deps.operations.begin(command.operationId, command.tenantId, 'provision', nowMs);
  lifecycle.deps.operations.step(command.operationId, 'reserve', nowMs);
  lifecycle.save({
    v: 1,
    tenantId: command.tenantId,
    slug: command.slug,
    createdAtMs: nowMs,
    generation: command.generation,
    spec: command.spec,
    release: command.spec.release,
    upgrade: null,
    upgradeAsked: null,
    upgradeFailure: null,
    audit: null,
    rollback: null,
    rollingBack: null,
    state: { kind: 'absent' },
    version: 0,
    operationId: command.operationId,
    specOperation: null,
    reason: null,
    lastActivityAtMs: 0,
    lastSnapshotAtMs: 0,
    snapshotFailedAtMs: null,
    snapshotFailuresInRow: 0,
    crashesAtMs: [],
    startDurationsMs: [],
    startSettings: 'current',
    sleepAsked: false,
    wrappedDataKey,
  });
  lifecycle.apply({ type: 'provision_accepted', nowMs });
  return theTenant(lifecycle, command);
}

/** Replaces the spec when it is newer. The same generation again changes nothing; an older one is refused. */
export function applySpec(lifecycle: Lifecycle, command: ApplySpec): Result<TenantRecord> {
  const found = theTenant(lifecycle, command);
  if (!found.ok) return found;
  const record = found.value;
  if (command.generation < record.generation) {
    return err({
      code: 'generation_stale',
      detail: `Generation ${command.generation} is older than ${record.generation}.`,
      next: 'Read the assistant again and repeat the change on what it shows.',
    });
  }
  if (command.generation === record.generation) return found;
  if (!isKnownRelease(command.spec.release)) return err(unknownRelease(command.spec.release));
  const { generation, spec } = command;
  const specOperation = operationOf(lifecycle, record, command);
  // Switched on, the setting means now: a sleep that was asked for before is over.
  const sleepAsked = record.sleepAsked && (record.spec.keepAwake || !spec.keepAwake);
  const release = releaseChange(lifecycle, record, command);
  return ok(lifecycle.save({ ...record, generation, spec, specOperation, sleepAsked, ...release }));
}

/** What a spec changes of releases: one asked for under an operation is tried again, also when it failed before. */
function releaseChange(
  lifecycle: Lifecycle,
  record: TenantRecord,
  { operationId, spec }: ApplySpec,
): Pick<TenantRecord, 'release' | 'upgradeAsked' | 'upgradeFailure'> {
  const kept = { release: releaseOf(record), upgradeAsked: record.upgradeAsked, upgradeFailure: record.upgradeFailure };
  if (operationId === null || spec.desired !== 'active') return kept;
  // The same request once more.
  if (record.upgradeAsked?.operationId === operationId || lifecycle.deps.operations.read(operationId) !== null)
    return kept;
  if (record.upgradeAsked !== null)
    finishAtOnce(lifecycle, record, { id: record.upgradeAsked.operationId, kind: 'upgrade' }, replaced);
  const there = spec.release === kept.release;
  if (there || record.upgrade?.to === spec.release) {
    finishAtOnce(lifecycle, record, { id: operationId, kind: 'upgrade' }, there ? null : replaced);
    return { ...kept, upgradeAsked: null };
  }
  return { ...kept, upgradeAsked: { operationId, to: spec.release }, upgradeFailure: null };
}

/**
 * The operation under which the control plane watches this spec being reached: begun by the event that follows, or, when
 * the tenant is there already, begun and finished now. Every id that was accepted ends.
 */
function operationOf(lifecycle: Lifecycle, record: TenantRecord, command: ApplySpec): TenantRecord['specOperation'] {
  const { operationId, spec } = command;
  if (record.specOperation !== null) finishAtOnce(lifecycle, record, record.specOperation, replaced);
  if (operationId === null || spec.desired === 'active') return null;
  const operation = { id: operationId, kind: spec.desired === 'suspended' ? 'suspend' : 'delete' } as const;
  const { state } = record;
  const goal = spec.desired === 'suspended' ? 'suspended' : 'deleting';
  const on = state.kind === 'draining' ? state.then : state.kind;
  const ends = on === 'deleting' || on === 'deleted';
  if (on !== goal && !ends) return operation;
  // A deletion that has begun is not taken back: what was asked for after it does not happen.
  finishAtOnce(lifecycle, record, operation, ends && goal === 'suspended' ? replaced : null);
  return null;
}

function finishAtOnce(
  { deps }: Lifecycle,
  { tenantId, slug }: TenantRecord,
  { id, kind }: { readonly id: string; readonly kind: 'suspend' | 'delete' | 'upgrade' },
  error: Operation['error'] = null,
): void {
  const nowMs = deps.clock.nowMs();
  deps.operations.begin(OperationId.parse(id), tenantId, kind, nowMs);
  const operation = deps.operations.finish(id, nowMs, error);
  if (operation) deps.outbox.put(`operation:${id}`, { tenantId, slug, kind: 'operation', operation }, nowMs);
}

/** Wake, sleep, restart, snapshot, restore. Repeating one whose operation is known changes nothing. */
export function command(lifecycle: Lifecycle, asked: Command): Result<TenantRecord> {
  const { kind, operationId, ...ref } = asked;
  const found = theTenant(lifecycle, ref);
  if (!found.ok) return found;
  if (lifecycle.deps.operations.read(operationId) !== null) return found;
  const allowed = tenantAllows(kind === 'undo_restore' ? 'restore' : kind, found.value.state.kind);
  if (!allowed.allowed) {
    return err({
      code: 'tenant_not_startable',
      detail: allowed.reason,
      next: 'Wait until it changed, then try again.',
    });
  }
  const nowMs = lifecycle.deps.clock.nowMs();
  switch (asked.kind) {
    case 'wake':
      lifecycle.apply({ type: 'wake_wanted', nowMs, why: 'command' }, operationId);
      break;
    case 'sleep':
      lifecycle.apply({ type: 'sleep_wanted', nowMs, why: 'command' }, operationId);
      break;
    case 'restart':
      lifecycle.apply({ type: 'restart_wanted', nowMs, settings: asked.settings ?? 'current' }, operationId);
      break;
    case 'snapshot':
      return takeSnapshot(lifecycle, found.value, operationId, asked.note);
    case 'restore':
      return restoreTo(lifecycle, found.value, operationId, asked.snapshotId);
    case 'undo_restore':
      return undoRestore(lifecycle, found.value, operationId);
    default:
      return unreachable(asked);
  }
  return theTenant(lifecycle, ref);
}

/** The control plane applied these. `due` says that others, sent in vain while it was away, are to go out now. */
export function acknowledge({ deps }: Lifecycle, seqs: readonly number[]): { pending: number; due: boolean } {
  const pending = deps.outbox.acknowledge(seqs);
  return { pending, due: pending > 0 && deps.outbox.hurry(deps.clock.nowMs()) };
}
