/** The snapshots as a person sees them: the list, and what restoring one would change. Reads only; wakes nothing. */
import type { Inventory } from '../../../../container/keeper/inventory-contract.ts';
import type { Refusal, Result } from '../../../control-plane/src/contract/result.ts';
import { err, ok } from '../../../control-plane/src/contract/result.ts';
import type {
  SnapshotChanges,
  TenantSnapshot,
  TenantSnapshots,
} from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import { releaseOf } from '../core/lifecycle/record.ts';
import { unreadableMax } from '../core/limits.ts';
import { inventoryChanges } from '../core/snapshots/inventory-diff.ts';
import { isNewerRelease } from '../core/snapshots/release-order.ts';
import type { SnapshotRow } from '../modules/snapshot-schema.ts';
import type { Lifecycle } from './lifecycle.ts';
import { listedMax, theSnapshot } from './snapshot-commands.ts';

export function toTenantSnapshot(row: SnapshotRow, newestId: string | null, record: TenantRecord): TenantSnapshot {
  const { id, begunAtMs, why, note, release, bytes, files, sessions, cronJobs, protection, aside } = row;
  return {
    id,
    atMs: begunAtMs,
    why,
    note,
    release,
    bytes,
    files,
    sessions,
    cronJobs,
    protection,
    aside,
    unreadable: row.unreadable >= unreadableMax,
    provenAtMs: row.provenAtMs,
    inventory: row.inventory,
    current: id === newestId,
    restorable: !isNewerRelease(release, releaseOf(record)),
  };
}

export function listSnapshots(lifecycle: Lifecycle, record: TenantRecord): TenantSnapshots {
  const { snapshots } = lifecycle.deps;
  const newestId = snapshots.newest()?.id ?? null;
  const items = snapshots.list(listedMax).map((row) => toTenantSnapshot(row, newestId, record));
  return { items, restore: snapshots.restore() };
}

const incomparable: Refusal = {
  code: 'snapshot_without_inventory',
  detail: 'There is no list of what one of the two snapshots holds.',
  next: 'Restore it without a preview; the state it replaces is kept, and undo brings it back.',
};

/** @param read opens an inventory; null when there is none, rejects when it cannot be opened */
export async function snapshotChanges(
  lifecycle: Lifecycle,
  snapshotId: string,
  read: (row: SnapshotRow) => Promise<Inventory | null>,
): Promise<Result<SnapshotChanges>> {
  const { snapshots, log } = lifecycle.deps;
  const found = theSnapshot(lifecycle, snapshotId);
  if (!found.ok) return found;
  const newest = snapshots.newest();
  if (newest === null || !newest.inventory || !found.value.inventory) return err(incomparable);
  try {
    const [present, chosen] = await Promise.all([read(newest), read(found.value)]);
    if (present === null || chosen === null) return err(incomparable);
    return ok({ chosen: snapshotId, against: newest.id, changes: inventoryChanges(present, chosen) });
  } catch (error) {
    log('snapshot.inventory_unreadable', { snapshot: snapshotId, error: String(error).slice(0, 200) });
    return err(incomparable);
  }
}
