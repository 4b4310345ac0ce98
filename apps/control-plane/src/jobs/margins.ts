/**
 * Works out once a day what each assistant cost in this month and the one before against what it brought, for operators.
 * Absolute, from absolute totals: doing it again takes the place of what was there. Charges nobody.
 */
import { asc, gt } from 'drizzle-orm';
import { marginsKeep, monthFacts } from '../adapters/d1/margins.ts';
import type { MarginRow, MonthFacts } from '../adapters/d1/margins.ts';
import { organization } from '../adapters/d1/schema.ts';
import { defaultSizeKey } from '../contract/usage-totals.ts';
import { marginsOf } from '../core/billing/margin.ts';
import type { OrgRevenue } from '../core/billing/margin.ts';
import { planOfMirror, standingOf } from '../core/billing/mirror.ts';
import { monthBefore, monthEndMs, monthOf, monthStartMs } from '../core/billing/month.ts';
import { awakeMinuteNanoUsd, planOfLookupKey } from '../core/billing/plans.ts';
import { ratesAt } from '../core/billing/rates.ts';
import type { Context } from '../context.ts';
import { walkDaily } from './daily-walk.ts';

/** Organisations of a page: their ids are parameters of one statement. */
const pageMax = 20;
const pagesMax = 5;
const dayMs = 86_400_000;

/** Resolves to how many pages of organisations were done. */
export function workOutMargins(ctx: Pick<Context, 'db' | 'd1' | 'system'>): Promise<number> {
  return walkDaily(ctx, {
    name: 'margins',
    pagesMax,
    async page(cursor) {
      const orgs = await ctx.db
        .select({ id: organization.id })
        .from(organization)
        .where(gt(organization.id, cursor))
        .orderBy(asc(organization.id))
        .limit(pageMax);
      const present = monthOf(ctx.system.nowMs());
      for (const period of [monthBefore(present), present]) {
        await monthOfOrgs(
          ctx,
          orgs.map(({ id }) => id),
          period,
        );
      }
      return orgs.at(-1)?.id ?? null;
    },
  });
}

async function monthOfOrgs(
  ctx: Pick<Context, 'db' | 'd1' | 'system'>,
  orgIds: readonly string[],
  period: string,
): Promise<void> {
  if (orgIds.length === 0) return;
  const nowMs = ctx.system.nowMs();
  const [startMs, endMs] = [monthStartMs(period), monthEndMs(period)];
  const month = {
    days: (endMs - startMs) / dayMs,
    elapsed: Math.min(1, Math.max(0, (nowMs - startMs) / (endMs - startMs))),
    awakeMinuteNanoUsd,
    defaultSizeKey,
  };
  const facts = await monthFacts(ctx.db, orgIds, period);
  const rows: MarginRow[] = [];
  for (const [orgId, uses] of facts.uses) {
    const revenue = revenueOf(facts, orgId);
    rows.push(...marginsOf(uses, revenue, ratesAt(startMs), month).map((margin) => ({ ...margin, orgId })));
  }
  if (rows.length > 0) await marginsKeep(ctx.d1, period, rows, nowMs);
}

/** The plan as the month was shared out by it; one without use has no such row, and is on what is paid now. */
function revenueOf({ months, mirrors }: MonthFacts, orgId: string): OrgRevenue {
  const month = months.get(orgId);
  const mirror = mirrors.get(orgId);
  const paying = mirror !== undefined && standingOf(mirror) === 'paid' ? planOfMirror(mirror) : null;
  const plan = month === undefined ? paying : planOfLookupKey(month.planKey);
  return {
    planCents: plan?.monthlyCents ?? 0,
    overageNanoUsd: (month?.billedAiNanoUsd ?? 0) + (month?.billedAwakeMinutes ?? 0) * awakeMinuteNanoUsd,
    prepaidNanoUsd: month?.prepaidNanoUsd ?? 0,
  };
}
