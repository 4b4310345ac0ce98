/**
 * What a conversion became, once nobody wants it: discarded by a person, or swept when nobody switched to it in time. The
 * intent is written in one turn (the snapshot leaves the index's lists, the import's row remembers it), the objects follow, and a
 * removal that fails is tried again. What the assistant goes on from, or may come back to, is never discarded.
 */
import type { ImportView } from '../../../control-plane/src/contract/imports.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import type { Imports } from '../modules/imports.ts';
import type { SnapshotIndex } from '../modules/snapshots.ts';
import type { Clock } from '../ports.ts';

interface Rows {
  readonly imports: Imports;
  readonly snapshots: SnapshotIndex;
}

/** Whether something goes on from it, a restore leads to it or back to it, or an upgrade would come back to it. */
export function inUse(
  { snapshots }: Pick<Rows, 'snapshots'>,
  { rollback, upgrade }: Pick<TenantRecord, 'rollback' | 'upgrade'>,
  snapshotId: string,
): boolean {
  const ofUpgrade = [rollback?.snapshotId, upgrade?.before, upgrade?.snapshotId];
  return ofUpgrade.includes(snapshotId) || !snapshots.unused(snapshotId);
}

/** False when it is in use; then nothing changes. */
export function discardConverted(
  { imports, snapshots }: Rows,
  record: TenantRecord,
  { id, snapshotId }: Pick<ImportView, 'id' | 'snapshotId'>,
  state: 'failed' | 'expired',
  error: ImportView['error'],
): boolean {
  if (snapshotId === null || inUse({ snapshots }, record, snapshotId) || !snapshots.removing(snapshotId)) return false;
  imports.discarded(id, state, error);
  return true;
}

export interface ImportObjects {
  /** Removes the parts of an upload. Calling it again is fine. */
  removeParts(tenantId: string, id: string, parts: number): Promise<void>;
  /** Removes a snapshot's objects. Calling it again is fine. */
  removeSnapshot(tenantId: string, id: string): Promise<void>;
}

/**
 * Ends what nobody went on with and removes the bytes that nothing needs. The rows are the retry: what is left is due at
 * once. @throws when R2 does
 */
export async function cleanImports(
  deps: Rows & { readonly objects: ImportObjects; readonly clock: Clock },
  record: TenantRecord,
): Promise<void> {
  const { imports, snapshots, objects, clock } = deps;
  const { tenantId } = record;
  imports.expire(clock.nowMs());
  for (const each of imports.overdue(clock.nowMs())) {
    if (!discardConverted(deps, record, each, 'expired', null)) imports.settled(each.id);
  }
  for (const { id, parts } of imports.spent()) {
    await objects.removeParts(tenantId, id, parts);
    imports.removed(id);
  }
  for (const { id, snapshotId } of imports.discards()) {
    await objects.removeSnapshot(tenantId, snapshotId);
    snapshots.forget(snapshotId);
    imports.snapshotRemoved(id);
  }
}
