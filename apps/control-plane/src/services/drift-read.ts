/** What the comparison with the gateway's own log found, for operators and, of its own assistant, for an owner. Reads only. */
import { and, asc, desc, eq, gt, lt, sql } from 'drizzle-orm';
import { z } from 'zod';
import { driftDay, driftFinding, usageRollup } from '../adapters/d1/schema.ts';
import type { TenantRow } from '../adapters/d1/tenants.ts';
import { DriftFinding, DriftKind, DriftReport } from '../contract/drift.ts';
import { AppError } from '../contract/errors.ts';
import type { DriftDayView } from '../contract/fleet-money-api.ts';
import type { TenantDrift } from '../contract/usage-api.ts';
import type { Context } from '../context.ts';
import { dayStartMs } from '../core/drift-days.ts';

type DayRow = typeof driftDay.$inferSelect;

const dayMs = 86_400_000;
const tenantsMax = 100;
const ownDaysMax = 30;
const Sides = DriftFinding.pick({ ours: true, theirs: true });
const Stage = z.enum(['reading', 'ours', 'theirs', 'clearing', 'done']);

/** Newest first. The cursor is the last one's day. */
export async function driftList(
  ctx: Context,
  page: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<{ items: DriftDayView[]; nextCursor: string | null }> {
  const rows = await ctx.db
    .select()
    .from(driftDay)
    .where(page.cursor === undefined ? undefined : lt(driftDay.day, page.cursor))
    .orderBy(desc(driftDay.day))
    .limit(page.limit + 1);
  const items = rows.slice(0, page.limit).map(toView);
  return { items, nextCursor: rows.length > page.limit ? (items.at(-1)?.day ?? null) : null };
}

/** Findings in the order of kind, assistant and request. @throws AppError not_found */
export async function driftRead(
  ctx: Context,
  day: string,
  page: { readonly cursor?: string | undefined; readonly limit: number },
) {
  const row = (await ctx.db.select().from(driftDay).where(eq(driftDay.day, day)).limit(1))[0];
  if (row === undefined) {
    throw new AppError('not_found', { detail: 'This day was not compared.', next: 'List the days.' });
  }
  const told = and(eq(driftFinding.day, day), eq(driftFinding.pass, row.donePass));
  const [kind = '', tenantId = '', ...ref] = (page.cursor ?? '').split('/');
  const { kind: k, tenantId: t, ref: r } = driftFinding;
  const rows = await ctx.db
    .select()
    .from(driftFinding)
    .where(and(told, sql`(${k}, ${t}, ${r}) > (${kind}, ${tenantId}, ${ref.join('/')})`))
    .orderBy(asc(k), asc(t), asc(r))
    .limit(page.limit + 1);
  const findings = rows.slice(0, page.limit).map(toFinding);
  const last = findings.at(-1);
  return {
    day: toView(row),
    tenants: page.cursor === undefined ? await tenantsOf(ctx, row) : [],
    findings,
    nextCursor: rows.length > page.limit && last !== undefined ? `${last.kind}/${last.tenantId}/${last.ref}` : null,
  };
}

async function tenantsOf(ctx: Context, { day, donePass }: DayRow) {
  const findings = sql<number>`count(*)`;
  const rows = await ctx.db
    .select({ tenantId: driftFinding.tenantId, findings, nanoUsd: sql<number>`sum(${driftFinding.nanoUsd})` })
    .from(driftFinding)
    .where(and(eq(driftFinding.day, day), eq(driftFinding.pass, donePass)))
    .groupBy(driftFinding.tenantId)
    .orderBy(desc(findings), asc(driftFinding.tenantId))
    .limit(tenantsMax);
  const startMs = dayStartMs(day);
  const used = await ctx.db
    .select({
      tenantId: usageRollup.tenantId,
      requests: sql<number>`sum(${usageRollup.requests})`,
      costNanoUsd: sql<number>`sum(${usageRollup.costNanoUsd})`,
    })
    .from(usageRollup)
    .where(
      and(
        sql`${usageRollup.hourMs} >= ${startMs} AND ${usageRollup.hourMs} < ${startMs + dayMs}`,
        sql`${usageRollup.tenantId} IN (SELECT value FROM json_each(${JSON.stringify(rows.map(({ tenantId }) => tenantId))}))`,
      ),
    )
    .groupBy(usageRollup.tenantId);
  return rows.map((row) => {
    const own = used.find(({ tenantId }) => tenantId === row.tenantId);
    return { ...row, requests: own?.requests ?? 0, costNanoUsd: own?.costNanoUsd ?? 0 };
  });
}

/** The newest 30 days that were compared. An owner sees what is about their own assistant, and of others nothing. */
export async function tenantDrift(ctx: Context, row: TenantRow): Promise<TenantDrift> {
  const days = await ctx.db
    .select({ day: driftDay.day, donePass: driftDay.donePass })
    .from(driftDay)
    .where(gt(driftDay.donePass, 0))
    .orderBy(desc(driftDay.day))
    .limit(ownDaysMax);
  const oldest = days.at(-1)?.day;
  if (oldest === undefined) return { days: [] };
  const startMs = dayStartMs(oldest);
  const day = sql<string>`strftime('%Y-%m-%d', ${usageRollup.hourMs} / 1000, 'unixepoch')`;
  const [found, used] = await ctx.db.batch([
    ctx.db
      .select({ day: driftFinding.day, pass: driftFinding.pass, kind: driftFinding.kind, count: sql<number>`count(*)` })
      .from(driftFinding)
      .where(and(eq(driftFinding.tenantId, row.id), sql`${driftFinding.day} >= ${oldest}`))
      .groupBy(driftFinding.day, driftFinding.pass, driftFinding.kind),
    ctx.db
      .select({ day, requests: sql<number>`sum(${usageRollup.requests})` })
      .from(usageRollup)
      .where(
        and(
          eq(usageRollup.tenantId, row.id),
          sql`${usageRollup.period} >= ${oldest.slice(0, 7)} AND ${usageRollup.hourMs} >= ${startMs}`,
        ),
      )
      .groupBy(day),
  ]);
  return {
    days: days.map((each) => {
      const own = found.filter(({ day: of, pass }) => of === each.day && pass === each.donePass);
      return {
        day: each.day,
        requests: used.find(({ day: of }) => of === each.day)?.requests ?? 0,
        found: own.map(({ kind, count }) => ({ kind: DriftKind.parse(kind), count })),
      };
    }),
  };
}

function toView({ day, stage, problem, donePass, report, endedAtMs }: DayRow): DriftDayView {
  return {
    day,
    stage: Stage.parse(stage),
    problem,
    comparison: donePass,
    report: report === null ? null : DriftReport.parse(JSON.parse(report)),
    endedAt: endedAtMs === null ? null : new Date(endedAtMs).toISOString(),
  };
}

function toFinding({ kind, tenantId, ref, nanoUsd, body }: typeof driftFinding.$inferSelect): DriftFinding {
  return { kind: DriftKind.parse(kind), tenantId, ref, nanoUsd, ...Sides.parse(JSON.parse(body)) };
}
