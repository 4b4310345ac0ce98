/**
 * The part of the tenant's object about what leaves and who is let in: models, the network policy, the secrets, spending, devices. Wiring only, as the rest of it;
 * `Tenant` says how a tenant is found.
 */
import { DurableObject } from 'cloudflare:workers';
import { CellKeys } from '../adapters/cell-keys.ts';
import { logEvent } from '../adapters/log.ts';
import { systemTimers } from '../adapters/system.ts';
import type { SpendingView } from '../../../control-plane/src/contract/budgets.ts';
import type { DeviceList } from '../../../control-plane/src/contract/device-api.ts';
import type { EgressPolicy, EgressRuling } from '../../../control-plane/src/contract/egress.ts';
import type { ModelChoice } from '../../../control-plane/src/contract/models.ts';
import type { NetworkLogPage, NetworkView } from '../../../control-plane/src/contract/network-rpc.ts';
import { ok } from '../../../control-plane/src/contract/result.ts';
import type { Result } from '../../../control-plane/src/contract/result.ts';
import type { RotationStep } from '../../../control-plane/src/contract/secret-rpc.ts';
import type { SecretView } from '../../../control-plane/src/contract/secrets.ts';
import type { TenantControl, TenantRef } from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { Injection } from '../core/egress/decide.ts';
import { ownZonesOf } from '../core/egress/zones.ts';
import { incarnationOf } from '../core/lifecycle/state.ts';
import type { AddedHeader } from '../egress/headers.ts';
import type { EgressRules } from '../egress/policy-cache.ts';
import { readConfig } from '../env.ts';
import type { Env } from '../env.ts';
import type { EgressSeen } from '../modules/egress-journal.ts';
import { withDeadline } from '../services/deadline.ts';
import { rotateStep } from '../services/key-rotation.ts';
import { changeDevices, listDevices } from '../services/tenant-devices.ts';
import type { GatewayPairing } from '../services/tenant-devices.ts';
import { changeNetwork, rulesForEgress, testAddress, viewNetwork } from '../services/tenant-network.ts';
import type { TenantParts } from '../services/tenant-parts.ts';
import { deleteSecret, headerFor, injectionsOf, storeSecret, viewSecrets } from '../services/tenant-secrets.ts';
import type { SecretsWithin } from '../services/tenant-secrets.ts';
import { sandboxName } from '../tenant-api.ts';

type Args<K extends keyof TenantControl> = Parameters<TenantControl[K]>[0];

/** Less than the control plane waits. */
const pairingDeadlineMs = 8_000;

export abstract class TenantOutward extends DurableObject<Env> {
  /** The tenant's modules, or null when this label names no tenant. */
  protected abstract parts(): TenantParts | null;
  /** Runs `fn` on the tenant `ref` names; unreadable state and unknown labels become refusals. */
  protected abstract withTenant<T>(
    ref: TenantRef,
    fn: (parts: TenantParts) => Promise<Result<T>> | Result<T>,
  ): Promise<Result<T>>;

  // --- models ----------------------------------------------------------------------------------------------------------

  async models(ref: TenantRef): Promise<Result<readonly ModelChoice[]>> {
    return this.withTenant(ref, (parts) => ok(parts.models()));
  }

  // --- the network policy ----------------------------------------------------------------------------------------------

  async network(ref: TenantRef): Promise<Result<NetworkView>> {
    return this.withTenant(ref, ({ network }) => ok(viewNetwork(network, Date.now())));
  }

  async changeNetwork(command: Args<'changeNetwork'>): Promise<Result<EgressPolicy>> {
    const { change, byUserId, tenantId } = command;
    return this.withTenant(command, ({ network }) => {
      const done = changeNetwork(network, change, { byUserId, nowMs: Date.now() });
      if (done.ok)
        logEvent('network.changed', { tenant: tenantId, by: byUserId, kind: change.kind, version: done.value.version });
      return done;
    });
  }

  async networkLog(command: Args<'networkLog'>): Promise<Result<NetworkLogPage>> {
    return this.withTenant(command, ({ network }) => ok(network.journal.log(command.query)));
  }

  async testNetwork(command: Args<'testNetwork'>): Promise<Result<EgressRuling & { host: string }>> {
    const ownZones = this.#ownZones();
    return this.withTenant(command, ({ network, vault }) =>
      ok(testAddress(network, command, { ownZones, nowMs: Date.now(), injections: injectionsOf(vault) })),
    );
  }

  /** The policy that `Egress` decides by; null when the run that asks was replaced. */
  async egressRules(incarnation: number): Promise<EgressRules | null> {
    const parts = this.parts();
    const record = parts?.store.read() ?? null;
    if (parts === null || record === null || incarnation !== incarnationOf(record.state)) return null;
    return { ...rulesForEgress(parts.network, Date.now()), injections: injectionsOf(parts.vault) };
  }

  /** What `Egress` saw of a run; also of one that was replaced meanwhile. */
  async egressSeen(batch: readonly EgressSeen[]): Promise<void> {
    this.parts()?.network.journal.record(batch, Date.now());
  }

  #ownZones(): string[] {
    const config = readConfig(this.env);
    return ownZonesOf({ platform: config.platformOrigin, tenant: config.tenantOrigin });
  }

  #within({ vault, network }: TenantParts): SecretsWithin {
    return { vault, network, ownZones: this.#ownZones(), nowMs: Date.now() };
  }

  // --- secrets -------------------------------------------------------------------------------------------------------

  async secrets(ref: TenantRef): Promise<Result<readonly SecretView[]>> {
    return this.withTenant(ref, (parts) => ok(viewSecrets(this.#within(parts))));
  }

  async putSecret(command: Args<'putSecret'>): Promise<Result<SecretView>> {
    const { tenantId, name, byUserId } = command;
    return this.withTenant(command, async (parts) => {
      const { vault } = parts;
      const keys = new CellKeys(this.env.CELL_KEYS);
      const stored = await storeSecret({ vault, keys, tenantId }, command, { byUserId, nowMs: Date.now() });
      if (!stored.ok) return stored;
      logEvent('secret.stored', { tenant: tenantId, by: byUserId, name, version: stored.value.version });
      const shown = viewSecrets(this.#within(parts)).find((secret) => secret.name === name);
      return ok(shown ?? { ...stored.value, usedBy: [] });
    });
  }

  async deleteSecret(command: Args<'deleteSecret'>): Promise<Result<{ deleted: boolean }>> {
    const { tenantId, name, byUserId } = command;
    return this.withTenant(command, (parts) => {
      const done = deleteSecret(this.#within(parts), command);
      if (done.ok && done.value.deleted) logEvent('secret.deleted', { tenant: tenantId, by: byUserId, name });
      return done;
    });
  }

  async rotateSecrets(command: Args<'rotateSecrets'>): Promise<Result<RotationStep>> {
    return this.withTenant(command, async (parts) => {
      const step = await rotateStep(parts, new CellKeys(this.env.CELL_KEYS), command);
      return ok({ ...step, kids: [...new Set([...step.kids, ...(await this.#kidsOfRuns(parts))])].toSorted() });
    });
  }

  /** A run is claimed with a token of the ring, and keeps it until it ends. One that does not answer holds none back. */
  async #kidsOfRuns({ store }: TenantParts): Promise<string[]> {
    const record = store.read();
    const runs = record === null ? [] : store.openRuns();
    const kids = runs.map(({ incarnation }) =>
      this.env.SANDBOX.getByName(sandboxName(record?.tenantId ?? '', incarnation))
        .keeperKid()
        .catch(() => null),
    );
    return (await Promise.all(kids)).filter((kid) => kid !== null);
  }

  // --- spending ------------------------------------------------------------------------------------------------------

  async spending(ref: TenantRef): Promise<Result<SpendingView>> {
    return this.withTenant(ref, (parts) => viewSpending(parts));
  }

  async resumeSpending(command: Args<'resumeSpending'>): Promise<Result<SpendingView>> {
    const { tenantId, pauseId, byUserId } = command;
    return this.withTenant(command, (parts) => {
      parts.spending.resume(pauseId);
      logEvent('spending.resumed', { tenant: tenantId, by: byUserId, pause: pauseId });
      return viewSpending(parts);
    });
  }

  // --- devices and senders -------------------------------------------------------------------------------------------

  async devices(ref: TenantRef): Promise<Result<DeviceList>> {
    return this.withTenant(ref, (parts) => listDevices(parts, this.#gateway(parts), Date.now()));
  }

  async changeDevices(command: Args<'changeDevices'>): Promise<Result<DeviceList>> {
    return this.withTenant(command, (parts) =>
      changeDevices(parts, this.#gateway(parts), { change: command.change, nowMs: Date.now() }),
    );
  }

  /** The gateway of the current run, or null while the tenant is not awake. */
  #gateway(parts: TenantParts): GatewayPairing | null {
    const record = parts.store.read();
    if (record?.state.kind !== 'awake') return null;
    const sandbox = this.env.SANDBOX.getByName(sandboxName(record.tenantId, record.state.incarnation));
    return (change) => withDeadline(sandbox.pairing(change), pairingDeadlineMs, 'devices', systemTimers);
  }

  /** The header with a secret for one request that the firewall allowed. Only `Egress` calls this. */
  async egressSecret(incarnation: number, injection: Injection): Promise<AddedHeader | null> {
    const parts = this.parts();
    const record = parts?.store.read() ?? null;
    if (parts === null || record === null || incarnation !== incarnationOf(record.state)) return null;
    return headerFor(parts.vault, injection, Date.now());
  }
}

function viewSpending({ store, spending }: TenantParts): Result<SpendingView> {
  const record = store.read();
  if (record === null) throw new Error('the tenant has no record');
  return ok(spending.view(record));
}
