/** What margins are worked out from, for some organisations at a time, and where they are kept. */
import { and, inArray, eq, sql } from 'drizzle-orm';
import type { DrizzleD1Database } from 'drizzle-orm/d1';
import { z } from 'zod';
import { UsageTotals } from '../../contract/usage-totals.ts';
import type { AssistantUse, Margin } from '../../core/billing/margin.ts';
import { Mirror } from '../../core/billing/mirror.ts';
import { billingAccount, billingMonth, tenant, usageDay, usagePeriod } from './schema.ts';

export interface MonthFacts {
  /** By organisation: its assistants that used or stored something, or are there. */
  readonly uses: ReadonlyMap<string, readonly AssistantUse[]>;
  readonly months: ReadonlyMap<string, typeof billingMonth.$inferSelect>;
  readonly mirrors: ReadonlyMap<string, Mirror>;
}

/** At most so many assistants of one page of organisations; plans allow far fewer. */
const tenantsMax = 5_000;
/** What of a month's body is counted; rows of tests and of old reports have less. */
const Body = UsageTotals.pick({ awakeMsBySize: true, browserMs: true }).extend({
  spentNanoUsd: z.number().int().min(0).default(0),
  requests: z.number().int().min(0).default(0),
});

export async function monthFacts(
  db: DrizzleD1Database,
  orgIds: readonly string[],
  period: string,
): Promise<MonthFacts> {
  const ofOrgs = inArray(tenant.orgId, [...orgIds]);
  const [tenants, periods, stored, months, accounts] = await db.batch([
    db
      .select({ id: tenant.id, orgId: tenant.orgId, state: tenant.state })
      .from(tenant)
      .where(ofOrgs)
      .orderBy(tenant.id)
      .limit(tenantsMax),
    db
      .select({ tenantId: usagePeriod.tenantId, awakeMs: usagePeriod.awakeMs, body: usagePeriod.body })
      .from(usagePeriod)
      .innerJoin(tenant, eq(tenant.id, usagePeriod.tenantId))
      .where(and(ofOrgs, eq(usagePeriod.period, period)))
      .limit(tenantsMax),
    db
      .select({ tenantId: usageDay.tenantId, byteDays: sql<number>`sum(${usageDay.storedBytes})` })
      .from(usageDay)
      .innerJoin(tenant, eq(tenant.id, usageDay.tenantId))
      .where(and(ofOrgs, sql`${usageDay.day} >= ${`${period}-01`} AND ${usageDay.day} <= ${`${period}-31`}`))
      .groupBy(usageDay.tenantId)
      .limit(tenantsMax),
    db
      .select()
      .from(billingMonth)
      .where(and(inArray(billingMonth.orgId, [...orgIds]), eq(billingMonth.period, period))),
    db
      .select({ orgId: billingAccount.orgId, mirror: billingAccount.mirror })
      .from(billingAccount)
      .where(inArray(billingAccount.orgId, [...orgIds])),
  ]);
  const uses = new Map<string, AssistantUse[]>();
  for (const { id, orgId, state } of tenants) {
    const used = periods.find(({ tenantId }) => tenantId === id);
    const byteDays = stored.find(({ tenantId }) => tenantId === id)?.byteDays ?? 0;
    if (state === 'deleted' && used === undefined && byteDays === 0) continue;
    const body = Body.parse(used === undefined ? {} : JSON.parse(used.body));
    const { awakeMsBySize, browserMs, requests, spentNanoUsd: aiNanoUsd } = body;
    const awakeMs = used?.awakeMs ?? 0;
    const use = { tenantId: id, awakeMs, awakeMsBySize, aiNanoUsd, requests, browserMs, byteDays };
    uses.set(orgId, [...(uses.get(orgId) ?? []), use]);
  }
  return {
    uses,
    months: new Map(months.map((row) => [row.orgId, row])),
    mirrors: new Map(accounts.map(({ orgId, mirror }) => [orgId, Mirror.parse(JSON.parse(mirror))])),
  };
}

export interface MarginRow extends Margin {
  readonly orgId: string;
}

/** Each takes the place of what was worked out before. */
export async function marginsKeep(
  d1: D1Database,
  period: string,
  rows: readonly MarginRow[],
  nowMs: number,
): Promise<void> {
  const values = rows.map(({ revenue, cost, ...row }) => ({ ...row, body: JSON.stringify({ revenue, cost }) }));
  await d1
    .prepare(
      `INSERT INTO tenant_margin (period, tenant_id, org_id, revenue_nano_usd, cost_nano_usd, margin_nano_usd, body, at_ms)
       SELECT ?1, value ->> 'tenantId', value ->> 'orgId', value ->> 'revenueNanoUsd', value ->> 'costNanoUsd',
         value ->> 'marginNanoUsd', value ->> 'body', ?2
       FROM json_each(?3) WHERE true
       ON CONFLICT (period, tenant_id) DO UPDATE SET org_id = excluded.org_id, revenue_nano_usd = excluded.revenue_nano_usd,
         cost_nano_usd = excluded.cost_nano_usd, margin_nano_usd = excluded.margin_nano_usd, body = excluded.body,
         at_ms = excluded.at_ms WHERE excluded.at_ms >= tenant_margin.at_ms`,
    )
    .bind(period, nowMs, JSON.stringify(values))
    .run();
}
