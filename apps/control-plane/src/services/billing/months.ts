/**
 * Shares the use of this month and the one before out, and writes what is new into hours for the exporter. All absolute:
 * doing it again, in two places at once or late ends in the same numbers.
 */
import { and, asc, eq, sql } from 'drizzle-orm';
import { accountOf, balanceFor } from '../../adapters/d1/billing.ts';
import { billingAccount, billingMonth, usageHour } from '../../adapters/d1/schema.ts';
import { standingOf } from '../../core/billing/mirror.ts';
import { hourOf, monthBefore, monthOf, shareOut } from '../../core/billing/month.ts';
import type { MonthShares } from '../../core/billing/month.ts';
import { lookupKeyOf } from '../../core/billing/plans.ts';
import type { MeterName } from '../../core/billing/plans.ts';
import type { Context } from '../../context.ts';
import { describeError } from '../../events.ts';
import { planIn, sum, useLately } from './standing.ts';

export async function shareMonths(ctx: Context, orgId: string): Promise<void> {
  const nowMs = ctx.system.nowMs();
  const account = await accountOf(ctx.db, orgId, nowMs);
  const present = monthOf(nowMs);
  const before = monthBefore(present);
  const uses = await useLately(ctx, orgId, present);
  const standing = standingOf(account.mirror);
  for (const period of [before, present]) {
    const used = sum(uses.filter((each) => each.period === period));
    if (used.aiNanoUsd === 0 && used.awakeMs === 0) continue;
    const kept = (
      await ctx.db
        .select()
        .from(billingMonth)
        .where(and(eq(billingMonth.orgId, orgId), eq(billingMonth.period, period)))
        .limit(1)
    )[0];
    const plan = planIn(account, uses, period);
    const shares = shareOut(plan, used, {
      balanceNanoUsd: await balanceFor(ctx.db, orgId, period),
      mayBill: standing === 'paid' || standing === 'owing',
      billed: { aiNanoUsd: kept?.billedAiNanoUsd ?? 0, awakeMinutes: kept?.billedAwakeMinutes ?? 0 },
    });
    const values = {
      planKey: kept !== undefined && period === before ? kept.planKey : lookupKeyOf(plan),
      aiNanoUsd: used.aiNanoUsd,
      awakeMs: used.awakeMs,
      prepaidNanoUsd: shares.prepaidNanoUsd,
      billedAiNanoUsd: shares.billedAiNanoUsd,
      billedAwakeMinutes: shares.billedAwakeMinutes,
      atMs: nowMs,
    };
    await ctx.db
      .insert(billingMonth)
      .values({ orgId, period, ...values })
      .onConflictDoUpdate({ target: [billingMonth.orgId, billingMonth.period], set: values });
    await writeHours(ctx, { orgId, period, shares });
  }
}

async function writeHours(
  ctx: Context,
  { orgId, period, shares }: { orgId: string; period: string; shares: MonthShares },
): Promise<void> {
  const hourMs = hourOf(period, ctx.system.nowMs());
  const totals: [MeterName, number][] = [
    ['ai', Math.floor(shares.billedAiNanoUsd / 1_000)],
    ['awake', shares.billedAwakeMinutes],
  ];
  for (const [meter, total] of totals) {
    const others = sql<number>`(SELECT coalesce(sum(units), 0) FROM usage_hour
      WHERE org_id = ${orgId} AND meter = ${meter} AND period = ${period} AND hour_ms <> ${hourMs})`;
    const units = sql<number>`max(0, ${total} - ${others})`;
    await ctx.db.run(sql`INSERT INTO usage_hour (org_id, meter, hour_ms, period, units, revision)
      SELECT ${orgId}, ${meter}, ${hourMs}, ${period}, ${units}, 1 WHERE ${units} > 0
        OR EXISTS (SELECT 1 FROM usage_hour WHERE org_id = ${orgId} AND meter = ${meter} AND hour_ms = ${hourMs})
      ON CONFLICT (org_id, meter, hour_ms) DO UPDATE SET units = excluded.units, revision = usage_hour.revision + 1
        WHERE usage_hour.units <> excluded.units`);
  }
}

/** Sends what the exporter has not got yet, a page of it. Resolves to how many hours are left of the page. */
export async function exportHours(ctx: Context): Promise<number> {
  if (ctx.billing === null) return 0;
  const nowMs = ctx.system.nowMs();
  const rows = await ctx.db
    .select({ hour: usageHour, customerId: billingAccount.customerId })
    .from(usageHour)
    .innerJoin(billingAccount, eq(billingAccount.orgId, usageHour.orgId))
    .where(sql`${usageHour.sent} < ${usageHour.revision} AND ${usageHour.hourMs} > ${nowMs - exportableMs}`)
    .orderBy(asc(usageHour.hourMs))
    .limit(exportPage);
  let left = 0;
  let lastError = '';
  for (const { hour, customerId } of rows) {
    const meter = hour.meter === 'ai' ? 'ai' : 'awake';
    const { units, hourMs, revision } = hour;
    try {
      if (customerId !== null) await ctx.billing.exporter.export({ customerId, meter, hourMs, units, revision });
      await ctx.db
        .update(usageHour)
        .set({ sent: revision })
        .where(and(eq(usageHour.orgId, hour.orgId), eq(usageHour.meter, hour.meter), eq(usageHour.hourMs, hourMs)));
    } catch (error) {
      // Sent again by the next sweep, under the same key.
      left++;
      lastError = describeError(error);
    }
  }
  if (left > 0) ctx.log('billing.export_waits', { hours: left, error: lastError });
  return left;
}

const exportPage = 50;
/** Stripe takes use of the last 35 days; what is older is an operator's to settle. */
const exportableMs = 34 * 86_400_000;
