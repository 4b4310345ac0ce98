/**
 * What an organisation's entitlement makes of one assistant's spec. The spec holds what its people want; the limits are
 * kept beside it and laid over it when it is sent, so that a wish comes back as it was when the limit goes.
 */
import { z } from 'zod';
import { NanoUsd, noBudgets, SharedBy } from '../../contract/budgets.ts';
import type { TenantSpec } from '../../contract/tenant-rpc.ts';
import type { Entitlement } from './entitlement.ts';

export const TenantLimits = z.object({
  desired: z.enum(['active', 'suspended', 'deleted']),
  aiNanoUsdPerMonth: NanoUsd,
  keepAwake: z.boolean(),
  /** Whose limit it is, and how much it is for all assistants together. */
  by: SharedBy.default('plan'),
  organisationNanoUsd: NanoUsd.default(0),
});
export type TenantLimits = z.infer<typeof TenantLimits>;

/**
 * One assistant's share: what the organisation has left, and what this one has spent of it. Together several can spend
 * what is left once each; docs/billing.md states the bound.
 * @param budgetNanoUsd what the organisation allows itself a month; null = all that its plan allows
 */
export function limitsOf(
  entitlement: Entitlement,
  used: { readonly organisationNanoUsd: number; readonly assistantNanoUsd: number },
  budgetNanoUsd: number | null,
): TenantLimits {
  const byPlan = entitlement.aiLimitNanoUsd;
  const organisationNanoUsd = Math.min(Number.MAX_SAFE_INTEGER, byPlan, budgetNanoUsd ?? byPlan);
  const left = Math.max(0, organisationNanoUsd - used.organisationNanoUsd);
  return {
    desired: entitlement.desired,
    aiNanoUsdPerMonth: Math.min(Number.MAX_SAFE_INTEGER, used.assistantNanoUsd + left),
    keepAwake: entitlement.keepAwake,
    by: organisationNanoUsd < byPlan ? 'organisation' : 'plan',
    organisationNanoUsd,
  };
}

/** Smaller changes of the AI limit are not worth a new generation. */
export const stepNanoUsd = 250_000_000;

export function limitsDiffer(before: TenantLimits | null, after: TenantLimits): boolean {
  if (before === null || before.desired !== after.desired || before.keepAwake !== after.keepAwake) return true;
  if (before.by !== after.by) return true;
  // What an owner has set holds at once, however little it differs.
  if (after.by === 'organisation' && before.organisationNanoUsd !== after.organisationNanoUsd) return true;
  return Math.abs(before.aiNanoUsdPerMonth - after.aiNanoUsdPerMonth) >= stepNanoUsd;
}

export function withLimits(spec: TenantSpec, limits: TenantLimits | null): TenantSpec {
  if (limits === null) return spec;
  const { by, aiNanoUsdPerMonth: nanoUsdPerMonth, organisationNanoUsd } = limits;
  return {
    ...spec,
    budgets: { ...noBudgets, ...spec.budgets, shared: { by, nanoUsdPerMonth, organisationNanoUsd } },
    desired: spec.desired === 'active' ? limits.desired : spec.desired,
    aiCapNanoUsdPerMonth: Math.min(spec.aiCapNanoUsdPerMonth, limits.aiNanoUsdPerMonth),
    keepAwake: spec.keepAwake && limits.keepAwake,
  };
}
