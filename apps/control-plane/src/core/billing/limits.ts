/**
 * What an organisation's entitlement makes of one assistant's spec. The spec holds what its people want; the limits are
 * kept beside it and laid over it when it is sent, so that a wish comes back as it was when the limit goes.
 */
import { z } from 'zod';
import { NanoUsd } from '../../contract/tenant-rpc.ts';
import type { TenantSpec } from '../../contract/tenant-rpc.ts';
import type { Entitlement } from './entitlement.ts';

export const TenantLimits = z.object({
  desired: z.enum(['active', 'suspended', 'deleted']),
  aiNanoUsdPerMonth: NanoUsd,
  keepAwake: z.boolean(),
});
export type TenantLimits = z.infer<typeof TenantLimits>;

/**
 * One assistant's share: what the organisation has left, and what this one has spent of it. Together several can spend
 * what is left once each; docs/billing.md states the bound.
 */
export function limitsOf(
  entitlement: Entitlement,
  used: { readonly organisationNanoUsd: number; readonly assistantNanoUsd: number },
): TenantLimits {
  const left = Math.max(0, entitlement.aiLimitNanoUsd - used.organisationNanoUsd);
  return {
    desired: entitlement.desired,
    aiNanoUsdPerMonth: Math.min(Number.MAX_SAFE_INTEGER, used.assistantNanoUsd + left),
    keepAwake: entitlement.keepAwake,
  };
}

/** Smaller changes of the AI limit are not worth a new generation. */
const stepNanoUsd = 250_000_000;

export function limitsDiffer(before: TenantLimits | null, after: TenantLimits): boolean {
  if (before === null || before.desired !== after.desired || before.keepAwake !== after.keepAwake) return true;
  return Math.abs(before.aiNanoUsdPerMonth - after.aiNanoUsdPerMonth) >= stepNanoUsd;
}

export function withLimits(spec: TenantSpec, limits: TenantLimits | null): TenantSpec {
  if (limits === null) return spec;
  return {
    ...spec,
    desired: spec.desired === 'active' ? limits.desired : spec.desired,
    aiCapNanoUsdPerMonth: Math.min(spec.aiCapNanoUsdPerMonth, limits.aiNanoUsdPerMonth),
    keepAwake: spec.keepAwake && limits.keepAwake,
  };
}
