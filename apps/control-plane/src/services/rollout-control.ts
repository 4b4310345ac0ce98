/** What an operator does with rollouts: begin, pause, resume. Its console and its permission come with the admin pages. */
import { and, eq, inArray } from 'drizzle-orm';
import { rollout } from '../adapters/d1/schema.ts';
import { AppError } from '../contract/errors.ts';
import type { Context } from '../context.ts';
import { RolloutPlan, rolloutAllows, rolloutStates } from '../core/rollout.ts';
import type { RolloutState } from '../core/rollout.ts';
import { chosenRelease } from './release-read.ts';

/**
 * One at a time per release. Resolves to its id.
 * @throws AppError release_unknown, validation_failed
 */
export async function rolloutBegin(ctx: Context, plan: RolloutPlan): Promise<string> {
  const parsed = RolloutPlan.safeParse({ ...plan, release: chosenRelease(ctx, plan.release) });
  if (!parsed.success) {
    throw new AppError('validation_failed', {
      detail: parsed.error.issues[0]?.message ?? 'The plan of the rollout is not valid.',
      next: 'Mend the plan.',
    });
  }
  const nowMs = ctx.system.nowMs();
  const id = `rol_${ctx.system.ulid()}`;
  await ctx.db.insert(rollout).values({
    id,
    release: plan.release,
    plan: JSON.stringify(parsed.data),
    state: 'running',
    createdAtMs: nowMs,
    changedAtMs: nowMs,
  });
  return id;
}

/** False when its state does not allow it. What is under way ends by itself. */
export async function rolloutSwitch(ctx: Context, id: string, action: 'pause' | 'resume'): Promise<boolean> {
  const from = rolloutStates.filter((state) => rolloutAllows(action, state));
  const to: RolloutState = action === 'pause' ? 'paused' : 'running';
  const changed = await ctx.db
    .update(rollout)
    .set({ state: to, reason: null, changedAtMs: ctx.system.nowMs() })
    .where(and(eq(rollout.id, id), inArray(rollout.state, from)))
    .returning({ id: rollout.id });
  return changed.length > 0;
}
