/**
 * The Durable Object that owns one container run, named `<tenant-id>.<incarnation>`. It starts the container with egress
 * intercepted, relays its ports, carries snapshot bytes, looks, and destroys. It keeps nothing of value and decides nothing:
 * `Tenant` does. A run that was destroyed never starts again under its name.
 */
import { DurableObject } from 'cloudflare:workers';
import { logEvent } from '../adapters/log.ts';
import { CellKeys, snapshotKey } from '../adapters/cell-keys.ts';
import { KeeperClient } from '../adapters/keeper-client.ts';
import { KeeperRefusal } from '../adapters/keeper-client.ts';
import { settingsOf, toldBy } from '../adapters/keeper-words.ts';
import { openImport } from '../adapters/import-objects.ts';
import type { ImportOutcome } from '../services/scratch-ports.ts';
import { unseal, UnsealError } from '../adapters/sealed-stream.ts';
import { openSnapshotData } from '../adapters/snapshot-objects.ts';
import type { SealedSnapshot } from '../adapters/snapshot-store.ts';
import { storeSnapshot } from '../adapters/snapshot-store.ts';
import type { CheckRequest, CheckResult, KeeperStatus, StartRequest } from '../../../../container/keeper/contract.ts';
import type { PutQuery, PutResult, UndoRequest } from '../../../../container/keeper/files/put-contract.ts';
import type { PairingList } from '../../../../container/keeper/pairing-contract.ts';
import type { DeviceChange } from '../../../control-plane/src/contract/device-api.ts';
import type { GatewayConfigInput } from '../../../../container/openclaw/config-input.ts';
import { containerInactivityMs, drainGraceMs, gatewayReadyDeadlineMs } from '../core/limits.ts';
import type { StartFailure } from '../core/lifecycle/state.ts';
import { closeCodes } from '../core/edge/close.ts';
import { scopesFor } from '../core/edge/request-headers.ts';
import { relay, readSandboxRequest, sandboxRefusal } from '../edge/relay.ts';
import { SocketSet } from '../edge/socket-set.ts';
import type { Env } from '../env.ts';
import type { Look, RestoreOutcome, SnapshotData } from '../services/lifecycle-ports.ts';
import { withDeadline } from '../services/deadline.ts';
import { systemClock, systemTimers } from '../adapters/system.ts';

const keeperPort = 18_700;
const gatewayPort = 18_789;
/** A keeper that listens answers its status in milliseconds. */
const statusDeadlineMs = 2_500;

export interface StartRun {
  readonly tenantId: string;
  readonly slug: string;
  readonly incarnation: number;
  readonly imageName: string;
  readonly size: { readonly vcpu: number; readonly memoryMib: number; readonly diskMb: number };
  /** A throw-away run: it is no incarnation (0), reaches nothing, and tells the tenant nothing. */
  readonly scratch?: { readonly n: number; readonly standInModel: boolean };
}

/** What the keeper said of one file. A refusal comes in its words, and changed nothing. */
export type FileOutcome =
  | { readonly ok: true; readonly replaced: boolean }
  | { readonly ok: false; readonly words: string };

/** The keeper's refusals of a file that come before any effect. */
const changedNothing: ReadonlySet<string> = new Set([
  'file_refused',
  'invalid_request',
  'not_found',
  'busy',
  'disk_full',
]);

/** A run as it is stored: with the ring key that its keeper is claimed with, which a rotation does not change. */
interface StoredRun extends StartRun {
  readonly keeperKid?: string;
}

export class TenantSandbox extends DurableObject<Env> {
  readonly #container: Container;
  readonly #keys: CellKeys;
  #run: StoredRun | null = null;
  #lastTrafficAtMs: number | null = null;
  #loggedFailure: string | null = null;
  readonly #sockets = new SocketSet({
    clock: systemClock,
    recheck: async (sessionHash, active) => {
      if (!this.#run) return null;
      const admission = await this.env.TENANT.getByName(this.#run.slug).admit({ sessionHash, isUse: active });
      if (admission.kind !== 'admitted') return null;
      return { expiresAtMs: admission.sessionExpiresAtMs, scopes: scopesFor(admission.principal.role) };
    },
    every: (ms, tick) => {
      const timer = setInterval(tick, ms);
      return () => clearInterval(timer);
    },
  });

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    if (ctx.container === undefined)
      throw new Error('TenantSandbox has no container: check [[containers]] in wrangler.toml');
    this.#container = ctx.container;
    this.#keys = new CellKeys(env.CELL_KEYS);
    // A rebuilt object may find its container running, without intercepts and without a timeout.
    void ctx.blockConcurrencyWhile(async () => {
      this.#run = (await ctx.storage.get<StoredRun>('run')) ?? null;
      // Stored before runs said so: nothing was rotated since.
      if (this.#run && this.#run.keeperKid === undefined) await this.#keepRun(this.#run);
      if (this.#container.running && this.#run) await this.#attach(this.#run);
    });
  }

  /** Registers egress: before `start()`, since the container's CA must exist when its first process reads it. */
  async #intercept(run: StartRun): Promise<void> {
    const { tenantId, slug, incarnation, scratch } = run;
    const egress = scratch
      ? this.ctx.exports.ScratchEgress({ props: { tenantId, ...scratch } })
      : this.ctx.exports.Egress({ props: { tenantId, slug, incarnation } });
    await this.#container.interceptAllOutboundHttp(egress);
    await this.#container.interceptOutboundHttps('*', egress);
  }

  async #attach(run: StartRun): Promise<void> {
    await this.#intercept(run);
    await this.#container.setInactivityTimeout(containerInactivityMs);
    this.#container.monitor().then(
      () => this.#ended(run),
      () => this.#ended(run),
    );
  }

  /** The container is gone, for whatever reason: `Tenant` looks for itself. */
  async #ended(run: StartRun): Promise<void> {
    if (run.scratch) return;
    try {
      await this.env.TENANT.getByName(run.slug).poke(run.incarnation);
    } catch {
      // The tenant's own probe finds the same.
    }
  }

  async #keepRun(run: StartRun): Promise<void> {
    const kept = { ...run, keeperKid: this.#run?.keeperKid ?? this.#keys.currentKid };
    await this.ctx.storage.put('run', kept);
    this.#run = kept;
  }

  /** The ring key that the run's keeper is claimed with; null when nothing runs under it. */
  async keeperKid(): Promise<string | null> {
    return this.#container.running ? (this.#run?.keeperKid ?? null) : null;
  }

  /** Starts the container; for a run that is under way already it changes nothing. */
  async start(run: StartRun): Promise<void> {
    if ((await this.ctx.storage.get<boolean>('destroyed')) === true) throw new Error('this run was destroyed');
    await this.#keepRun(run);
    if (this.#container.running) return;
    const image = this.#container.images[run.imageName];
    if (image === undefined) throw new Error(`no image is called ${run.imageName}`);
    await this.#intercept(run);
    this.#container.start({
      image,
      instance: { vcpu: run.size.vcpu, memoryMib: run.size.memoryMib, diskMb: run.size.diskMb },
      enableInternet: false,
      labels: { tenant: run.tenantId, incarnation: String(run.incarnation) },
    });
    await this.#attach(run);
  }

  async #keeper(): Promise<KeeperClient> {
    const run = this.#run;
    if (!run || !this.#container.running) throw new Error('the container does not run');
    return new KeeperClient(
      this.#container.getTcpPort(keeperPort),
      await this.#keys.keeperToken(
        run.tenantId,
        run.scratch ? `scratch-${run.scratch.n}` : run.incarnation,
        run.keeperKid,
      ),
    );
  }

  async look(): Promise<Look> {
    const lastTrafficAtMs = this.#lastTrafficAtMs;
    if (!this.#container.running || !this.#run)
      return { observed: { kind: 'stopped' }, lastTrafficAtMs, listening: false, work: null };
    try {
      const status = await withDeadline(
        (await this.#keeper()).status(),
        statusDeadlineMs,
        'keeper status',
        systemTimers,
      );
      if (status === null) {
        return {
          observed: { kind: 'up', claimed: false, phase: 'idle', hasState: false, failure: null },
          lastTrafficAtMs,
          listening: false,
          work: null,
        };
      }
      this.#logFailure(status);
      return {
        observed: {
          kind: 'up',
          claimed: true,
          phase: status.phase,
          hasState: status.hasState,
          failure: status.failure?.code ?? null,
          settings: settingsOf(status),
        },
        lastTrafficAtMs,
        listening: status.steps.some((step) => step.name === 'gateway.listen' && step.ok === true),
        told: toldBy(status),
        work: status.gateway.work,
      };
    } catch {
      // Not listening yet, or not any more; which of the two follows from `running`.
      const kind = this.#container.running ? 'booting' : 'stopped';
      return { observed: { kind }, lastTrafficAtMs, listening: false, work: null };
    }
  }

  /** Writes each failure the keeper reports once, with the end of the container's log, for the operator. */
  #logFailure({ failure }: KeeperStatus): void {
    if (failure === null || failure.message === this.#loggedFailure) return;
    this.#loggedFailure = failure.message;
    const { code, message, logTail } = failure;
    logEvent('keeper.failure', { run: this.ctx.id.name ?? null, code, message, logTail: logTail.slice(-4_000) });
  }

  async claim(): Promise<void> {
    const run = this.#run;
    if (!run) throw new Error('the run was never started');
    await (await this.#keeper()).claim(run.tenantId, run.incarnation);
  }

  async startGateway(config: GatewayConfigInput, settings: StartRequest['settings'] = 'current'): Promise<void> {
    // A copy that is only looked at does nothing of its own.
    const overdueRuns = this.#run?.scratch ? 'leave' : 'run';
    await (await this.#keeper()).startGateway({ config, settings, timeoutMs: gatewayReadyDeadlineMs, overdueRuns });
  }

  async stopGateway(): Promise<void> {
    await (await this.#keeper()).stopGateway(drainGraceMs);
  }

  /** Devices and senders of the ready gateway, after one change if there is any; null when OpenClaw did not take that. */
  async pairing(change: DeviceChange | null): Promise<PairingList | null> {
    try {
      return await (await this.#keeper()).pairing({ change });
    } catch (error) {
      if (error instanceof KeeperRefusal && error.code === 'not_found' && change !== null) return null;
      throw error;
    }
  }

  /** Who may reach the ready gateway from now on. */
  async changeUsers(users: GatewayConfigInput['users']): Promise<void> {
    await (await this.#keeper()).changeUsers({ users });
  }

  /** What the ready gateway of a scratch run holds, and whether it answers. */
  async check(request: CheckRequest): Promise<CheckResult> {
    if (!this.#run?.scratch) throw new Error('only a scratch run is checked');
    return (await this.#keeper()).check(request);
  }

  async snapshot(sealed: SealedSnapshot): Promise<SnapshotData> {
    const run = this.#run;
    if (!run || run.incarnation !== sealed.incarnation) throw new Error('a snapshot is asked of another run');
    return storeSnapshot(this.env.SNAPSHOTS, run.tenantId, sealed, await this.#keeper());
  }

  /** Restores a snapshot into the fresh container. The keeper switches only after everything was verified. */
  async restore(snapshot: SealedSnapshot & { bytes: number; sha256: string }): Promise<RestoreOutcome> {
    const run = this.#run;
    if (!run) throw new Error('the run was never started');
    const object = await openSnapshotData(this.env.SNAPSHOTS, run.tenantId, snapshot.id);
    if (object === null) return { ok: false, failure: 'snapshot_unreadable' };
    const key = await snapshotKey(snapshot.dataKey, snapshot.id);
    const plain = unseal(object.body, key, ['snapshot', run.tenantId, snapshot.id, snapshot.incarnation]);
    try {
      return { ok: true, ...(await (await this.#keeper()).restore(plain, snapshot)) };
    } catch (error) {
      if (error instanceof UnsealError) return { ok: false, failure: 'snapshot_unreadable' };
      if (!(error instanceof KeeperRefusal)) throw error;
      const failures: Record<string, StartFailure> = { archive_refused: 'snapshot_unreadable', disk_full: 'disk_full' };
      const failure = failures[error.code];
      if (failure === undefined) throw error;
      return { ok: false, failure };
    }
  }

  /** Makes the state of a fresh scratch container from an upload. A refusal comes with the keeper's words. */
  async importState(upload: { id: string; parts: number; dataKey: Uint8Array<ArrayBuffer> }): Promise<ImportOutcome> {
    const run = this.#run;
    if (!run?.scratch) throw new Error('an import is made beside the tenant');
    const { id, parts, dataKey } = upload;
    const plain = openImport(this.env.SNAPSHOTS, { tenantId: run.tenantId, id, dataKey }, parts);
    try {
      return { ok: true, report: await (await this.#keeper()).importState(plain) };
    } catch (error) {
      const told = error instanceof KeeperRefusal && ['archive_refused', 'disk_full'].includes(error.code);
      if (!told) throw error;
      return { ok: false, detail: error.words.slice(0, 1_000) };
    }
  }

  /** Puts one file into the running state. A refusal changed nothing. */
  async putFile(incarnation: number, file: PutQuery, content: ReadableStream<Uint8Array>): Promise<FileOutcome> {
    return this.#fileOutcome(incarnation, (keeper) => keeper.putFile(content, file));
  }

  async undoFile(incarnation: number, which: UndoRequest): Promise<FileOutcome> {
    return this.#fileOutcome(incarnation, (keeper) => keeper.undoFile(which));
  }

  async #fileOutcome(incarnation: number, ask: (keeper: KeeperClient) => Promise<PutResult>): Promise<FileOutcome> {
    const run = this.#run;
    if (!run || run.scratch || run.incarnation !== incarnation) throw new Error('a file is put into another run');
    try {
      return { ok: true, replaced: (await ask(await this.#keeper())).replaced };
    } catch (error) {
      // Of anything else nobody knows how far it came.
      if (!(error instanceof KeeperRefusal) || !changedNothing.has(error.code)) throw error;
      return { ok: false, words: error.words.slice(0, 300) };
    }
  }

  /** Ends the run for good; the name is burnt. */
  async destroy(why: string): Promise<void> {
    await this.ctx.storage.put('destroyed', true);
    this.#sockets.closeAll({ code: closeCodes.restarting, reason: 'The assistant stopped' });
    if (this.#container.running) await this.#container.destroy(`tidepool: ${why}`);
  }

  /** These sessions have ended: their sockets end now. */
  async closeSessions(sessionHashes: readonly string[]): Promise<number> {
    return this.#sockets.closeSessions(sessionHashes);
  }

  /** A request for the gateway, from the gate. */
  override async fetch(request: Request): Promise<Response> {
    const run = this.#run;
    const told = readSandboxRequest(request);
    if (!run || run.scratch || told === null || run.incarnation !== told.incarnation || !this.#container.running) {
      return sandboxRefusal('incarnation_stale');
    }
    return relay(this.#container.getTcpPort(gatewayPort), request, {
      sockets: this.#sockets,
      onActivity: () => {
        this.#lastTrafficAtMs = Date.now();
      },
    });
  }
}
