/** Holds an organisation to what its plan allows in a day. Taken before the effect, given back when nothing came of it. */
import { quotaUseGiveBack, quotaUseTake } from '../adapters/d1/quota-uses.ts';
import type { QuotaUse } from '../adapters/d1/quota-uses.ts';
import { AppError } from '../contract/errors.ts';
import type { Context } from '../context.ts';
import { dailyQuotaWords, quotas } from '../core/quotas.ts';
import { describeError } from '../events.ts';

/** @throws AppError quota_reached */
export async function quotaTake(ctx: Context, use: QuotaUse): Promise<void> {
  const max = quotas.perDay[use.what];
  if (await quotaUseTake(ctx.d1, use, { max, nowMs: ctx.system.nowMs() })) return;
  const { done, next } = dailyQuotaWords[use.what];
  throw new AppError('quota_reached', {
    detail: `This organisation made ${max} ${done} in the last 24 hours, the most that is allowed.`,
    next,
  });
}

/** Best effort: one that is not given back is free again a day later. */
export async function quotaGiveBack(ctx: Context, use: QuotaUse): Promise<void> {
  await quotaUseGiveBack(ctx.db, use).catch((error: unknown) =>
    ctx.log('quota.not_given_back', { org: use.orgId, what: use.what, error: describeError(error) }),
  );
}
