/**
 * Where Stripe tells us news. The signature over the raw bytes, then the row, then 200: what fails before the row is told
 * again by Stripe, what fails after it is tried again by us.
 */
import { readStripeNews } from '../adapters/stripe/webhook.ts';
import { AppError } from '../contract/errors.ts';
import type { Context } from '../context.ts';
import { requireBilling } from '../services/billing/checkout.ts';
import { newsApply, newsKeep } from '../services/billing/inbox.ts';
import { readBytes } from './body.ts';

/** Stripe's largest events are a few hundred kilobytes. */
const bodyMaxBytes = 1_048_576;

export async function stripeWebhook(ctx: Context, request: Request): Promise<Response> {
  const { webhookSecrets: secrets } = requireBilling(ctx);
  const body = new TextDecoder().decode(await readBytes(request, bodyMaxBytes));
  const nowMs = ctx.system.nowMs();
  const news = await readStripeNews(body, request.headers.get('stripe-signature'), { secrets, nowMs });
  if (news === null) {
    throw new AppError('billing_signature', {
      detail: 'The message has no valid signature, or is too old.',
      next: 'Compare STRIPE_WEBHOOK_SECRET with the endpoint at the payment provider.',
    });
  }
  if (await newsKeep(ctx, news)) ctx.later(newsApply(ctx, news.id));
  return Response.json({ received: true }, { headers: { 'cache-control': 'no-store' } });
}
