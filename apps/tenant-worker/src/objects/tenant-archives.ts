/**
 * The part of the tenant's object about its saved states: snapshots, what is exported and what is brought in. Wiring only;
 * bytes never pass through here.
 */
import { readInventory } from '../adapters/snapshot-inventory.ts';
import { changeSnapshot } from '../services/snapshot-commands.ts';
import { listSnapshots, snapshotChanges, toTenantSnapshot } from '../services/snapshot-reads.ts';
import { beginPut, beginUndo, endPut, inventoryPlan } from '../services/snapshot-files.ts';
import type { InventoryPlan, PutEnd, PutPlan } from '../services/snapshot-files.ts';
import { exportSource } from '../services/tenant-export.ts';
import type { FilePut } from '../../../control-plane/src/contract/snapshot-file-rpc.ts';
import type { TenantControl } from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { ExportPlan } from '../services/tenant-export.ts';
import { admitPart, changeImports, partStored, shownImports } from '../services/imports.ts';
import type { ImportCommand, ImportView } from '../../../control-plane/src/contract/imports.ts';
import type { WrappedStateKey } from '../modules/state-keys.ts';
import type { Refusal, Result } from '../../../control-plane/src/contract/result.ts';
import { err, ok } from '../../../control-plane/src/contract/result.ts';
import type {
  SnapshotChanges,
  TenantRef,
  TenantSnapshot,
  TenantSnapshots,
} from '../../../control-plane/src/contract/tenant-rpc.ts';
import { TenantOutward } from './tenant-outward.ts';
import * as commands from '../services/tenant-commands.ts';

type Args<K extends keyof TenantControl> = Parameters<TenantControl[K]>[0];

const admittedNowhere: Refusal = {
  code: 'tenant_unknown',
  detail: 'There is no such assistant at this address.',
  next: 'Check the address.',
};

export abstract class TenantArchives extends TenantOutward {
  /** What an export is made of. Reads only: nothing wakes, and the bytes do not pass through here. */
  async exportSource(command: Args<'exportState'>): Promise<Result<ExportPlan>> {
    return this.withTenant(command, (parts) => exportSource(parts, command));
  }

  /** Uploads, but for the bytes of a part, which do not pass through here. */
  async imports(
    command: TenantRef & Exclude<ImportCommand, { do: 'part' }>,
  ): Promise<Result<{ imports: ImportView[] }>> {
    return this.withTenant(command, (parts) => {
      const record = parts.store.read();
      if (record === null) throw new Error('the tenant has no record');
      const done = changeImports(parts, record, command);
      if (done !== null && !done.ok) return done;
      this.ctx.waitUntil(parts.cleanImports().then(() => parts.scratch.activate()));
      return ok({ imports: shownImports(parts, parts.store.read() ?? record) });
    });
  }

  /** Whether a part may be stored, and with which key. */
  async importTarget(command: TenantRef & { id: string; n: number; bytes: number }): Promise<Result<WrappedStateKey>> {
    return this.withTenant(command, (parts) => {
      const admitted = admitPart(parts, command.id, command.n, command.bytes);
      const record = parts.store.read();
      if (!admitted.ok) return admitted;
      return record === null ? err(admittedNowhere) : ok(parts.stateKeys.toSeal(record, command.id));
    });
  }

  async importPartStored(command: TenantRef & { id: string; n: number }): Promise<Result<{ imports: ImportView[] }>> {
    return this.withTenant(command, (parts) => {
      const stored = partStored(parts, command.id, command.n);
      const record = parts.store.read();
      if (!stored.ok) return stored;
      return record === null ? err(admittedNowhere) : ok({ imports: shownImports(parts, record) });
    });
  }

  // --- snapshots -----------------------------------------------------------------------------------------------------

  async snapshots(ref: TenantRef): Promise<Result<TenantSnapshots>> {
    return this.withTenant(ref, (parts) => {
      const found = commands.theTenant(parts.lifecycle, ref);
      return found.ok ? ok(listSnapshots(parts.lifecycle, found.value)) : found;
    });
  }

  async snapshotChanges(command: Args<'snapshotChanges'>): Promise<Result<SnapshotChanges>> {
    return this.withTenant(command, async (parts) => {
      const found = commands.theTenant(parts.lifecycle, command);
      if (!found.ok) return found;
      const { value: record } = found;
      const { tenantId } = record;
      const { stateKeys } = parts;
      return snapshotChanges(parts.lifecycle, command.snapshotId, async ({ id, incarnation }) => {
        const dataKey = await stateKeys.open(stateKeys.toOpen(record, id));
        return readInventory(this.env.SNAPSHOTS, { tenantId, id, incarnation, dataKey });
      });
    });
  }

  async changeSnapshot(command: Args<'changeSnapshot'>): Promise<Result<TenantSnapshot>> {
    return this.withTenant(command, (parts) => {
      const found = commands.theTenant(parts.lifecycle, command);
      if (!found.ok) return found;
      const { snapshotId, protected: wanted, accepted } = command;
      const changed = changeSnapshot(parts.lifecycle, found.value, snapshotId, { protected: wanted, accepted });
      if (!changed.ok) return changed;
      return ok(toTenantSnapshot(changed.value, parts.snapshots.newest()?.id ?? null, found.value));
    });
  }

  // --- single files of a snapshot ------------------------------------------------------------------------------------

  async inventoryPlan(command: TenantRef & { snapshotId: string }): Promise<Result<InventoryPlan>> {
    return this.withTenant(command, (parts) => inventoryPlan(parts, command.snapshotId));
  }

  async putFiles(ref: TenantRef): Promise<Result<readonly FilePut[]>> {
    return this.withTenant(ref, ({ filePuts }) => ok(filePuts.list()));
  }

  async beginPut(command: Args<'putFile'>): Promise<Result<PutPlan>> {
    return this.withTenant(command, (parts) => beginPut(parts, command));
  }

  async beginUndo(command: Args<'undoFile'>): Promise<Result<PutPlan>> {
    return this.withTenant(command, (parts) => beginUndo(parts, command.id));
  }

  /** What the keeper said. The state has changed when it was done, and is saved soon. */
  async endPut(command: TenantRef & { id: string; end: PutEnd }): Promise<Result<FilePut>> {
    return this.withTenant(command, (parts) => {
      const ended = endPut(parts.filePuts, command.id, command.end);
      if (ended.ok && (command.end.kind === 'put' || command.end.kind === 'undone')) parts.lifecycle.touched();
      return ended;
    });
  }
}
