/**
 * What a person may ask of the snapshots: take one, restore to one, undo that, protect,
 * accept. Each states an intent in the
 * index and an event; `activate()` carries it out. Nothing here removes anything.
 */
import type { OperationId } from '../../../control-plane/src/contract/ids.ts';
import type { Refusal, Result } from '../../../control-plane/src/contract/result.ts';
import { err, ok } from '../../../control-plane/src/contract/result.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import { releaseOf } from '../core/lifecycle/record.ts';
import { incarnationOf } from '../core/lifecycle/state.ts';
import { customerProtectedMax } from '../core/snapshots/retention.ts';
import { isNewerRelease } from '../core/snapshots/release-order.ts';
import type { SnapshotRow } from '../modules/snapshot-schema.ts';
import type { Lifecycle } from './lifecycle.ts';
import { finishOperations } from './lifecycle-events.ts';

/** What is listed at most; retention keeps fewer. */
export const listedMax = 200;

const unknown: Refusal = {
  code: 'snapshot_unknown',
  detail: 'There is no such snapshot of this assistant.',
  next: 'List its snapshots again; old ones are removed with time unless they are protected.',
};

const tooManyProtected: Refusal = {
  code: 'quota_reached',
  detail: `At most ${customerProtectedMax} snapshots are protected at a time.`,
  next: 'Take the protection from one that is not needed any more.',
};

/** One of this tenant's complete snapshots. */
export function theSnapshot(lifecycle: Lifecycle, id: string): Result<SnapshotRow> {
  const found = lifecycle.deps.snapshots.get(id);
  return found === null ? err(unknown) : ok(found);
}

/** Takes one as soon as the running tenant can be looked at. The caller checked that it is awake. */
export function takeSnapshot(
  lifecycle: Lifecycle,
  record: TenantRecord,
  operationId: OperationId,
  note: string | null,
): Result<TenantRecord> {
  const { snapshots, operations, clock } = lifecycle.deps;
  if (protectedByPerson(lifecycle) >= customerProtectedMax) return err(tooManyProtected);
  if (snapshots.asked() !== null)
    return err({
      code: 'tenant_not_startable',
      detail: 'A snapshot is being taken already.',
      next: 'Wait until it is done.',
    });
  snapshots.ask(operationId, note);
  operations.begin(operationId, record.tenantId, 'snapshot', clock.nowMs());
  return ok(lifecycle.save({ ...record, operationId }));
}

/**
 * Restores to one: a running tenant is saved first and wakes from it; a sleeping one wakes from it the next time.
 * The caller checked that the state allows it.
 */
export function restoreTo(
  lifecycle: Lifecycle,
  record: TenantRecord,
  operationId: OperationId,
  snapshotId: string,
): Result<TenantRecord> {
  const { snapshots, operations, clock } = lifecycle.deps;
  const found = theSnapshot(lifecycle, snapshotId);
  if (!found.ok) return found;
  if (isNewerRelease(found.value.release, releaseOf(record))) {
    return err({
      code: 'snapshot_too_new',
      detail: `It was written by OpenClaw ${found.value.release}; the assistant runs ${releaseOf(record)}, which cannot read it.`,
      next: 'Move the assistant to that version first, or choose an older snapshot.',
    });
  }
  const nowMs = clock.nowMs();
  snapshots.chooseRestore(snapshotId, nowMs);
  if (record.state.kind !== 'asleep') {
    lifecycle.apply({ type: 'restore_wanted', nowMs }, operationId);
    return ok(lifecycle.deps.store.read() ?? record);
  }
  snapshots.switchToChosen(incarnationOf(record.state));
  operations.begin(operationId, record.tenantId, 'restore', nowMs);
  const saved = lifecycle.save({ ...record, operationId });
  finishOperations(lifecycle, saved, nowMs, null);
  return ok(lifecycle.save(saved));
}

/** Restores what the last restore took the place of. */
export function undoRestore(
  lifecycle: Lifecycle,
  record: TenantRecord,
  operationId: OperationId,
): Result<TenantRecord> {
  const restore = lifecycle.deps.snapshots.restore();
  const undoable = restore !== null && (restore.stage === 'waiting' || restore.stage === 'done');
  if (!undoable || restore.replaced === null) {
    return err({
      code: 'snapshot_unknown',
      detail: 'There is no restore to undo.',
      next: 'Choose a snapshot to restore instead.',
    });
  }
  return restoreTo(lifecycle, record, operationId, restore.replaced);
}

/** Protects one, takes a protection back, or accepts one that was set aside. */
export function changeSnapshot(
  lifecycle: Lifecycle,
  record: TenantRecord,
  snapshotId: string,
  change: { readonly protected?: boolean | undefined; readonly accepted?: true | undefined },
): Result<SnapshotRow> {
  const { snapshots } = lifecycle.deps;
  const found = theSnapshot(lifecycle, snapshotId);
  if (!found.ok) return found;
  if (change.protected === true && found.value.protection !== 'customer') {
    if (protectedByPerson(lifecycle) >= customerProtectedMax) return err(tooManyProtected);
  }
  if (change.protected !== undefined) snapshots.protect(snapshotId, change.protected);
  if (change.accepted === true) snapshots.accept(snapshotId, incarnationOf(record.state));
  lifecycle.save(record);
  return theSnapshot(lifecycle, snapshotId);
}

function protectedByPerson({ deps }: Lifecycle): number {
  return deps.snapshots.list(listedMax).filter((row) => row.protection === 'customer').length;
}
