/**
 * What an organisation may do now: the account, its use and its money brought together for the pure functions of
 * core/billing. Reads only; who changes something says so in `services/billing/advance.ts`.
 */
import { and, count, eq, ne } from 'drizzle-orm';
import { accountOf, balanceFor, useSince } from '../../adapters/d1/billing.ts';
import type { Account, TenantUse } from '../../adapters/d1/billing.ts';
import { billingMonth, tenant } from '../../adapters/d1/schema.ts';
import { entitlementOf } from '../../core/billing/entitlement.ts';
import type { Entitlement } from '../../core/billing/entitlement.ts';
import { planOfMirror, standingOf } from '../../core/billing/mirror.ts';
import { monthBefore, monthOf, noUse, planOfMonth } from '../../core/billing/month.ts';
import type { MonthUse } from '../../core/billing/month.ts';
import { planAt, trialMs } from '../../core/billing/plans.ts';
import type { Plan } from '../../core/billing/plans.ts';
import type { Context } from '../../context.ts';

type MonthRow = typeof billingMonth.$inferSelect;

export interface OrgStanding {
  /** Null where nothing is charged. */
  readonly account: Account | null;
  /** What counts for the month: the paid plan or the trial, with what is included of both. */
  readonly plan: Plan;
  /** As it is sold. */
  readonly soldAs: Plan;
  readonly period: string;
  readonly used: MonthUse;
  readonly uses: readonly TenantUse[];
  readonly assistants: number;
  readonly balanceNanoUsd: number;
  /** How the month was shared out last; null before that. */
  readonly month: MonthRow | null;
  readonly entitlement: Entitlement;
}

export async function orgStanding(ctx: Context, orgId: string): Promise<OrgStanding> {
  const nowMs = ctx.system.nowMs();
  const period = monthOf(nowMs);
  const assistants = await assistantsOf(ctx, orgId);
  if (ctx.billing === null) {
    const plan = planAt(ctx.config.operatorPlan, nowMs);
    const uses = await useSince(ctx.db, orgId, period);
    const used = sum(uses);
    const facts = { plan, service: null, used, balanceNanoUsd: 0, overageNanoUsd: null, assistants };
    const entitlement = entitlementOf(facts);
    return {
      account: null,
      plan,
      soldAs: plan,
      period,
      used,
      uses,
      assistants,
      balanceNanoUsd: 0,
      month: null,
      entitlement,
    };
  }
  const account = await accountOf(ctx.db, orgId, nowMs);
  const uses = await useLately(ctx, orgId, period);
  const plan = planIn(account, uses, period);
  const balanceNanoUsd = await balanceFor(ctx.db, orgId, period);
  const used = sum(uses.filter((each) => each.period === period));
  const month = (
    await ctx.db
      .select()
      .from(billingMonth)
      .where(and(eq(billingMonth.orgId, orgId), eq(billingMonth.period, period)))
      .limit(1)
  )[0];
  const entitlement = entitlementOf({
    plan,
    service: account.service,
    used,
    balanceNanoUsd,
    overageNanoUsd: account.overageNanoUsd,
    assistants,
  });
  return {
    account,
    plan,
    soldAs: paidPlan(account) ?? planAt('trial', account.createdAtMs),
    period,
    used,
    uses,
    assistants,
    balanceNanoUsd,
    month: month ?? null,
    entitlement,
  };
}

/** The plan that is or was paid for, while that means anything. */
export function paidPlan({ mirror }: Account): Plan | null {
  const standing = standingOf(mirror);
  return standing === 'paid' || standing === 'owing' ? planOfMirror(mirror) : null;
}

function trialPeriods({ trialEndsAtMs }: Account): { from: string; to: string } {
  return { from: monthOf(trialEndsAtMs - trialMs), to: monthOf(trialEndsAtMs) };
}

/** Use of the month, the one before, and the one before that, in which a trial may have begun. */
export function useLately(ctx: Context, orgId: string, period: string): Promise<TenantUse[]> {
  return useSince(ctx.db, orgId, monthBefore(monthBefore(period)));
}

/** What a month includes. */
export function planIn(account: Account, uses: readonly TenantUse[], period: string): Plan {
  const { from, to } = trialPeriods(account);
  const earlier = sum(uses.filter((each) => each.period >= from && each.period < period));
  const part = { fromPeriod: from, toPeriod: to, earlier };
  return planOfMonth(paidPlan(account), planAt('trial', account.createdAtMs), part, period);
}

export function sum(uses: readonly MonthUse[]): MonthUse {
  return uses.reduce(
    (all, each) => ({ aiNanoUsd: all.aiNanoUsd + each.aiNanoUsd, awakeMs: all.awakeMs + each.awakeMs }),
    noUse,
  );
}

async function assistantsOf(ctx: Context, orgId: string): Promise<number> {
  const rows = await ctx.db
    .select({ n: count() })
    .from(tenant)
    .where(and(eq(tenant.orgId, orgId), ne(tenant.state, 'deleted')));
  return rows[0]?.n ?? 0;
}
