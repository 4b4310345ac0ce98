/**
 * What an assistant cost: totals, by model and by day from the sums by the hour, and each request as long as it is kept.
 * Reads only. Totals are the tenant's own ledger's; the sums are of the receipts that have come in.
 */
import { and, desc, eq, lt, sql } from 'drizzle-orm';
import type { SQLWrapper } from 'drizzle-orm';
import { receipt, receiptCutoff, usageDay, usagePeriod, usageRollup } from '../adapters/d1/schema.ts';
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { UsageReport } from '../contract/api.ts';
import { Receipt } from '../contract/receipt.ts';
import { UsageTotals } from '../contract/usage-totals.ts';
import type { Context } from '../context.ts';
import { nothingUsed, periodOf, specOf } from './tenant-view.ts';

const modelsMax = 100;

const summed = (column: SQLWrapper) => sql<number>`coalesce(sum(${column}), 0)`;

export async function usageRead(ctx: Context, row: TenantRow, wanted: string | undefined): Promise<UsageReport> {
  const nowMs = ctx.system.nowMs();
  const period = wanted ?? periodOf(nowMs);
  const ofPeriod = and(eq(usageRollup.tenantId, row.id), eq(usageRollup.period, period));
  const requests = summed(usageRollup.requests);
  const cost = summed(usageRollup.costNanoUsd);
  const day = sql<string>`strftime('%Y-%m-%d', ${usageRollup.hourMs} / 1000, 'unixepoch')`;
  const [totals, byModel, byDay, cutoff, samples] = await ctx.db.batch([
    ctx.db
      .select()
      .from(usagePeriod)
      .where(and(eq(usagePeriod.tenantId, row.id), eq(usagePeriod.period, period)))
      .limit(1),
    ctx.db
      .select({
        provider: usageRollup.provider,
        model: usageRollup.model,
        requests,
        inputTokens: summed(usageRollup.inputTokens),
        outputTokens: summed(usageRollup.outputTokens),
        costNanoUsd: cost,
      })
      .from(usageRollup)
      .where(ofPeriod)
      .groupBy(usageRollup.provider, usageRollup.model)
      .orderBy(desc(cost))
      .limit(modelsMax),
    ctx.db
      .select({ day, requests, costNanoUsd: cost })
      .from(usageRollup)
      .where(ofPeriod)
      .groupBy(day)
      .orderBy(day)
      .limit(31),
    ctx.db.select({ beforeMs: receiptCutoff.beforeMs }).from(receiptCutoff).limit(1),
    ctx.db
      .select({ day: usageDay.day, bytes: usageDay.storedBytes })
      .from(usageDay)
      .where(
        and(
          eq(usageDay.tenantId, row.id),
          sql`${usageDay.day} >= ${`${period}-01`} AND ${usageDay.day} <= ${`${period}-31`}`,
        ),
      )
      .orderBy(desc(usageDay.day))
      .limit(1),
  ]);
  const stored = totals[0];
  const beforeMs = cutoff[0]?.beforeMs ?? 0;
  return {
    totals: stored === undefined ? nothingUsed(period) : UsageTotals.parse(JSON.parse(stored.body)),
    capNanoUsd: specOf(row).aiCapNanoUsdPerMonth,
    byModel,
    byDay,
    requestsKeptFrom: beforeMs === 0 ? null : new Date(beforeMs).toISOString(),
    stored: samples[0] ?? null,
    asOf: new Date(row.reportedAtMs || nowMs).toISOString(),
  };
}

/** Newest first. The cursor is the last request's id; ids sort by time. */
export async function receiptList(
  ctx: Context,
  row: TenantRow,
  page: { cursor?: string | undefined; limit: number },
): Promise<{ items: Receipt[]; nextCursor: string | null }> {
  const rows = await ctx.db
    .select()
    .from(receipt)
    .where(
      and(eq(receipt.tenantId, row.id), page.cursor === undefined ? undefined : lt(receipt.requestId, page.cursor)),
    )
    .orderBy(desc(receipt.requestId))
    .limit(page.limit + 1);
  const items = rows.slice(0, page.limit).map(toReceipt);
  return { items, nextCursor: rows.length > page.limit ? (items.at(-1)?.requestId ?? null) : null };
}

function toReceipt(row: typeof receipt.$inferSelect): Receipt {
  const { tenantId: _tenant, day: _day, turn, attempt, asked, after, why, ...facts } = row;
  return Receipt.parse({
    ...facts,
    ...(why === null ? {} : { why }),
    ...(turn === null ? {} : { part: { turn, attempt, asked, after } }),
  });
}
