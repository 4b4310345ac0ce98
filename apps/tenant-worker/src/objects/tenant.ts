/**
 * The Durable Object that decides and remembers for one tenant, named by its host label. Wiring only: the modules own
 * their tables, the services the choices. An unknown label is answered without writing; a record that cannot be read is
 * refused and left as it is.
 */
import { logEvent } from '../adapters/log.ts';
import { TenantArchives } from './tenant-archives.ts';
import { CellKeys } from '../adapters/cell-keys.ts';
import { gatewayConfigOf } from '../adapters/sandbox-port.ts';
import { systemTimers } from '../adapters/system.ts';
import { withDeadline } from '../services/deadline.ts';
import { createTenantParts, hasTenant } from '../services/tenant-parts.ts';
import type { TenantParts } from '../services/tenant-parts.ts';
import { releaseOf, UnreadableRecord } from '../core/lifecycle/record.ts';
import { incarnationOf } from '../core/lifecycle/state.ts';
import { transitionProbeMs } from '../core/limits.ts';
import { readConfig, tenantOriginOf } from '../env.ts';
import type { Env } from '../env.ts';
import { newHandoffCode } from '../edge/tokens.ts';
import * as commands from '../services/tenant-commands.ts';
import { drill } from '../services/scratch-commands.ts';
import type { SessionsToEnd } from '../modules/sessions.ts';
import { sandboxName } from '../tenant-api.ts';
import { limitsOf } from '../services/spending.ts';
import { toProgress } from '../services/tenant-report.ts';
import type { Admission, NewSession, TenantGate, TenantProgress } from '../tenant-api.ts';

import type { Result } from '../../../control-plane/src/contract/result.ts';
import { err, ok } from '../../../control-plane/src/contract/result.ts';
import type {
  OpenGrant,
  TenantControl,
  TenantRef,
  TenantReport,
  TenantSpec,
} from '../../../control-plane/src/contract/tenant-rpc.ts';
import { tenantAllows } from '../../../control-plane/src/contract/tenant-rpc.ts';
import { egressHeaders } from './egress.ts';

type Members = TenantSpec['members'];
type Args<K extends keyof TenantControl> = Parameters<TenantControl[K]>[0];

/** Settings that OpenClaw has not judged before take it some seconds. */
const peopleDeadlineMs = 8_000;

/** The keeper pokes on every change of phase; a container that pokes faster than this is answered by the alarm instead. */
const pokeSpacingMs = transitionProbeMs / 2;

export class Tenant extends TenantArchives implements TenantGate {
  readonly #keys: CellKeys;
  #parts: TenantParts | null = null;
  #pokedAtMs = 0;
  #peopleTold = '';

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#keys = new CellKeys(env.CELL_KEYS);
  }

  /** The tenant's modules, or null when this label names no tenant. */
  #open(): TenantParts | null {
    if (this.#parts === null && hasTenant(this.ctx.storage))
      this.#parts = createTenantParts(this.ctx, this.env, this.#keys);
    return this.#parts;
  }

  protected override parts(): TenantParts | null {
    return this.#open();
  }

  protected override withTenant<T>(
    ref: TenantRef,
    fn: (parts: TenantParts) => Promise<Result<T>> | Result<T>,
  ): Promise<Result<T>> {
    return this.#with(ref, fn);
  }

  #activate(parts: TenantParts): void {
    this.ctx.waitUntil(parts.lifecycle.activate());
    this.ctx.waitUntil(parts.scratch.activate());
  }

  /** Runs `fn` on the tenant `ref` names; unreadable state and unknown labels become refusals. */
  async #with<T>(ref: TenantRef, fn: (parts: TenantParts) => Promise<Result<T>> | Result<T>): Promise<Result<T>> {
    try {
      const parts = this.#open();
      if (parts === null)
        return err({
          code: 'tenant_unknown',
          detail: 'There is no such assistant at this address.',
          next: 'Check the address.',
        });
      const found = commands.theTenant(parts.lifecycle, ref);
      return found.ok ? await fn(parts) : found;
    } catch (error) {
      if (!(error instanceof UnreadableRecord)) throw error;
      logEvent('tenant.unreadable', { tenant: ref.tenantId, error: String(error.cause).slice(0, 500) });
      return err({
        code: 'tenant_state_unreadable',
        detail: 'The stored state of this assistant cannot be read, so nothing was changed.',
        next: 'An operator has been told; see the runbook section tenant_state_unreadable.',
      });
    }
  }

  // --- the control plane ---------------------------------------------------------------------------------------------

  async provision(command: Args<'provision'>): Promise<Result<TenantReport>> {
    if (this.#open() === null) {
      const dataKey = crypto.getRandomValues(new Uint8Array(32));
      const wrapped = await this.#keys.wrapDataKey(command.tenantId, dataKey);
      // Another call may have provisioned while the key was wrapped.
      const parts = this.#open() ?? createTenantParts(this.ctx, this.env, this.#keys);
      this.#parts = parts;
      const created = commands.provision(parts.lifecycle, command, wrapped);
      if (!created.ok) return created;
      this.#activate(parts);
      return ok(parts.report(created.value));
    }
    const parts = this.#open();
    const existing = parts?.store.read();
    if (parts && existing && existing.tenantId !== command.tenantId) {
      return err({
        code: 'slug_taken',
        detail: `The address ${command.slug} belongs to another assistant.`,
        next: 'Choose another address.',
      });
    }
    return this.#with(command, (p) => {
      this.#activate(p);
      return this.report(command);
    });
  }

  async applySpec(command: Args<'applySpec'>): Promise<Result<TenantReport>> {
    return this.#with(command, async (parts) => {
      const before = parts.store.read()?.spec.members ?? [];
      const applied = commands.applySpec(parts.lifecycle, command);
      if (!applied.ok) return applied;
      await this.#endLost(parts, before, applied.value.spec.members);
      if (JSON.stringify(before) !== JSON.stringify(applied.value.spec.members))
        this.ctx.waitUntil(this.#tellGateway(parts));
      this.#activate(parts);
      return ok(parts.report(applied.value));
    });
  }

  async report(ref: TenantRef): Promise<Result<TenantReport>> {
    return this.#with(ref, (parts) => {
      const found = commands.theTenant(parts.lifecycle, ref);
      return found.ok ? ok(parts.report(found.value)) : found;
    });
  }

  async command(command: Args<'command'>): Promise<Result<TenantReport>> {
    return this.#with(command, (parts) => {
      const done = commands.command(parts.lifecycle, command);
      if (!done.ok) return done;
      this.#activate(parts);
      return ok(parts.report(done.value));
    });
  }

  async drill(command: Args<'drill'>): Promise<Result<TenantReport>> {
    return this.#with(command, (parts) => {
      const begun = drill(parts.scratch, command.operationId);
      if (!begun.ok) return begun;
      this.ctx.waitUntil(parts.scratch.activate());
      return this.report(command);
    });
  }

  async grantOpen(grant: OpenGrant): Promise<Result<{ code: string; expiresAtMs: number }>> {
    return this.#with(grant, async (parts) => {
      const record = parts.store.read();
      const allowed = tenantAllows('open', record?.state.kind ?? 'absent');
      if (!allowed.allowed)
        return err({ code: 'tenant_not_startable', detail: allowed.reason, next: 'See its page in the dashboard.' });
      // Somebody who joined while it is awake is let in by the gateway before the browser comes there.
      await this.#tellGateway(parts);
      const host = new URL(tenantOriginOf(readConfig(this.env), grant.slug)).host;
      const { code, codeHash, expiresAtMs } = await newHandoffCode(this.#keys, host, Date.now());
      parts.sessions.grant({
        codeHash,
        stateHash: grant.stateHash,
        host,
        userId: grant.userId,
        role: grant.role,
        parentSessionHash: grant.parentSessionHash,
        expiresAtMs,
      });
      return ok({ code, expiresAtMs });
    });
  }

  async endSessions(command: Args<'endSessions'>): Promise<Result<{ ended: number }>> {
    return this.#with(command, async (parts) => {
      const { userId, parentSessionHash } = command;
      const which =
        userId !== undefined
          ? { userId }
          : parentSessionHash !== undefined
            ? { parentSessionHash }
            : { all: true as const };
      return ok({ ended: await this.#end(parts, which) });
    });
  }

  /**
   * The running gateway learns who its people are now; the next start has them anyway. Asked again at each hand-off until
   * it was told. Whom it does not know it refuses; whom it should know no more, the gate does not let through.
   */
  async #tellGateway(parts: TenantParts): Promise<void> {
    const record = parts.store.read();
    if (record?.state.kind !== 'awake') return;
    const { incarnation } = record.state;
    const { users } = gatewayConfigOf(record, readConfig(this.env));
    const told = `${incarnation} ${JSON.stringify(users)}`;
    if (told === this.#peopleTold) return;
    const sandbox = this.env.SANDBOX.getByName(sandboxName(record.tenantId, incarnation));
    try {
      await withDeadline(sandbox.changeUsers(users), peopleDeadlineMs, 'people', systemTimers);
      this.#peopleTold = told;
    } catch (error) {
      logEvent('people.not_told', { tenant: record.tenantId, incarnation, error: String(error).slice(0, 200) });
    }
  }

  /** People who were removed, or have another role than before, sign in anew. */
  async #endLost(parts: TenantParts, before: Members, after: Members): Promise<void> {
    const lost = before.filter((was) => !after.some((is) => is.userId === was.userId && is.role === was.role));
    await Promise.all(lost.map(({ userId }) => this.#end(parts, { userId })));
  }

  /** Ends sessions, and the sockets that were opened with them. */
  async #end(parts: TenantParts, which: SessionsToEnd): Promise<number> {
    const { ended, sessionHashes } = parts.sessions.end(which);
    const record = parts.store.read();
    if (ended > 0 && record?.state.kind === 'awake') {
      const sandbox = this.env.SANDBOX.getByName(sandboxName(record.tenantId, record.state.incarnation));
      // Should this fail, the sockets' own recheck ends them.
      await sandbox.closeSessions(sessionHashes).catch(() => 0);
    }
    return ended;
  }

  async acknowledge(command: Args<'acknowledge'>): Promise<Result<{ pending: number }>> {
    return this.#with(command, (parts) => {
      const { pending, due } = commands.acknowledge(parts.lifecycle, command.seqs);
      if (due) this.#activate(parts);
      return ok({ pending });
    });
  }

  // --- the gate ------------------------------------------------------------------------------------------------------

  async exists(): Promise<'active' | 'deleted' | 'unknown'> {
    const record = this.#open()?.store.read() ?? null;
    return record === null ? 'unknown' : record.state.kind === 'deleted' ? 'deleted' : 'active';
  }

  async redeem(input: Parameters<TenantGate['redeem']>[0]): Promise<Result<NewSession>> {
    const parts = this.#open();
    if (parts !== null) return parts.sessions.redeem(input);
    return err({
      code: 'handoff_invalid',
      detail: 'There is no such assistant at this address.',
      next: 'Check the address.',
    });
  }

  async admit({ sessionHash, isUse = true }: Parameters<TenantGate['admit']>[0]): Promise<Admission> {
    const parts = this.#open();
    const record = parts?.store.read() ?? null;
    if (parts === null || record === null) return { kind: 'unknown_tenant' };
    if (record.state.kind === 'deleted') return { kind: 'deleted' };
    const session = isUse ? parts.sessions.check(sessionHash) : parts.sessions.peek(sessionHash);
    // Who may do what is the spec's to say, now; the session only says who it is.
    const member = record.spec.members.find((m) => m.userId === session?.principal.userId);
    if (session === null || member === undefined) return { kind: 'no_session' };
    const route =
      record.state.kind === 'awake' ? { tenantId: record.tenantId, incarnation: incarnationOf(record.state) } : null;
    return {
      kind: 'admitted',
      principal: { userId: member.userId, role: member.role },
      sessionExpiresAtMs: session.expiresAtMs,
      route,
      release: releaseOf(record),
      progress: toProgress(record, parts.operationOf(record)),
    };
  }

  async signOut({ sessionHash }: { sessionHash: string }): Promise<void> {
    const parts = this.#open();
    if (parts !== null) await this.#end(parts, { sessionHash });
  }

  async wakeFor({ sessionHash, why }: Parameters<TenantGate['wakeFor']>[0]): Promise<TenantProgress | null> {
    const parts = this.#open();
    const record = parts?.store.read() ?? null;
    if (parts === null || record === null || parts.sessions.check(sessionHash) === null) return null;
    const { kind } = record.state;
    if (kind === 'asleep' || kind === 'draining') {
      parts.lifecycle.apply({ type: 'wake_wanted', nowMs: Date.now(), why });
      this.#activate(parts);
    }
    const now = parts.store.read() ?? record;
    return toProgress(now, parts.operationOf(now));
  }

  // --- the container, through Egress -----------------------------------------------------------------------------------

  /** Something changed in a run. Says nothing more: the tenant looks for itself. */
  async poke(incarnation: number): Promise<void> {
    const parts = this.#open();
    const record = parts?.store.read() ?? null;
    if (parts === null || record === null || incarnation !== incarnationOf(record.state)) return;
    const nowMs = Date.now();
    if (nowMs - this.#pokedAtMs < pokeSpacingMs) return;
    this.#pokedAtMs = nowMs;
    this.#activate(parts);
  }

  /** A model call of the container's. Only `Egress` calls this; it says which run asks. */
  override async fetch(request: Request): Promise<Response> {
    const parts = this.#open();
    const record = parts?.store.read() ?? null;
    const incarnation = Number(request.headers.get(egressHeaders.incarnation));
    if (parts === null || record === null || incarnation !== incarnationOf(record.state)) {
      return Response.json(
        { error: { type: 'incarnation_stale', message: 'This container run was replaced.' } },
        { status: 409 },
      );
    }
    parts.lifecycle.touched();
    return parts.ai.handle(request, {
      tenantId: record.tenantId,
      slug: record.slug,
      incarnation,
      ...limitsOf(record),
      models: record.spec.models,
    });
  }

  override async alarm(): Promise<void> {
    const parts = this.#open();
    if (parts === null) return;
    parts.sessions.purge();
    await parts.reconciler.run();
    // Not waited for: a step of a scratch run takes minutes, and the next alarm must not wait for it.
    this.ctx.waitUntil(parts.scratch.activate());
    await parts.cleanImports();
    await parts.lifecycle.activate();
  }
}
