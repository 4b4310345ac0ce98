/** Counts with the platform's Rate Limiting bindings: per location and approximate, in the request's own data centre. */
import type { RateCounter } from '../contract/rate-limit.ts';
import type { RateBinding } from '../core/rate-policy.ts';

export type RateBindings = Readonly<Record<RateBinding, RateLimit>>;

export function rateCounter(bindings: RateBindings): RateCounter {
  const byName = new Map<string, RateLimit | undefined>(Object.entries(bindings));
  return {
    count: async ({ binding }, key) => {
      const limiter = byName.get(binding);
      if (limiter === undefined) throw new Error(`no rate limit is bound as ${binding}`);
      return (await limiter.limit({ key })).success;
    },
  };
}
