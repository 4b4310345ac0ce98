/**
 * The fleet's daily sample of restore drills: so many assistants a day are asked to prove their newest snapshot, the one
 * that was proven longest ago first, one in each run. Every assistant also drills itself weekly; those count. It asks and
 * never destroys; what came of a drill is in the assistant's own report.
 */
import { and, asc, eq, gt, lte, sql } from 'drizzle-orm';
import { tenant } from '../adapters/d1/schema.ts';
import { OperationId } from '../contract/ids.ts';
import type { Context } from '../context.ts';
import { refOf } from '../services/tenant-read.ts';

/** Enough to notice within a day that restores have stopped working, cheap enough not to be felt. */
const dailySample = 5;
const dayMs = 86_400_000;

const drillable = sql`${tenant.state} IN ('asleep', 'awake')`;

export type DrillStatus = 'enough' | 'nobody' | 'asked' | 'refused';

export async function drillSample(ctx: Context): Promise<DrillStatus> {
  const nowMs = ctx.system.nowMs();
  const recent = await ctx.db
    .select({ id: tenant.id })
    .from(tenant)
    .where(and(drillable, gt(tenant.drilledAtMs, nowMs - dayMs)))
    .limit(dailySample);
  if (recent.length >= dailySample) return 'enough';
  const rows = await ctx.db
    .select()
    .from(tenant)
    .where(and(drillable, lte(tenant.drilledAtMs, nowMs - dayMs)))
    .orderBy(asc(tenant.drilledAtMs))
    .limit(1);
  const row = rows[0];
  if (row === undefined) return 'nobody';
  // Before it is asked: one that always refuses keeps none of the others waiting.
  await ctx.db.update(tenant).set({ drilledAtMs: nowMs }).where(eq(tenant.id, row.id));
  const operationId = OperationId.parse(`op_${ctx.system.ulid()}`);
  const answer = await ctx.tenants.drill({ ...refOf(row), operationId });
  ctx.log('drill.sampled', { tenant: row.id, ok: answer.ok, code: answer.ok ? null : answer.error.code });
  return answer.ok ? 'asked' : 'refused';
}
