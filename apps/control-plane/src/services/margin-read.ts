/** Margins as operators see them: worst first, a page at a time, with the whole month's sums. Reads only. */
import { and, asc, eq, sql } from 'drizzle-orm';
import type { SQLWrapper } from 'drizzle-orm';
import { z } from 'zod';
import { tenantMargin } from '../adapters/d1/schema.ts';
import { AppError } from '../contract/errors.ts';
import { MarginCost, MarginRevenue } from '../contract/margins.ts';
import type { Margins } from '../contract/margins.ts';
import { monthOf, monthStartMs } from '../core/billing/month.ts';
import { ratesAt } from '../core/billing/rates.ts';
import type { Context } from '../context.ts';

const Parts = z.object({ revenue: MarginRevenue, cost: MarginCost });

const summed = (column: SQLWrapper) => sql<number>`coalesce(sum(${column}), 0)`;

/** The cursor is the last one's margin and id. */
export async function marginList(
  ctx: Context,
  query: { readonly period?: string | undefined; readonly cursor?: string | undefined; readonly limit: number },
): Promise<Margins> {
  const period = query.period ?? monthOf(ctx.system.nowMs());
  const after = query.cursor === undefined ? null : cursorOf(query.cursor);
  const [rows, totals] = await ctx.db.batch([
    ctx.db
      .select()
      .from(tenantMargin)
      .where(
        and(
          eq(tenantMargin.period, period),
          after === null
            ? undefined
            : sql`(${tenantMargin.marginNanoUsd}, ${tenantMargin.tenantId}) > (${after.margin}, ${after.tenantId})`,
        ),
      )
      .orderBy(asc(tenantMargin.marginNanoUsd), asc(tenantMargin.tenantId))
      .limit(query.limit + 1),
    ctx.db
      .select({
        tenants: sql<number>`count(*)`,
        revenueNanoUsd: summed(tenantMargin.revenueNanoUsd),
        costNanoUsd: summed(tenantMargin.costNanoUsd),
        marginNanoUsd: summed(tenantMargin.marginNanoUsd),
      })
      .from(tenantMargin)
      .where(eq(tenantMargin.period, period)),
  ]);
  const items = rows.slice(0, query.limit).map(({ body, atMs, period: _period, ...row }) => ({
    ...row,
    ...Parts.parse(JSON.parse(body)),
    at: new Date(atMs).toISOString(),
  }));
  const last = items.at(-1);
  const { source, readOn } = ratesAt(monthStartMs(period));
  return {
    period,
    totals: totals[0] ?? { tenants: 0, revenueNanoUsd: 0, costNanoUsd: 0, marginNanoUsd: 0 },
    rates: { source, readOn },
    items,
    nextCursor: rows.length > query.limit && last !== undefined ? `${last.marginNanoUsd}:${last.tenantId}` : null,
  };
}

function cursorOf(text: string): { margin: number; tenantId: string } {
  const [, margin, tenantId] = /^(-?\d{1,16}):([\w-]{1,64})$/.exec(text) ?? [];
  if (margin !== undefined && tenantId !== undefined) return { margin: Number(margin), tenantId };
  throw new AppError('validation_failed', {
    detail: 'The cursor is not one of this list.',
    next: 'Begin again without it.',
    errors: [{ pointer: '/cursor', detail: 'not a cursor of this list' }],
  });
}
