/**
 * What the tenant decides about single files of its snapshots: whose they are, whether one may be put into the running
 * assistant now, and what became of it. The bytes never pass through here.
 */
import type { FilePut } from '../../../control-plane/src/contract/snapshot-file-rpc.ts';
import { FilePutId } from '../../../control-plane/src/contract/snapshot-file-rpc.ts';
import type { Refusal, Result } from '../../../control-plane/src/contract/result.ts';
import { err, ok, unreachable } from '../../../control-plane/src/contract/result.ts';
import { tenantAllows } from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { TenantRecord } from '../core/lifecycle/record.ts';
import { incarnationOf } from '../core/lifecycle/state.ts';
import type { FilePuts } from '../modules/file-puts.ts';
import type { SnapshotRow } from '../modules/snapshot-schema.ts';
import type { StateKeys, WrappedStateKey } from '../modules/state-keys.ts';
import type { Clock } from '../ports.ts';

type Held = Pick<SnapshotRow, 'id' | 'incarnation' | 'inventory'>;

/** The tenant's own modules, as far as they are needed here. */
export interface FileParts {
  readonly store: { read(): Pick<TenantRecord, 'tenantId' | 'state' | 'wrappedDataKey'> | null };
  readonly snapshots: { get(id: string): Held | null; newest(): Held | null };
  readonly stateKeys: Pick<StateKeys, 'toOpen'>;
  readonly filePuts: FilePuts;
  readonly clock: Clock;
}

/** One snapshot's inventory, to be opened by the caller with the data key that it was sealed with. */
export interface InventoryAt {
  readonly id: string;
  readonly incarnation: number;
  readonly stateKey: WrappedStateKey;
}

export interface InventoryPlan {
  readonly chosen: InventoryAt;
  /** Null when the newest has no list. */
  readonly newest: InventoryAt | null;
}

/** The container run to put into, and the row as it is. */
export interface PutPlan {
  readonly incarnation: number;
  readonly put: FilePut;
}

/** What the keeper said of a put or of an undo. A refusal changed nothing. */
export type PutEnd =
  | { readonly kind: 'put'; readonly replaced: boolean }
  | { readonly kind: 'put_refused' | 'undone' | 'undo_refused' };

const unknownFile: Refusal = {
  code: 'snapshot_file_unknown',
  detail: 'There is no such file that was put back lately.',
  next: 'Take the file from a snapshot instead.',
};

const unknownSnapshot: Refusal = {
  code: 'snapshot_unknown',
  detail: 'There is no such snapshot of this assistant.',
  next: 'List its snapshots again; old ones are removed with time unless they are protected.',
};

const withoutList: Refusal = {
  code: 'snapshot_without_inventory',
  detail: 'There is no list of what this snapshot holds.',
  next: 'Restore it whole, or download everything as of it.',
};

export function inventoryPlan({ store, snapshots, stateKeys }: FileParts, snapshotId: string): Result<InventoryPlan> {
  const record = store.read();
  const chosen = snapshots.get(snapshotId);
  if (record === null || chosen === null) return err(unknownSnapshot);
  if (!chosen.inventory) return err(withoutList);
  const newest = snapshots.newest();
  const at = ({ id, incarnation }: Held): InventoryAt => ({ id, incarnation, stateKey: stateKeys.toOpen(record, id) });
  return ok({ chosen: at(chosen), newest: newest?.inventory === true ? at(newest) : null });
}

/** States the intent. The same id again is the same file, and goes on where it was cut off. */
export function beginPut(
  parts: FileParts,
  { id, snapshotId, path }: { readonly id: string; readonly snapshotId: string; readonly path: string },
): Result<PutPlan> {
  const { filePuts, snapshots, clock } = parts;
  if (snapshots.get(snapshotId) === null) return err(unknownSnapshot);
  const incarnation = awakeRun(parts);
  if (!incarnation.ok) return incarnation;
  const known = filePuts.get(id);
  if (known === null || known.stage === 'refused') {
    filePuts.begin({ id: FilePutId.parse(id), snapshotId, path, atMs: clock.nowMs() });
  }
  const put = filePuts.get(id);
  if (put === null) throw new Error('a file that was just put is not known');
  return ok({ incarnation: incarnation.value, put });
}

export function beginUndo(parts: FileParts, id: string): Result<PutPlan> {
  const { filePuts } = parts;
  const incarnation = awakeRun(parts);
  if (!incarnation.ok) return incarnation;
  const known = filePuts.get(id);
  if (known === null) return err(unknownFile);
  switch (known.stage) {
    case 'refused':
      return err(unknownFile);
    case 'putting':
    case 'done':
      filePuts.enter(id, 'undoing');
      break;
    case 'undoing':
    case 'undone':
      break;
    default:
      return unreachable(known.stage);
  }
  return ok({ incarnation: incarnation.value, put: known });
}

export function endPut(filePuts: FilePuts, id: string, end: PutEnd): Result<FilePut> {
  switch (end.kind) {
    case 'put':
      filePuts.done(id, end.replaced);
      break;
    case 'put_refused':
      filePuts.enter(id, 'refused');
      break;
    case 'undone':
      filePuts.enter(id, 'undone');
      break;
    case 'undo_refused':
      filePuts.enter(id, 'done');
      break;
    default:
      return unreachable(end);
  }
  const put = filePuts.get(id);
  return put === null ? err(unknownFile) : ok(put);
}

/** The run that may be written to now. */
function awakeRun({ store }: FileParts): Result<number> {
  const record = store.read();
  const allowed = tenantAllows('put_file', record?.state.kind ?? 'absent');
  if (record !== null && allowed.allowed) return ok(incarnationOf(record.state));
  return err({
    code: 'tenant_not_startable',
    detail: allowed.allowed ? 'There is no such assistant.' : allowed.reason,
    next: 'Wake it, then try again. Downloading a file needs no waking.',
  });
}
