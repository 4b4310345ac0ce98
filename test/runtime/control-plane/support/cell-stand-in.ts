// A cell in memory that keeps state and follows the contract: provision and command take an operation once, an older
// generation is refused, reading writes nothing. `fault` decides per call whether it is away, before or after the effect.

import type { SpendingView } from '../../../../apps/control-plane/src/contract/budgets.ts';
import type { ImportView } from '../../../../apps/control-plane/src/contract/imports.ts';
import type { ModelChoice } from '../../../../apps/control-plane/src/contract/models.ts';
import type { RotationStep } from '../../../../apps/control-plane/src/contract/secret-rpc.ts';
import type { SecretView } from '../../../../apps/control-plane/src/contract/secrets.ts';
import type { FilePut } from '../../../../apps/control-plane/src/contract/snapshot-file-rpc.ts';
import type { EgressPolicy } from '../../../../apps/control-plane/src/contract/egress.ts';
import { err, ok, type Result } from '../../../../apps/control-plane/src/contract/result.ts';
import { exportedBytes, modelChoice, noDevices, noSuchFile, reportOf, unknown } from './cell-stand-in-tenant.ts';
import type { CellCall, Fault, StandInTenant } from './cell-stand-in-tenant.ts';
import type {
  ExportedState,
  OpenGrant,
  Operation,
  SnapshotChanges,
  TenantControl,
  TenantRef,
  TenantReport,
  TenantSnapshot,
  TenantSnapshots,
  TenantStateKind,
} from '../../../../apps/control-plane/src/contract/tenant-rpc.ts';

export class CellStandIn implements TenantControl {
  readonly tenants = new Map<string, StandInTenant>();
  readonly calls: { readonly what: CellCall; readonly slug: string }[] = [];
  readonly grants: OpenGrant[] = [];
  readonly ended: (TenantRef & { userId?: string; parentSessionHash?: string })[] = [];
  readonly acknowledged: number[] = [];
  readonly commanded: Parameters<TenantControl['command']>[0][] = [];
  /** Of every tenant. */
  snapshotsKept: TenantSnapshot[] = [];
  readonly imported: ImportView[] = [];
  filesPut: FilePut[] = [];
  /** Answers every call until it is set. */
  fault: (what: CellCall) => Fault = () => 'none';
  /** How far a tenant is with a rotation; null when its cell is away. */
  rotation: (slug: string) => RotationStep | null = () => ({ left: 0, kid: 'k1', kids: ['k1'] });
  readonly stored: SecretView[] = [];
  fuse: SpendingView['fuse'] = { on: true, pause: null, hourNanoUsd: 0, tripsAboveNanoUsd: null };
  choices: ModelChoice[] = [modelChoice('anthropic/claude-sonnet-4-6'), modelChoice('anthropic/claude-haiku-4-5')];
  policy: EgressPolicy = {
    version: 0,
    preset: 'balanced',
    rules: [],
    approvals: [],
    updatedAtMs: 0,
    updatedBy: null,
  };
  nowMs = Date.parse('2026-11-21T12:00:00Z');

  provision(command: Parameters<TenantControl['provision']>[0]): Promise<Result<TenantReport>> {
    return this.#call('provision', command, () => {
      const existing = this.tenants.get(command.slug);
      if (existing !== undefined) {
        return existing.tenantId === command.tenantId
          ? ok(this.reportOf(existing))
          : err({ code: 'slug_taken', detail: 'The address is taken.', next: 'Choose another.' } as const);
      }
      const tenant: StandInTenant = {
        tenantId: command.tenantId,
        slug: command.slug,
        spec: command.spec,
        generation: command.generation,
        version: 1,
        state: 'provisioning',
        operation: this.#operation(command.operationId, command.tenantId, 'provision'),
        operations: [command.operationId],
      };
      this.tenants.set(command.slug, tenant);
      return ok(this.reportOf(tenant));
    });
  }

  applySpec(command: Parameters<TenantControl['applySpec']>[0]): Promise<Result<TenantReport>> {
    return this.#withTenant('applySpec', command, (tenant) => {
      if (command.generation < tenant.generation) {
        return err({ code: 'generation_stale', detail: 'Older than the last.', next: 'Read again.' } as const);
      }
      if (command.generation > tenant.generation) {
        Object.assign(tenant, { generation: command.generation, spec: command.spec, version: tenant.version + 1 });
      }
      return ok(this.reportOf(tenant));
    });
  }

  report(ref: TenantRef): Promise<Result<TenantReport>> {
    return this.#withTenant('report', ref, (tenant) => ok(this.reportOf(tenant)));
  }

  command(command: Parameters<TenantControl['command']>[0]): Promise<Result<TenantReport>> {
    return this.#withTenant('command', command, (tenant) => {
      if (tenant.operations.includes(command.operationId)) return ok(this.reportOf(tenant));
      tenant.operations.push(command.operationId);
      this.commanded.push(command);
      const kind = command.kind === 'undo_restore' ? 'restore' : command.kind;
      tenant.operation = this.#operation(command.operationId, tenant.tenantId, kind);
      if (kind !== 'snapshot') tenant.state = kind === 'sleep' ? 'draining' : 'waking';
      tenant.version += 1;
      return ok(this.reportOf(tenant));
    });
  }

  drill(command: Parameters<TenantControl['drill']>[0]): Promise<Result<TenantReport>> {
    return this.#withTenant('drill', command, (tenant) => {
      if (!tenant.operations.includes(command.operationId)) tenant.operations.push(command.operationId);
      return ok(this.reportOf(tenant));
    });
  }

  snapshots(ref: TenantRef): Promise<Result<TenantSnapshots>> {
    return this.#withTenant('snapshots', ref, () => ok({ items: this.snapshotsKept, restore: null }));
  }

  snapshotChanges(command: Parameters<TenantControl['snapshotChanges']>[0]): Promise<Result<SnapshotChanges>> {
    return this.#withTenant('snapshotChanges', command, () =>
      err({ code: 'snapshot_without_inventory', detail: 'No list.', next: 'Restore without.' } as const),
    );
  }

  changeSnapshot(command: Parameters<TenantControl['changeSnapshot']>[0]): Promise<Result<TenantSnapshot>> {
    return this.#withTenant('changeSnapshot', command, () => {
      const found = this.snapshotsKept.find(({ id }) => id === command.snapshotId);
      if (found === undefined)
        return err({ code: 'snapshot_unknown', detail: 'No such snapshot.', next: 'List them again.' } as const);
      const changed = { ...found, protection: command.protected === true ? ('customer' as const) : null };
      this.snapshotsKept = this.snapshotsKept.map((row) => (row.id === changed.id ? changed : row));
      return ok(changed);
    });
  }

  grantOpen(grant: OpenGrant): Promise<Result<{ code: string; expiresAtMs: number }>> {
    return this.#withTenant('grantOpen', grant, () => {
      this.grants.push(grant);
      return ok({ code: `code-${this.grants.length}`, expiresAtMs: this.nowMs + 60_000 });
    });
  }

  endSessions(command: Parameters<TenantControl['endSessions']>[0]): Promise<Result<{ ended: number }>> {
    return this.#withTenant('endSessions', command, () => {
      this.ended.push(command);
      return ok({ ended: 1 });
    });
  }

  imports(command: Parameters<TenantControl['imports']>[0]): Promise<Result<{ imports: ImportView[] }>> {
    return this.#withTenant('imports', command, () => {
      if (command.do === 'create' && !this.imported.some(({ id }) => id === command.id)) {
        const { id, fileName, bytes } = command;
        const nothing = {
          operationId: null,
          snapshotId: null,
          keptUntilMs: null,
          inUse: false,
          report: null,
          error: null,
        };
        this.imported.unshift({
          id,
          fileName,
          bytes,
          nextPart: 0,
          state: 'uploading',
          createdAtMs: this.nowMs,
          ...nothing,
        });
      }
      const found = 'id' in command ? this.imported.find(({ id }) => id === command.id) : undefined;
      if ('id' in command && found === undefined) {
        return err({ code: 'import_unknown', detail: 'No such upload.', next: 'Begin it anew.' } as const);
      }
      if (command.do === 'part' && found !== undefined) found.nextPart = command.n + 1;
      if (command.do === 'start' && found !== undefined) {
        Object.assign(found, { state: 'ready', operationId: command.operationId, snapshotId: '5'.repeat(26) });
      }
      return ok({ imports: this.imported.map((each) => ({ ...each })) });
    });
  }

  exportState(command: Parameters<TenantControl['exportState']>[0]): Promise<Result<ExportedState>> {
    return this.#withTenant('exportState', command, ({ slug }) =>
      ok({
        snapshotId: command.snapshotId ?? '0'.repeat(26),
        savedAtMs: this.nowMs,
        bytes: exportedBytes.length,
        fileName: `${slug}-2026-11-21-1200.tar.zst`,
        content: new Response(exportedBytes).body ?? new ReadableStream(),
      }),
    );
  }

  snapshotFiles(command: Parameters<TenantControl['snapshotFiles']>[0]): ReturnType<TenantControl['snapshotFiles']> {
    return this.#withTenant('snapshotFiles', command, () => {
      const file = {
        path: 'workspace/MEMORY.md',
        bytes: exportedBytes.length,
        standing: 'same',
        refusal: null,
      } as const;
      const items = file.path.includes(command.search) && !command.differing ? [file] : [];
      return ok({ by: 'files', against: command.snapshotId, total: items.length, items, nextOffset: null });
    });
  }

  takeFile(command: Parameters<TenantControl['takeFile']>[0]): ReturnType<TenantControl['takeFile']> {
    return this.#withTenant('takeFile', command, () => {
      if (command.path.endsWith('absent')) return err(noSuchFile);
      const content = new Response(exportedBytes).body ?? new ReadableStream();
      return ok({ bytes: exportedBytes.length, savedAtMs: this.nowMs, content });
    });
  }

  putFiles(ref: TenantRef): ReturnType<TenantControl['putFiles']> {
    return this.#withTenant('putFiles', ref, () => ok(this.filesPut));
  }

  putFile(command: Parameters<TenantControl['putFile']>[0]): ReturnType<TenantControl['putFile']> {
    return this.#withTenant('putFile', command, () => {
      const { id, snapshotId, path } = command;
      const known = this.filesPut.find((put) => put.id === id);
      if (known !== undefined) return ok(known);
      const put: FilePut = { id, snapshotId, path, atMs: this.nowMs, stage: 'done', replaced: true };
      this.filesPut = [put, ...this.filesPut];
      return ok(put);
    });
  }

  undoFile(command: Parameters<TenantControl['undoFile']>[0]): ReturnType<TenantControl['undoFile']> {
    return this.#withTenant('undoFile', command, () => {
      const put = this.filesPut.find(({ id }) => id === command.id);
      return put === undefined ? err(noSuchFile) : ok({ ...put, stage: 'undone' });
    });
  }

  sealingKey(): ReturnType<TenantControl['sealingKey']> {
    // The point of the curve's generator: a public key whose secret nobody needs.
    return Promise.resolve(ok({ kid: 'k1', publicKey: btoa(`\t${'\0'.repeat(31)}`) }));
  }

  secrets(ref: TenantRef): ReturnType<TenantControl['secrets']> {
    return this.#withTenant('secrets', ref, () => ok(this.stored));
  }

  putSecret(command: Parameters<TenantControl['putSecret']>[0]): ReturnType<TenantControl['putSecret']> {
    return this.#withTenant('putSecret', command, () => {
      const { name, use, byUserId } = command;
      const times = { createdAtMs: this.nowMs, changedAtMs: this.nowMs, lastUsedAtMs: null };
      const view: SecretView = {
        name,
        use,
        version: 1,
        lastFour: '',
        refused: null,
        usedBy: [],
        changedBy: byUserId,
        ...times,
      };
      this.stored.push(view);
      return ok(view);
    });
  }

  deleteSecret(command: Parameters<TenantControl['deleteSecret']>[0]): ReturnType<TenantControl['deleteSecret']> {
    return this.#withTenant('deleteSecret', command, () => {
      const at = this.stored.findIndex(({ name }) => name === command.name);
      return ok({ deleted: at >= 0 && this.stored.splice(at, 1).length > 0 });
    });
  }

  rotateSecrets(command: Parameters<TenantControl['rotateSecrets']>[0]): ReturnType<TenantControl['rotateSecrets']> {
    return this.#withTenant('rotateSecrets', command, () => {
      const step = this.rotation(command.slug);
      if (step === null) throw new Error('the cell is away');
      return ok(step);
    });
  }

  devices(ref: TenantRef): ReturnType<TenantControl['devices']> {
    return this.#withTenant('devices', ref, () => ok(noDevices));
  }

  changeDevices(command: Parameters<TenantControl['changeDevices']>[0]): ReturnType<TenantControl['changeDevices']> {
    return this.#withTenant('changeDevices', command, () =>
      err({ code: 'pairing_gone', detail: 'Nobody waits.', next: 'Look again.' } as const),
    );
  }

  spending(ref: TenantRef): Promise<Result<SpendingView>> {
    return this.#withTenant('spending', ref, () => ok({ budgets: [], fuse: this.fuse }));
  }

  resumeSpending(command: Parameters<TenantControl['resumeSpending']>[0]): Promise<Result<SpendingView>> {
    return this.#withTenant('resumeSpending', command, (tenant) => {
      if (this.fuse.pause?.id === command.pauseId) {
        this.fuse = { ...this.fuse, pause: null };
        tenant.version += 1;
      }
      return ok({ budgets: [], fuse: this.fuse });
    });
  }

  models(ref: TenantRef): ReturnType<TenantControl['models']> {
    return this.#withTenant('models', ref, () => ok(this.choices));
  }

  network(ref: TenantRef): ReturnType<TenantControl['network']> {
    return this.#withTenant('network', ref, () => ok({ policy: this.policy, denied: [], traffic: [] }));
  }

  changeNetwork(command: Parameters<TenantControl['changeNetwork']>[0]): ReturnType<TenantControl['changeNetwork']> {
    return this.#withTenant('changeNetwork', command, () => {
      this.policy = { ...this.policy, version: this.policy.version + 1, updatedBy: command.byUserId };
      return ok(this.policy);
    });
  }

  networkLog(command: Parameters<TenantControl['networkLog']>[0]): ReturnType<TenantControl['networkLog']> {
    return this.#withTenant('networkLog', command, () => ok({ items: [], nextBeforeSeq: null }));
  }

  testNetwork(command: Parameters<TenantControl['testNetwork']>[0]): ReturnType<TenantControl['testNetwork']> {
    return this.#withTenant('testNetwork', command, ({ slug: host }) =>
      ok({ effect: 'ask', rule: 'preset:balanced', reason: 'not_listed', detail: 'Not listed.', host }),
    );
  }

  acknowledge(command: Parameters<TenantControl['acknowledge']>[0]): Promise<Result<{ pending: number }>> {
    return this.#call('acknowledge', command, () => {
      this.acknowledged.push(...command.seqs);
      return ok({ pending: 0 });
    });
  }

  /** Puts a tenant into a state, as its own lifecycle would. */
  become(slug: string, state: TenantStateKind): void {
    const tenant = this.tenants.get(slug);
    if (tenant === undefined) throw new Error(`the cell has no ${slug}`);
    tenant.state = state;
    tenant.version += 1;
    tenant.operation = { ...tenant.operation, finishedAtMs: this.nowMs };
  }

  reportOf(tenant: StandInTenant): TenantReport {
    return reportOf(tenant, { nowMs: this.nowMs, spendPause: this.fuse.pause });
  }

  #operation(id: Operation['id'], tenantId: Operation['tenantId'], kind: Operation['kind']): Operation {
    return {
      id,
      tenantId,
      kind,
      startedAtMs: this.nowMs,
      finishedAtMs: null,
      steps: [{ name: 'reserve', startedAtMs: this.nowMs, endedAtMs: null, ok: null }],
      attempt: 1,
      error: null,
    };
  }

  #withTenant<T>(what: CellCall, ref: TenantRef, work: (tenant: StandInTenant) => Result<T>): Promise<Result<T>> {
    return this.#call(what, ref, () => {
      const tenant = this.tenants.get(ref.slug);
      return tenant === undefined || tenant.tenantId !== ref.tenantId ? err(unknown) : work(tenant);
    });
  }

  async #call<T>(what: CellCall, ref: TenantRef, work: () => T): Promise<T> {
    this.calls.push({ what, slug: ref.slug });
    const fault = this.fault(what);
    if (fault === 'before') throw new Error('the cell is away');
    const answer = work();
    if (fault === 'after') throw new Error('the answer was lost');
    return answer;
  }
}
