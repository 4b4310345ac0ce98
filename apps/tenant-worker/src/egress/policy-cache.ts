/**
 * The policies of the tenants whose requests this isolate carried, each for a few seconds: an allowed request asks no
 * object. A revocation counts within `policyMaxAgeMs` everywhere; a refusal is not answered from an entry older than
 * `refusalMaxAgeMs`, so that an owner's "allow" counts at once.
 */
import type { EgressApproval, EgressPreset, EgressRule } from '../../../control-plane/src/contract/egress.ts';
import type { Injection } from '../core/egress/decide.ts';

export const policyMaxAgeMs = 10_000;
export const refusalMaxAgeMs = 1_000;
const entriesMax = 1_000;

/** What `Tenant` tells `Egress`. */
export interface EgressRules {
  readonly version: number;
  readonly preset: EgressPreset;
  readonly rules: readonly EgressRule[];
  readonly approvals: readonly EgressApproval[];
  readonly injections: readonly Injection[];
}

export class PolicyCache {
  readonly #entries = new Map<string, { readonly rules: EgressRules; readonly atMs: number }>();

  /** @param load null: this run was replaced. Its failure is the caller's to refuse by. */
  async get(
    run: string,
    maxAgeMs: number,
    nowMs: number,
    load: () => Promise<EgressRules | null>,
  ): Promise<EgressRules | null> {
    const known = this.#entries.get(run);
    if (known !== undefined && nowMs - known.atMs < maxAgeMs && nowMs >= known.atMs) return known.rules;
    this.#entries.delete(run);
    const rules = await load();
    if (rules === null) return null;
    this.#entries.set(run, { rules, atMs: nowMs });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= entriesMax) break;
      this.#entries.delete(oldest);
    }
    return rules;
  }
}
