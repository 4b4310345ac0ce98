/**
 * One bounded step of a tenant towards the current key-encryption key, and to new data keys when asked. Every step may be
 * repeated, cut off or run beside another: each row is moved by itself, names the key it is of, and opens before and after.
 */
import type { RotationStep } from '../../../control-plane/src/contract/secret-rpc.ts';
import type { CellKeys } from '../adapters/cell-keys.ts';
import type { Imports } from '../modules/imports.ts';
import type { SnapshotIndex } from '../modules/snapshots.ts';
import type { StateKeys } from '../modules/state-keys.ts';
import type { TenantStore } from '../modules/tenant-store.ts';
import type { Vault } from '../modules/vault.ts';

export interface RotationParts {
  readonly store: TenantStore;
  readonly vault: Vault;
  readonly stateKeys: StateKeys;
  readonly snapshots: Pick<SnapshotIndex, 'ids'>;
  readonly imports: Pick<Imports, 'ids'>;
}

export async function rotateStep(
  { store, vault, stateKeys, snapshots, imports }: RotationParts,
  keys: CellKeys,
  asked: { rotationId: string; newDataKey: boolean },
): Promise<RotationStep> {
  const record = store.read();
  // Erased: there is nothing to open, now or later.
  if (record === null || record.wrappedDataKey.kid === '') return { left: 0, kid: keys.currentKid, kids: [] };
  if (asked.newDataKey) {
    await vault.beginDataKey(asked.rotationId);
    await stateKeys.begin(record.tenantId, asked.rotationId);
  }
  const left = await vault.rotate();
  await stateKeys.rewrap(record.tenantId);
  await rewrapRecord(store, keys);
  stateKeys.prune(new Set([...snapshots.ids(), ...imports.ids()]));
  const kids = new Set([...vault.kids(), ...stateKeys.kids(), store.read()?.wrappedDataKey.kid ?? '']);
  kids.delete('');
  return { left, kid: keys.currentKid, kids: [...kids].toSorted() };
}

/** The data key in the record. Written onto the record as it is then, and only over the very wrap that was opened. */
async function rewrapRecord(store: TenantStore, keys: CellKeys): Promise<void> {
  const before = store.read();
  if (before === null || before.wrappedDataKey.kid === keys.currentKid) return;
  const raw = await keys.unwrapDataKey(before.tenantId, before.wrappedDataKey);
  const wrappedDataKey = await keys.wrapDataKey(before.tenantId, raw);
  const now = store.read();
  if (now?.wrappedDataKey.wrapped === before.wrappedDataKey.wrapped) store.write({ ...now, wrappedDataKey });
}
