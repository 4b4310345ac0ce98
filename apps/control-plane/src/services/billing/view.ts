/** Billing as the API shows it, from our own rows; only invoices are asked of Stripe. */
import { accountOf, checkoutsOpen } from '../../adapters/d1/billing.ts';
import type { OrgScope } from '../../adapters/d1/tenants.ts';
import { topUpsCents } from '../../contract/billing-api.ts';
import type { Billing, Invoice, PlanView } from '../../contract/billing-api.ts';
import type { SubscriptionTruth } from '../../core/billing/mirror.ts';
import { awakeMinuteNanoUsd, editionAt, paidPlanIds } from '../../core/billing/plans.ts';
import type { Plan } from '../../core/billing/plans.ts';
import type { Context } from '../../context.ts';
import { syncOrg } from './advance.ts';
import { billingError } from './checkout.ts';
import { checkoutRead } from './money.ts';
import { orgStanding, paidPlan } from './standing.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

export async function billingRead(ctx: Context, { orgId }: OrgScope): Promise<Billing> {
  const nowMs = ctx.system.nowMs();
  const standing = await orgStanding(ctx, orgId);
  const { account, entitlement, month, used, plan } = standing;
  const { mayCreate, next, step } = entitlement;
  const aboveNanoUsd = month?.billedAiNanoUsd ?? 0;
  const aboveMinutes = month?.billedAwakeMinutes ?? 0;
  const paid = account === null ? null : paidPlan(account);
  const subscription = account?.mirror.subscription ?? null;
  const living = subscription !== null && subscription.endedAtMs === null && paid !== null;
  return {
    mode: ctx.billing === null ? 'off' : ctx.billing.standIn ? 'stand_in' : 'live',
    plan: planView({
      ...standing.soldAs,
      includedAiNanoUsd: plan.includedAiNanoUsd,
      includedAwakeMs: plan.includedAwakeMs,
    }),
    choices: paidPlanIds.map((id) => ({ ...planView(editionAt(nowMs).plans[id]), id })),
    service: {
      kind: account?.service.kind ?? 'operator',
      since: account === null ? null : iso(account.service.sinceMs),
      why: account?.service.kind === 'suspended' ? account.service.why : null,
      next: next === null ? null : { kind: next.kind, at: iso(next.atMs) },
      step,
    },
    mayCreate: { allowed: mayCreate.allowed, reason: mayCreate.allowed ? null : mayCreate.reason },
    period: standing.period,
    used: { ...used, assistants: standing.assistants },
    aiLimitNanoUsd: entitlement.aiLimitNanoUsd,
    budgetNanoUsd: account?.budgetNanoUsd ?? null,
    awakeLimitMs: entitlement.awakeLimitMs,
    balanceNanoUsd: standing.balanceNanoUsd - (month?.prepaidNanoUsd ?? 0),
    above: {
      aiNanoUsd: aboveNanoUsd,
      awakeMinutes: aboveMinutes,
      limitNanoUsd: account?.overageNanoUsd ?? standing.soldAs.defaultOverageNanoUsd,
      limitIsOwn: (account?.overageNanoUsd ?? null) !== null,
      planLimitNanoUsd: standing.soldAs.defaultOverageNanoUsd,
    },
    awakeMinuteNanoUsd,
    estimateCents:
      paid === null
        ? null
        : paid.monthlyCents + Math.ceil((aboveNanoUsd + aboveMinutes * awakeMinuteNanoUsd) / nanoPerCent),
    subscription: !living
      ? null
      : {
          renewsAt: iso(subscription.periodEndMs),
          endsAt: subscription.cancelAtMs === null ? null : iso(subscription.cancelAtMs),
          ...owed(subscription.invoice),
        },
    card: account?.mirror.card ?? null,
    topUpsCents: [...topUpsCents],
    asOf: account === null || account.mirrorAtMs === 0 ? null : iso(account.mirrorAtMs),
  };
}

function owed(invoice: SubscriptionTruth['invoice']) {
  if (invoice === null || invoice.payUrl === null) return { dueCents: 0, payUrl: null, nextAttemptAt: null };
  const { dueCents, payUrl, nextAttemptMs } = invoice;
  return { dueCents, payUrl, nextAttemptAt: nextAttemptMs === null ? null : iso(nextAttemptMs) };
}

const nanoPerCent = 10_000_000;

function planView(plan: Plan): PlanView {
  const { id, name, monthlyCents, includedAiNanoUsd, includedAwakeMs, assistantsMax, keepAwake, payAsYouGo } = plan;
  return { id, name, monthlyCents, includedAiNanoUsd, includedAwakeMs, assistantsMax, keepAwake, payAsYouGo };
}

/** Reads Stripe before it answers: for the way back from a checkout, which by itself grants nothing. */
export async function billingRefresh(ctx: Context, scope: OrgScope): Promise<Billing> {
  if (ctx.billing !== null) {
    try {
      for (const { sessionId } of await checkoutsOpen(ctx.db, scope.orgId)) {
        if (sessionId !== null) await checkoutRead(ctx, sessionId);
      }
      await syncOrg(ctx, scope.orgId);
    } catch (error) {
      throw billingError(error);
    }
  }
  return billingRead(ctx, scope);
}

export async function invoiceList(ctx: Context, { orgId }: OrgScope): Promise<{ items: Invoice[] }> {
  if (ctx.billing === null) return { items: [] };
  const { customerId } = await accountOf(ctx.db, orgId, ctx.system.nowMs());
  if (customerId === null) return { items: [] };
  try {
    const found = await ctx.billing.provider.invoices(customerId);
    return { items: found.map(({ createdMs, ...invoice }) => ({ ...invoice, at: iso(createdMs) })) };
  } catch (error) {
    throw billingError(error);
  }
}
