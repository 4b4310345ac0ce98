/** The part of the cell's contract about a tenant's network policy. `TenantControl` takes it in. */
import type {
  EgressDenied,
  EgressEffect,
  EgressLogEntry,
  EgressMethod,
  EgressPolicy,
  EgressPreset,
  EgressRuleDraft,
  EgressRuling,
  EgressTraffic,
  EgressVerdict,
} from './egress.ts';
import type { Result } from './result.ts';
import type { TenantRef } from './tenant-rpc.ts';

/** The network of one tenant, whole. */
export interface NetworkView {
  readonly policy: EgressPolicy;
  readonly denied: readonly EgressDenied[];
  readonly traffic: readonly EgressTraffic[];
}

/** One change of the network policy. Those with a version are refused when the policy has changed since. */
export type NetworkChange =
  | {
      readonly kind: 'replace';
      readonly version: number;
      readonly preset: EgressPreset;
      readonly rules: readonly EgressRuleDraft[];
    }
  | { readonly kind: 'add_rule'; readonly version: number; readonly rule: EgressRuleDraft }
  | { readonly kind: 'remove_rule'; readonly ruleId: string }
  | {
      readonly kind: 'answer';
      readonly host: string;
      readonly method: EgressMethod | null;
      readonly verdict: EgressVerdict;
    }
  | { readonly kind: 'remove_answer'; readonly answerId: string };

export interface NetworkLogQuery {
  /** Part of a host, in lower case. */
  readonly host?: string | undefined;
  readonly effect?: EgressEffect | undefined;
  readonly method?: string | undefined;
  /** How the rule that decided begins. */
  readonly rule?: string | undefined;
  readonly beforeSeq?: number | undefined;
  readonly limit: number;
}

export interface NetworkLogPage {
  readonly items: readonly EgressLogEntry[];
  readonly nextBeforeSeq: number | null;
}

export interface NetworkControl {
  /** Policy, refusals and traffic. Reads; wakes nothing. */
  network(ref: TenantRef): Promise<Result<NetworkView>>;
  changeNetwork(command: TenantRef & { byUserId: string; change: NetworkChange }): Promise<Result<EgressPolicy>>;
  networkLog(command: TenantRef & { query: NetworkLogQuery }): Promise<Result<NetworkLogPage>>;
  /** Which rule decides on an address. Sends nothing. */
  testNetwork(
    command: TenantRef & { method: string; url: string },
  ): Promise<Result<EgressRuling & { readonly host: string }>>;
}
