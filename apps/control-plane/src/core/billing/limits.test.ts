import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TenantSpec } from '../../contract/tenant-rpc.ts';
import { entitlementOf } from './entitlement.ts';
import { limitsDiffer, limitsOf, stepNanoUsd, withLimits, type TenantLimits } from './limits.ts';
import { planAt } from './plans.ts';

const usd = 1_000_000_000;
const facts = {
  plan: planAt('pool', Date.UTC(2026, 10, 21)),
  service: { kind: 'active' as const, sinceMs: 0, again: false },
  used: { aiNanoUsd: 0, awakeMs: 0 },
  balanceNanoUsd: 0,
  overageNanoUsd: 5 * usd,
  assistants: 1,
};
const entitlement = entitlementOf(facts);
const limit = entitlement.aiLimitNanoUsd;
const none = { organisationNanoUsd: 0, assistantNanoUsd: 0 };

describe("the organisation's own budget", () => {
  it('holds below what the plan allows, and says whose limit it is', () => {
    expect(limitsOf(entitlement, none, null)).toMatchObject({ by: 'plan', organisationNanoUsd: limit });
    expect(limitsOf(entitlement, none, 3 * usd)).toMatchObject({
      by: 'organisation',
      organisationNanoUsd: 3 * usd,
      aiNanoUsdPerMonth: 3 * usd,
    });
    expect(limitsOf(entitlement, none, 900 * usd)).toMatchObject({ by: 'plan', organisationNanoUsd: limit });
    expect(limitsOf(entitlement, { organisationNanoUsd: 3 * usd, assistantNanoUsd: usd }, 2 * usd)).toMatchObject({
      aiNanoUsdPerMonth: usd,
    });
  });

  it('is sent again for any change of it, the share alone only for a larger one', () => {
    const before = limitsOf(entitlement, none, 3 * usd);
    expect(limitsDiffer(before, limitsOf(entitlement, none, 3 * usd + 1))).toBe(true);
    const spent = { organisationNanoUsd: stepNanoUsd - 1, assistantNanoUsd: 0 };
    expect(limitsDiffer(before, limitsOf(entitlement, spent, 3 * usd))).toBe(false);
    expect(limitsDiffer(before, limitsOf(entitlement, { ...spent, organisationNanoUsd: stepNanoUsd }, 3 * usd))).toBe(
      true,
    );
  });

  it('is laid over a spec and leaves what was wanted', () => {
    const spec = { desired: 'active', keepAwake: false, aiCapNanoUsdPerMonth: 9 * usd } as TenantSpec;
    expect(withLimits(spec, limitsOf(entitlement, none, 3 * usd))).toMatchObject({
      aiCapNanoUsdPerMonth: 3 * usd,
      budgets: {
        dayNanoUsd: null,
        fuse: true,
        shared: { by: 'organisation', nanoUsdPerMonth: 3 * usd, organisationNanoUsd: 3 * usd },
      },
    });
    expect(withLimits(spec, null)).toBe(spec);
  });
});

/** Assistants that spend up to what they were told last, and a look that tells them anew. */
class Organisation {
  readonly spent: number[];
  readonly told: TenantLimits[];
  /** As of the last look. */
  seen = 0;

  constructor(assistants: number) {
    this.spent = Array.from({ length: assistants }, () => 0);
    this.told = this.spent.map(() => limitsOf(entitlement, none, null));
  }

  get total(): number {
    return this.spent.reduce((sum, each) => sum + each, 0);
  }

  /** As its ledger does: what would pass the cap is refused. */
  spend(n: number, nanoUsd: number): void {
    const i = n % this.spent.length;
    const before = this.spent[i] ?? 0;
    if (before + nanoUsd <= (this.told[i]?.aiNanoUsdPerMonth ?? 0)) this.spent[i] = before + nanoUsd;
  }

  spendAll(): void {
    for (const [i, each] of this.told.entries()) this.spend(i, each.aiNanoUsdPerMonth - (this.spent[i] ?? 0));
  }

  look(): void {
    this.seen = this.total;
    for (const [i, before] of this.told.entries()) {
      const used = { organisationNanoUsd: this.seen, assistantNanoUsd: this.spent[i] ?? 0 };
      const after = limitsOf(entitlement, used, null);
      if (limitsDiffer(before, after)) this.told[i] = after;
    }
  }

  /** docs/billing.md: n − 1 times what was left at the last look, and the step that is not sent, each. */
  get bound(): number {
    const n = this.spent.length;
    const left = Math.max(0, limit - this.seen);
    return Math.max(limit, this.seen) + (n - 1) * left + n * (stepNanoUsd - 1);
  }
}

describe('the overshoot of several assistants', () => {
  it('is nothing with one, and what was left at the last look once more for each other one', () => {
    const alone = new Organisation(1);
    alone.spendAll();
    expect(alone.total).toBe(limit);
    const five = new Organisation(5);
    for (let n = 0; n < 5; n++) five.spend(n, usd);
    five.look();
    const left = limit - 5 * usd;
    five.spendAll();
    expect(five.total - limit).toBe(4 * left);
    five.look();
    const stopped = five.total;
    five.spendAll();
    expect(five.total).toBe(stopped);
  });

  it('never passes its bound, whatever is spent between looks', () => {
    const step = fc.oneof(
      fc.record({ n: fc.nat(9), nanoUsd: fc.integer({ min: 0, max: 3 * usd }) }),
      fc.constant('look' as const),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(step, { maxLength: 60 }), (assistants, steps) => {
        const organisation = new Organisation(assistants);
        for (const each of steps) {
          if (each === 'look') organisation.look();
          else organisation.spend(each.n, each.nanoUsd);
          expect(organisation.total).toBeLessThanOrEqual(organisation.bound);
        }
        organisation.spendAll();
        expect(organisation.total).toBeLessThanOrEqual(organisation.bound);
      }),
      { numRuns: 300 },
    );
  });
});
