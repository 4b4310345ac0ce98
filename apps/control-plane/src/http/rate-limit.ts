/** Refuses what comes too often: by network address before anything is looked up, then by session, then by e-mail address. */
import { createMiddleware } from 'hono/factory';
import { sha256Base64Url } from '../adapters/system.ts';
import { AppError } from '../contract/errors.ts';
import { clientKeyOf } from '../contract/rate-limit.ts';
import type { RateRule } from '../contract/rate-limit.ts';
import type { Context } from '../context.ts';
import { rateRules } from '../core/rate-policy.ts';
import type { AppEnv, Session } from './app-env.ts';

/** The shield in front of everything that may ask the database. */
export const clientRate = createMiddleware<AppEnv>(async (c, next) => {
  const client = clientKeyOf(c.req.header('cf-connecting-ip') ?? null);
  await within(c.var.ctx, rateRules.client, client, {
    detail: 'More requests came from your network address than are taken in a minute.',
    next: 'Wait a minute, then go on.',
  });
  await next();
});

/** @throws AppError rate_limited */
export async function callerRate(ctx: Context, session: Session, rule: 'caller' | 'opening'): Promise<void> {
  await within(ctx, rateRules[rule], await sha256Base64Url(`${session.userId} ${session.token}`), {
    detail: `This session or API key made more than ${rateRules[rule].limit} requests of this kind in a minute.`,
    next: 'Wait as long as retry-after says, and ask less often.',
  });
}

/** @throws AppError rate_limited */
export async function addressRate(ctx: Context, email: string): Promise<void> {
  await within(ctx, rateRules.address, await sha256Base64Url(email.trim().toLowerCase()), {
    detail: 'There were too many attempts with this e-mail address.',
    next: 'Wait a minute, then try again.',
  });
}

async function within(
  ctx: Context,
  rule: RateRule,
  key: string,
  words: { readonly detail: string; readonly next: string },
): Promise<void> {
  const waitSeconds = await ctx.limits.over([{ rule, key }]);
  if (waitSeconds !== null) throw new AppError('rate_limited', { ...words, retryAfterSeconds: waitSeconds });
}
