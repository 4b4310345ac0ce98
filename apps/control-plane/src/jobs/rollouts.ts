/**
 * Carries rollouts out, a bounded piece in each run of the scheduled job: settles what was asked for, then asks the next.
 * Each assistant is written down before it is asked, so that a run that is cut off asks nobody twice; one that could not be
 * reached stays "asked" and its spec is sent by the sweep. What an upgrade itself does is the cell's (docs/upgrades.md).
 */
import { and, asc, count, desc, eq, gt, sql } from 'drizzle-orm';
import { rolloutMove } from '../adapters/d1/rollout-writes.ts';
import { rollout, rolloutTenant, tenant } from '../adapters/d1/schema.ts';
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { Trail } from '../contract/audit.ts';
import { OperationId } from '../contract/ids.ts';
import type { Context } from '../context.ts';
import { RolloutPlan } from '../contract/rollouts.ts';
import type { RolloutState } from '../contract/rollouts.ts';
import { decideRollout, inStage, outcomeOf, passedOver } from '../core/rollout.ts';
import type { RolloutInput } from '../core/rollout.ts';
import { stateOf } from '../services/rollout-read.ts';
import type { RolloutRow } from '../services/rollout-read.ts';
import { releaseChange } from '../services/tenant-change.ts';
import { specOf, storedReport } from '../services/tenant-view.ts';

/** In one run: assistants looked at, asked, and settled. */
const lookedAtMax = 500;
const askedMax = 20;
const settledMax = 100;

/** Who the audit trail names. */
const trail: Trail = { actor: { kind: 'system', id: 'rollout' }, requestId: null, action: 'tenant.release' };

export async function runRollouts(ctx: Context): Promise<number> {
  const rows = await ctx.db
    .select()
    .from(rollout)
    .where(eq(rollout.state, 'running'))
    .orderBy(asc(rollout.id))
    .limit(5);
  for (const row of rows) await runOne(ctx, row);
  return rows.length;
}

async function runOne(ctx: Context, row: RolloutRow): Promise<void> {
  const plan = RolloutPlan.parse(JSON.parse(row.plan));
  await settle(ctx, row, plan);
  const nowMs = ctx.system.nowMs();
  const { stage, listed } = row;
  const step = decideRollout({ plan, state: stateOf(row), stage, listed, nowMs, ...(await countsOf(ctx, row)) });
  switch (step.kind) {
    case 'rest':
      return;
    case 'halt':
      ctx.log('rollout.halted', { rollout: row.id, release: plan.release, reason: step.reason });
      return move(ctx, row, { action: 'halt', state: 'halted', stage }, step.reason);
    case 'done':
      ctx.log('rollout.done', { rollout: row.id, release: plan.release });
      return move(ctx, row, { action: 'done', state: 'done', stage });
    case 'next_stage':
      return move(ctx, row, { action: 'stage', state: 'running', stage: stage + 1 });
    case 'ask':
      return ask(ctx, row, plan, Math.min(step.max, askedMax));
    default:
      return step satisfies never;
  }
}

/** Only while it is as it was read: an operator may have paused it meanwhile. */
async function move(
  ctx: Context,
  row: RolloutRow,
  {
    action,
    ...to
  }: { readonly action: 'halt' | 'done' | 'stage'; readonly state: RolloutState; readonly stage: number },
  reason: string | null = null,
): Promise<void> {
  await rolloutMove(ctx.d1, {
    id: row.id,
    from: { state: stateOf(row), stage: row.stage },
    to,
    restsBecause: reason,
    action,
    actor: 'rollout',
    reason: action === 'stage' ? `stage ${to.stage + 1}` : reason,
    eventId: `rev_${ctx.system.ulid()}`,
    nowMs: ctx.system.nowMs(),
  });
}

async function settle(ctx: Context, row: RolloutRow, plan: RolloutPlan): Promise<void> {
  const asked = await ctx.db
    .select({ tenantId: rolloutTenant.tenantId, askedAtMs: rolloutTenant.askedAtMs, row: tenant })
    .from(rolloutTenant)
    .innerJoin(tenant, eq(tenant.id, rolloutTenant.tenantId))
    .where(and(eq(rolloutTenant.rolloutId, row.id), eq(rolloutTenant.outcome, 'under_way')))
    .orderBy(asc(rolloutTenant.askedAtMs))
    .limit(settledMax);
  const nowMs = ctx.system.nowMs();
  for (const { tenantId, askedAtMs, row: assistant } of asked) {
    const report = storedReport(assistant);
    const heard = report === null ? null : { release: report.release, failure: report.upgradeFailure };
    const outcome = outcomeOf(plan, heard, askedAtMs, nowMs);
    if (outcome === 'under_way') continue;
    await ctx.db
      .update(rolloutTenant)
      .set({ outcome, endedAtMs: nowMs })
      .where(and(eq(rolloutTenant.rolloutId, row.id), eq(rolloutTenant.tenantId, tenantId)));
  }
}

async function countsOf(
  ctx: Context,
  row: RolloutRow,
): Promise<Pick<RolloutInput, 'counts' | 'judged' | 'quietSinceMs'>> {
  const groups = await ctx.db
    .select({
      outcome: rolloutTenant.outcome,
      n: count(),
      judged: sql<number>`coalesce(sum(${rolloutTenant.askedAtMs} > ${row.judgedFromMs}), 0)`,
    })
    .from(rolloutTenant)
    .where(eq(rolloutTenant.rolloutId, row.id))
    .groupBy(rolloutTenant.outcome);
  const of = (outcome: string) => groups.find((group) => group.outcome === outcome) ?? { n: 0, judged: 0 };
  const last = await ctx.db
    .select({ endedAtMs: rolloutTenant.endedAtMs })
    .from(rolloutTenant)
    .where(eq(rolloutTenant.rolloutId, row.id))
    .orderBy(desc(rolloutTenant.endedAtMs))
    .limit(1);
  const [succeeded, failed] = [of('succeeded'), of('failed')];
  const counts = { underWay: of('under_way').n, succeeded: succeeded.n, failed: failed.n };
  return {
    counts,
    judged: { succeeded: succeeded.judged, failed: failed.judged },
    quietSinceMs: counts.underWay > 0 ? null : (last[0]?.endedAtMs ?? null),
  };
}

/** Goes through the fleet from where the last run stopped. */
async function ask(ctx: Context, row: RolloutRow, plan: RolloutPlan, max: number): Promise<void> {
  const percent = plan.stages[row.stage] ?? 100;
  const page = await ctx.db
    .select()
    .from(tenant)
    .where(gt(tenant.id, row.cursor))
    .orderBy(asc(tenant.id))
    .limit(lookedAtMax);
  let left = max;
  let cursor = row.cursor;
  for (const assistant of page) {
    if (left === 0) break;
    cursor = assistant.id;
    if (!inStage(row.id, assistant.id, percent)) continue;
    const { pinned, release } = specOf(assistant);
    if (passedOver(plan, { pinned, wanted: release, state: assistant.state }) !== null) continue;
    if (await askOne(ctx, row, plan, assistant)) left--;
  }
  const listed = left > 0 && page.length < lookedAtMax;
  // Only while it is as it was read: what a pause came between is looked at again, and nobody is asked twice.
  await ctx.db
    .update(rollout)
    .set({ cursor, listed })
    .where(and(eq(rollout.id, row.id), eq(rollout.state, row.state), eq(rollout.stage, row.stage)));
}

/** False when it was asked before. */
async function askOne(ctx: Context, row: RolloutRow, plan: RolloutPlan, assistant: TenantRow): Promise<boolean> {
  const written = await ctx.db
    .insert(rolloutTenant)
    .values({ rolloutId: row.id, tenantId: assistant.id, outcome: 'under_way', askedAtMs: ctx.system.nowMs() })
    .onConflictDoNothing()
    .returning({ tenantId: rolloutTenant.tenantId });
  if (written.length === 0) return false;
  const operationId = OperationId.parse(`op_${ctx.system.ulid()}`);
  const answer = await releaseChange(ctx, trail, assistant, plan.release, operationId);
  ctx.log('rollout.asked', { rollout: row.id, tenant: assistant.id, ok: answer.ok });
  if (!answer.ok && answer.error.code !== 'tenant_unreachable') {
    await ctx.db
      .update(rolloutTenant)
      .set({ outcome: 'failed', endedAtMs: ctx.system.nowMs() })
      .where(sql`${rolloutTenant.rolloutId} = ${row.id} AND ${rolloutTenant.tenantId} = ${assistant.id}`);
  }
  return true;
}
