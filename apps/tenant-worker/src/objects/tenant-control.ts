/**
 * The cell's side of the contract with the control plane: one RPC method each, passed on to the tenant's object. Reached
 * by service binding only. Refusals are values; an exception here is a bug and reaches the caller as `internal`.
 */
import { WorkerEntrypoint } from 'cloudflare:workers';
import { CellKeys } from '../adapters/cell-keys.ts';
import { openExport } from '../adapters/export-stream.ts';
import { putImportPart } from '../adapters/import-objects.ts';
import { logEvent } from '../adapters/log.ts';
import { err, ok } from '../../../control-plane/src/contract/result.ts';
import type { SpendingView } from '../../../control-plane/src/contract/budgets.ts';
import type { DeviceList } from '../../../control-plane/src/contract/device-api.ts';
import type { ImportView } from '../../../control-plane/src/contract/imports.ts';
import type { RotationStep } from '../../../control-plane/src/contract/secret-rpc.ts';
import type { SealingKey, SecretView } from '../../../control-plane/src/contract/secrets.ts';
import type { ModelChoice } from '../../../control-plane/src/contract/models.ts';
import type { NetworkLogPage, NetworkView } from '../../../control-plane/src/contract/network-rpc.ts';
import type { EgressPolicy, EgressRuling } from '../../../control-plane/src/contract/egress.ts';
import type { Result } from '../../../control-plane/src/contract/result.ts';
import type {
  ExportedState,
  OpenGrant,
  TenantControl as Contract,
  TenantRef,
  SnapshotChanges,
  TenantReport,
  TenantSnapshot,
  TenantSnapshots,
} from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { FilePut, SnapshotFilePage, TakenFile } from '../../../control-plane/src/contract/snapshot-file-rpc.ts';
import type { Env } from '../env.ts';
import * as files from './snapshot-file-control.ts';

export class TenantControl extends WorkerEntrypoint<Env> implements Contract {
  #tenant(ref: TenantRef) {
    return this.env.TENANT.getByName(ref.slug);
  }

  provision(command: Parameters<Contract['provision']>[0]): Promise<Result<TenantReport>> {
    return this.#tenant(command).provision(command);
  }

  applySpec(command: Parameters<Contract['applySpec']>[0]): Promise<Result<TenantReport>> {
    return this.#tenant(command).applySpec(command);
  }

  report(ref: TenantRef): Promise<Result<TenantReport>> {
    return this.#tenant(ref).report(ref);
  }

  command(command: Parameters<Contract['command']>[0]): Promise<Result<TenantReport>> {
    return this.#tenant(command).command(command);
  }

  drill(command: Parameters<Contract['drill']>[0]): Promise<Result<TenantReport>> {
    return this.#tenant(command).drill(command);
  }

  grantOpen(grant: OpenGrant): Promise<Result<{ code: string; expiresAtMs: number }>> {
    return this.#tenant(grant).grantOpen(grant);
  }

  endSessions(command: Parameters<Contract['endSessions']>[0]): Promise<Result<{ ended: number }>> {
    return this.#tenant(command).endSessions(command);
  }

  /** The bytes of a part go from here into the bucket; everything else is the tenant's to decide. */
  async imports(command: Parameters<Contract['imports']>[0]): Promise<Result<{ imports: ImportView[] }>> {
    if (command.do !== 'part') return this.#tenant(command).imports(command);
    const { tenantId, slug, id, n, content } = command;
    const part = { tenantId, slug, id, n };
    const target = await this.#tenant(command).importTarget({ ...part, bytes: content.length });
    if (!target.ok) return target;
    const dataKey = await new CellKeys(this.env.CELL_KEYS).unwrapDataKey(target.value.context, target.value);
    await putImportPart(this.env.SNAPSHOTS, { tenantId, id, dataKey }, n, content);
    return this.#tenant(command).importPartStored(part);
  }

  spending(ref: TenantRef): Promise<Result<SpendingView>> {
    return this.#tenant(ref).spending(ref);
  }

  resumeSpending(command: Parameters<Contract['resumeSpending']>[0]): Promise<Result<SpendingView>> {
    return this.#tenant(command).resumeSpending(command);
  }

  acknowledge(command: Parameters<Contract['acknowledge']>[0]): Promise<Result<{ pending: number }>> {
    return this.#tenant(command).acknowledge(command);
  }

  snapshots(ref: TenantRef): Promise<Result<TenantSnapshots>> {
    return this.#tenant(ref).snapshots(ref);
  }

  snapshotChanges(command: Parameters<Contract['snapshotChanges']>[0]): Promise<Result<SnapshotChanges>> {
    return this.#tenant(command).snapshotChanges(command);
  }

  changeSnapshot(command: Parameters<Contract['changeSnapshot']>[0]): Promise<Result<TenantSnapshot>> {
    return this.#tenant(command).changeSnapshot(command);
  }

  snapshotFiles(command: Parameters<Contract['snapshotFiles']>[0]): Promise<Result<SnapshotFilePage>> {
    return files.snapshotFiles(this.env, command);
  }

  takeFile(command: Parameters<Contract['takeFile']>[0]): Promise<Result<TakenFile>> {
    return files.takeFile(this.env, command);
  }

  putFiles(ref: TenantRef): Promise<Result<readonly FilePut[]>> {
    return this.#tenant(ref).putFiles(ref);
  }

  putFile(command: Parameters<Contract['putFile']>[0]): Promise<Result<FilePut>> {
    return files.putFile(this.env, command);
  }

  undoFile(command: Parameters<Contract['undoFile']>[0]): Promise<Result<FilePut>> {
    return files.undoFile(this.env, command);
  }

  async sealingKey(): Promise<Result<SealingKey>> {
    return ok(await new CellKeys(this.env.CELL_KEYS).sealingKey());
  }

  secrets(ref: TenantRef): Promise<Result<readonly SecretView[]>> {
    return this.#tenant(ref).secrets(ref);
  }

  putSecret(command: Parameters<Contract['putSecret']>[0]): Promise<Result<SecretView>> {
    return this.#tenant(command).putSecret(command);
  }

  deleteSecret(command: Parameters<Contract['deleteSecret']>[0]): Promise<Result<{ deleted: boolean }>> {
    return this.#tenant(command).deleteSecret(command);
  }

  rotateSecrets(command: Parameters<Contract['rotateSecrets']>[0]): Promise<Result<RotationStep>> {
    return this.#tenant(command).rotateSecrets(command);
  }

  devices(ref: TenantRef): Promise<Result<DeviceList>> {
    return this.#tenant(ref).devices(ref);
  }

  changeDevices(command: Parameters<Contract['changeDevices']>[0]): Promise<Result<DeviceList>> {
    return this.#tenant(command).changeDevices(command);
  }

  models(ref: TenantRef): Promise<Result<readonly ModelChoice[]>> {
    return this.#tenant(ref).models(ref);
  }

  network(ref: TenantRef): Promise<Result<NetworkView>> {
    return this.#tenant(ref).network(ref);
  }

  changeNetwork(command: Parameters<Contract['changeNetwork']>[0]): Promise<Result<EgressPolicy>> {
    return this.#tenant(command).changeNetwork(command);
  }

  networkLog(command: Parameters<Contract['networkLog']>[0]): Promise<Result<NetworkLogPage>> {
    return this.#tenant(command).networkLog(command);
  }

  testNetwork(command: Parameters<Contract['testNetwork']>[0]): Promise<Result<EgressRuling & { host: string }>> {
    return this.#tenant(command).testNetwork(command);
  }

  /** Streams from here, not through the tenant's object: a download of an hour holds nobody up. */
  async exportState(command: Parameters<Contract['exportState']>[0]): Promise<Result<ExportedState>> {
    const found = await this.#tenant(command).exportSource(command);
    if (!found.ok) return found;
    const { stateKey, ...source } = found.value;
    const { tenantId, snapshotId } = source;
    const began = { tenant: tenantId, snapshot: snapshotId };
    try {
      const dataKey = await new CellKeys(this.env.CELL_KEYS).unwrapDataKey(stateKey.context, stateKey);
      const opened = await openExport(
        this.env.SNAPSHOTS,
        { ...source, dataKey },
        {
          sent: () => logEvent('export.sent', began),
          cut: (why) => logEvent('export.cut', { ...began, error: why.slice(0, 300) }),
        },
      );
      if (opened !== null) {
        logEvent('export.began', { ...began, bytes: opened.bytes });
        return ok({ snapshotId, savedAtMs: source.savedAtMs, ...opened });
      }
      logEvent('export.missing', began);
    } catch (error) {
      logEvent('export.unreadable', { ...began, error: String(error).slice(0, 300) });
    }
    return err({
      code: 'export_unreadable',
      detail: 'The saved state could not be opened. Nothing was changed.',
      next: 'Choose an earlier snapshot, or ask support.',
    });
  }
}
