/** Changing and ending the plan. Stripe is told, then read again: what is shown is what it says, not what was asked. */
import { eq } from 'drizzle-orm';
import { auditInsert, withAuditEntry } from '../../adapters/d1/audit.ts';
import { accountOf } from '../../adapters/d1/billing.ts';
import { billingAccount } from '../../adapters/d1/schema.ts';
import type { OrgScope } from '../../adapters/d1/tenants.ts';
import type { Trail } from '../../contract/audit.ts';
import { AppError } from '../../contract/errors.ts';
import { planOfMirror, standingOf } from '../../core/billing/mirror.ts';
import type { SubscriptionTruth } from '../../core/billing/mirror.ts';
import { lookupKeyOf, planAt } from '../../core/billing/plans.ts';
import type { PaidPlanId, Plan } from '../../core/billing/plans.ts';
import type { InvoicePreview } from '../../core/billing/ports.ts';
import type { Context } from '../../context.ts';
import { withIntent } from '../audit-record.ts';
import { advance, syncOrg } from './advance.ts';
import { billingError, requireBilling } from './checkout.ts';

interface Subscribed {
  readonly customerId: string;
  readonly subscription: SubscriptionTruth;
  readonly itemId: string;
  readonly present: Plan;
}

async function requirePlan(ctx: Context, orgId: string): Promise<Subscribed> {
  const { mirror, customerId } = await accountOf(ctx.db, orgId, ctx.system.nowMs());
  const { subscription } = mirror;
  const present = planOfMirror(mirror);
  const itemId = present === null ? undefined : subscription?.items[lookupKeyOf(present)];
  const standing = standingOf(mirror);
  const living = subscription?.endedAtMs === null && (standing === 'paid' || standing === 'owing');
  if (customerId !== null && subscription !== null && living && present !== null && itemId !== undefined) {
    return { customerId, subscription, itemId, present };
  }
  throw new AppError('billing_not_subscribed', {
    detail: 'This organisation has no plan that could be changed.',
    next: 'Choose a plan first.',
  });
}

const isUp = (from: Plan, to: Plan): boolean => to.monthlyCents > from.monthlyCents;

export async function planPreview(
  ctx: Context,
  { orgId }: OrgScope,
  planId: PaidPlanId,
): Promise<InvoicePreview & { payNow: boolean }> {
  const { provider } = requireBilling(ctx);
  const { customerId, subscription, itemId, present } = await requirePlan(ctx, orgId);
  const plan = planAt(planId, ctx.system.nowMs());
  const payNow = isUp(present, plan);
  try {
    const call = { customerId, subscriptionId: subscription.id, itemId, plan, payNow };
    return { ...(await provider.planPreview(call)), payNow };
  } catch (error) {
    throw billingError(error);
  }
}

/** Up is paid at once, and refused with the card; down is credited on the next invoice. Both hold at once. */
export async function planChange(ctx: Context, { orgId }: OrgScope, trail: Trail, planId: PaidPlanId): Promise<void> {
  const { provider } = requireBilling(ctx);
  const { subscription, itemId, present } = await requirePlan(ctx, orgId);
  const plan = planAt(planId, ctx.system.nowMs());
  if (plan.id === present.id) return;
  try {
    const payNow = isUp(present, plan);
    // A refused card stays refused under its key; a new try after a new card is a new key.
    const key = `plan:${subscription.id}:${plan.id}:${ctx.system.ulid()}`;
    const facts = { before: { planKey: lookupKeyOf(present) }, after: { planKey: lookupKeyOf(plan) } };
    await withIntent(ctx, trail, { orgId, tenantId: null, ...facts }, () =>
      provider
        .planChange({ subscriptionId: subscription.id, itemId, plan, payNow, key })
        .catch((error: unknown) => Promise.reject(billingError(error))),
    );
    await syncOrg(ctx, orgId);
  } catch (error) {
    throw billingError(error);
  }
}

export async function planEnd(ctx: Context, { orgId }: OrgScope, trail: Trail, end: boolean): Promise<void> {
  const { provider } = requireBilling(ctx);
  const { subscription } = await requirePlan(ctx, orgId);
  try {
    const key = `end:${subscription.id}:${String(end)}:${ctx.system.ulid()}`;
    const after = { subscriptionId: subscription.id, end };
    await withIntent(ctx, trail, { orgId, tenantId: null, after }, () =>
      provider
        .cancelAtPeriodEnd({ subscriptionId: subscription.id, cancel: end, key })
        .catch((error: unknown) => Promise.reject(billingError(error))),
    );
    await syncOrg(ctx, orgId);
  } catch (error) {
    throw billingError(error);
  }
}

/** @param budgetNanoUsd null = as the plan allows */
export async function budgetUpdate(
  ctx: Context,
  { orgId }: OrgScope,
  trail: Trail,
  budgetNanoUsd: number | null,
): Promise<void> {
  requireBilling(ctx);
  const before = await accountOf(ctx.db, orgId, ctx.system.nowMs());
  const facts = { before: { budgetNanoUsd: before.budgetNanoUsd }, after: { budgetNanoUsd } };
  await withAuditEntry(ctx, trail, { orgId, tenantId: null, ...facts }, { outcome: 'done' }, (entry) =>
    ctx.db.batch([
      auditInsert(ctx.db, entry),
      ctx.db.update(billingAccount).set({ budgetNanoUsd }).where(eq(billingAccount.orgId, orgId)),
    ]),
  );
  await advance(ctx, orgId);
}

export async function overageUpdate(
  ctx: Context,
  { orgId }: OrgScope,
  trail: Trail,
  limit: number | null,
): Promise<void> {
  requireBilling(ctx);
  const { overageNanoUsd } = await accountOf(ctx.db, orgId, ctx.system.nowMs());
  const facts = { before: { limitNanoUsd: overageNanoUsd }, after: { limitNanoUsd: limit } };
  await withAuditEntry(ctx, trail, { orgId, tenantId: null, ...facts }, { outcome: 'done' }, (entry) =>
    ctx.db.batch([
      auditInsert(ctx.db, entry),
      ctx.db.update(billingAccount).set({ overageNanoUsd: limit }).where(eq(billingAccount.orgId, orgId)),
    ]),
  );
  await advance(ctx, orgId);
}
