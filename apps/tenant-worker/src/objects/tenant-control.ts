/**
 * The cell's side of the contract with the control plane: one RPC method each, passed on to the tenant's object. Reached
 * by service binding only. Refusals are values; an exception here is a bug and reaches the caller as `internal`.
 */
import { WorkerEntrypoint } from 'cloudflare:workers';
import type { Result } from '../../../control-plane/src/contract/result.ts';
import type {
  OpenGrant,
  TenantControl as Contract,
  TenantRef,
  TenantReport,
} from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { Env } from '../env.ts';

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

  grantOpen(grant: OpenGrant): Promise<Result<{ code: string; expiresAtMs: number }>> {
    return this.#tenant(grant).grantOpen(grant);
  }

  endSessions(command: Parameters<Contract['endSessions']>[0]): Promise<Result<{ ended: number }>> {
    return this.#tenant(command).endSessions(command);
  }

  acknowledge(command: Parameters<Contract['acknowledge']>[0]): Promise<Result<{ pending: number }>> {
    return this.#tenant(command).acknowledge(command);
  }
}
