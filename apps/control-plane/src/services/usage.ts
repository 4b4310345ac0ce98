/** What an assistant cost: totals, by model, by day and by request, from the copies of its own ledger. Reads only. */
import { and, desc, eq, lt, ne, sql } from 'drizzle-orm';
import { receipt, usagePeriod } from '../adapters/d1/schema.ts';
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { UsageReport } from '../contract/api.ts';
import { Receipt } from '../contract/receipt.ts';
import { UsageTotals } from '../contract/tenant-rpc.ts';
import type { Context } from '../context.ts';
import { nothingUsed, periodOf, specOf } from './tenant-view.ts';

const modelsMax = 100;

export async function usageRead(ctx: Context, row: TenantRow, wanted: string | undefined): Promise<UsageReport> {
  const nowMs = ctx.system.nowMs();
  const period = wanted ?? periodOf(nowMs);
  // What came to nothing is listed, and counts nowhere.
  const ofPeriod = and(eq(receipt.tenantId, row.id), eq(receipt.period, period), ne(receipt.outcome, 'failed'));
  const requests = sql<number>`count(*)`;
  const cost = sql<number>`coalesce(sum(${receipt.costNanoUsd}), 0)`;
  const [totals, byModel, byDay] = await ctx.db.batch([
    ctx.db
      .select()
      .from(usagePeriod)
      .where(and(eq(usagePeriod.tenantId, row.id), eq(usagePeriod.period, period)))
      .limit(1),
    ctx.db
      .select({
        provider: receipt.provider,
        model: receipt.model,
        requests,
        inputTokens: sql<number>`coalesce(sum(${receipt.inputTokens}), 0)`,
        outputTokens: sql<number>`coalesce(sum(${receipt.outputTokens}), 0)`,
        costNanoUsd: cost,
      })
      .from(receipt)
      .where(ofPeriod)
      .groupBy(receipt.provider, receipt.model)
      .orderBy(desc(cost))
      .limit(modelsMax),
    ctx.db
      .select({ day: receipt.day, requests, costNanoUsd: cost })
      .from(receipt)
      .where(ofPeriod)
      .groupBy(receipt.day)
      .orderBy(receipt.day)
      .limit(31),
  ]);
  const stored = totals[0];
  return {
    totals: stored === undefined ? nothingUsed(period) : UsageTotals.parse(JSON.parse(stored.body)),
    capNanoUsd: specOf(row).aiCapNanoUsdPerMonth,
    byModel,
    byDay,
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
