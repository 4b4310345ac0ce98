/** Which snapshot an export is made of, and whether there may be one now. Reads only. */
import type { Result } from '../../../control-plane/src/contract/result.ts';
import { err, ok } from '../../../control-plane/src/contract/result.ts';
import type { TenantControl } from '../../../control-plane/src/contract/tenant-rpc.ts';
import { tenantAllows } from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { StateKeys, WrappedStateKey } from '../modules/state-keys.ts';
import type { SnapshotIndex } from '../modules/snapshots.ts';
import type { TenantStore } from '../modules/tenant-store.ts';

type Command = Parameters<TenantControl['exportState']>[0];

/** All that opening it takes; the data key still wrapped. */
export interface ExportPlan {
  readonly tenantId: string;
  readonly slug: string;
  readonly snapshotId: string;
  readonly incarnation: number;
  readonly release: string;
  readonly savedAtMs: number;
  readonly bytes: number;
  readonly stateKey: WrappedStateKey;
}

export function exportSource(
  {
    store,
    snapshots,
    stateKeys,
  }: { readonly store: TenantStore; readonly snapshots: SnapshotIndex; readonly stateKeys: StateKeys },
  { snapshotId, tenantId, slug }: Command,
): Result<ExportPlan> {
  const record = store.read();
  const allowed = tenantAllows('export', record?.state.kind ?? 'absent');
  if (record === null || !allowed.allowed) {
    return err({
      code: 'tenant_deleted',
      detail: 'This assistant was deleted, and its data with it.',
      next: 'Nothing brings it back; an export made before can be started elsewhere.',
    });
  }
  const found = snapshotId === null ? snapshots.newest() : snapshots.get(snapshotId);
  if (found !== null) {
    const { id, incarnation, release, begunAtMs, bytes } = found;
    const stateKey = stateKeys.toOpen(record, id);
    return ok({ tenantId, slug, snapshotId: id, incarnation, release, savedAtMs: begunAtMs, bytes, stateKey });
  }
  if (snapshotId !== null) {
    return err({
      code: 'snapshot_unknown',
      detail: 'There is no such snapshot of this assistant any more.',
      next: 'Choose another, or leave the choice out for the newest.',
    });
  }
  return err({
    code: 'export_nothing_saved',
    detail: 'This assistant has not been saved yet.',
    next: 'Try again in a minute, or after it went to sleep.',
  });
}
