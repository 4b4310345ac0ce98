/**
 * What an operator does with rollouts: begin, pause, resume, halt. Each act says who and why. What is under way in the
 * fleet ends by itself, whatever is done here; the scheduled job takes a change up with its next run.
 */
import { and, eq, inArray } from 'drizzle-orm';
import { claimFind, claimOf, claimValues } from '../adapters/d1/idempotency.ts';
import { rolloutInsert, rolloutMove } from '../adapters/d1/rollout-writes.ts';
import { rollout } from '../adapters/d1/schema.ts';
import { AppError } from '../contract/errors.ts';
import type { Rollout, RolloutPlan } from '../contract/rollouts.ts';
import type { Context } from '../context.ts';
import { rolloutAllows } from '../core/rollout.ts';
import type { RolloutAct } from '../core/rollout.ts';
import { chosenRelease } from './release-read.ts';
import { requireRollout, rolloutOf } from './rollout-read.ts';

interface Who {
  readonly userId: string;
  readonly reason: string;
}

/** One at a time per release. @throws AppError release_unknown, rollout_open, idempotency_key_reused */
export async function rolloutBegin(
  ctx: Context,
  { plan, userId, reason, idempotencyKey }: Who & { readonly plan: RolloutPlan; readonly idempotencyKey: string },
): Promise<Rollout> {
  chosenRelease(ctx, plan.release);
  const claim = await claimOf('fleet', idempotencyKey, [plan, reason]);
  const kept = await claimFind(ctx.db, claim);
  if (kept !== null) return rolloutOf(ctx, await requireRollout(ctx, kept.resultId));
  const nowMs = ctx.system.nowMs();
  const id = `rol_${ctx.system.ulid()}`;
  try {
    await rolloutInsert(ctx.d1, {
      id,
      plan,
      claim,
      claimExpiresAtMs: claimValues(claim, id, nowMs).expiresAtMs,
      action: 'begin',
      actor: userId,
      reason,
      eventId: eventId(ctx),
      nowMs,
    });
  } catch (error) {
    // The same request at the same time, or another rollout of this release.
    const repeated = await claimFind(ctx.db, claim);
    if (repeated !== null) return rolloutOf(ctx, await requireRollout(ctx, repeated.resultId));
    throw await openAlready(ctx, plan.release, error);
  }
  ctx.log('rollout.begin', { rollout: id, release: plan.release, actor: userId });
  return rolloutOf(ctx, await requireRollout(ctx, id));
}

/** Done twice it is done once. @throws AppError not_found, rollout_not_allowed, rollout_open */
export async function rolloutSwitch(
  ctx: Context,
  id: string,
  { act, userId, reason }: Who & { readonly act: RolloutAct },
): Promise<Rollout> {
  const state = { pause: 'paused', resume: 'running', halt: 'halted' } as const;
  // Read again when the job moved it on meanwhile: it moves once per run.
  for (let i = 0; i < 3; i++) {
    const row = await requireRollout(ctx, id);
    const shown = await rolloutOf(ctx, row);
    if (shown.state === state[act]) return shown;
    if (!rolloutAllows(act, shown.state)) {
      throw new AppError('rollout_not_allowed', {
        detail: `This rollout is ${shown.state}: it cannot be told to ${act}.`,
        next: shown.state === 'done' ? 'Begin another one.' : 'Look at it again.',
      });
    }
    const moved = await rolloutMove(ctx.d1, {
      id,
      from: shown,
      to: { state: state[act], stage: shown.stage },
      restsBecause: act === 'resume' ? null : reason,
      forgives: act === 'resume' && shown.state === 'halted',
      action: act,
      actor: userId,
      reason,
      eventId: eventId(ctx),
      nowMs: ctx.system.nowMs(),
    }).catch(async (error: unknown) => {
      throw await openAlready(ctx, shown.plan.release, error);
    });
    if (!moved) continue;
    ctx.log(`rollout.${act}`, { rollout: id, release: shown.plan.release, actor: userId });
    return rolloutOf(ctx, await requireRollout(ctx, id));
  }
  throw new AppError('version_stale', {
    detail: 'The rollout changed several times while this was tried.',
    next: 'Look at it again and repeat it.',
  });
}

const eventId = (ctx: Context): string => `rev_${ctx.system.ulid()}`;

/** What the database's refusal means: another open one of the release, or something of ours. */
async function openAlready(ctx: Context, release: string, cause: unknown): Promise<unknown> {
  const rows = await ctx.db
    .select({ id: rollout.id })
    .from(rollout)
    .where(and(eq(rollout.release, release), inArray(rollout.state, ['running', 'paused'])))
    .limit(1);
  const open = rows[0];
  if (open === undefined) return cause;
  return new AppError('rollout_open', {
    detail: `A rollout of ${release} is open already: ${open.id}.`,
    next: 'Halt that one first, or let it end.',
    cause,
  });
}
