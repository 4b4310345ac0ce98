/**
 * The webhook inbox: kept before it is acknowledged, carried out after. An event says only what to read again; each is
 * claimed by one guarded statement, tried with growing pauses, and left for an operator in the end.
 */
import { and, asc, eq, lt, lte, ne, sql } from 'drizzle-orm';
import { accountOf } from '../../adapters/d1/billing.ts';
import { stripeEvent } from '../../adapters/d1/schema.ts';
import type { StripeNews } from '../../adapters/stripe/webhook.ts';
import { BillingProviderError } from '../../core/billing/ports.ts';
import type { Context } from '../../context.ts';
import { describeError } from '../../events.ts';
import { syncOrg } from './advance.ts';
import { checkoutRead, findOrg, holdRead, refundRead } from './money.ts';

type EventRow = typeof stripeEvent.$inferSelect;

/** A try may take this long before another is made. */
const claimMs = 60_000;
const attemptsMax = 12;
const pageMax = 50;
/** Stripe's own log of events is a month long. */
const keptMs = 35 * 86_400_000;

/** Keeps the event; false when it is there already. */
export async function newsKeep(ctx: Context, news: StripeNews): Promise<boolean> {
  const nowMs = ctx.system.nowMs();
  const { id, type, objectId, customerId, createdMs: createdAtMs } = news;
  const kept = await ctx.db
    .insert(stripeEvent)
    .values({ id, type, objectId, customerId, createdAtMs, receivedAtMs: nowMs, state: 'pending', nextAtMs: nowMs })
    .onConflictDoNothing()
    .returning({ id: stripeEvent.id });
  return kept.length > 0;
}

/** Carries one event out, if nobody else is about to. */
export async function newsApply(ctx: Context, id: string): Promise<void> {
  const nowMs = ctx.system.nowMs();
  const claimed = await ctx.db
    .update(stripeEvent)
    .set({ nextAtMs: nowMs + claimMs, attempts: sql`${stripeEvent.attempts} + 1` })
    .where(and(eq(stripeEvent.id, id), eq(stripeEvent.state, 'pending'), lte(stripeEvent.nextAtMs, nowMs)))
    .returning();
  const event = claimed[0];
  if (event === undefined) return;
  try {
    const ours = await carryOut(ctx, event);
    await ctx.db
      .update(stripeEvent)
      .set({ state: ours ? 'done' : 'ignored', problem: null })
      .where(eq(stripeEvent.id, id));
  } catch (error) {
    await putOff(ctx, event, error);
  }
}

async function putOff(ctx: Context, event: EventRow, error: unknown): Promise<void> {
  const final = event.attempts >= attemptsMax || (error instanceof BillingProviderError && !error.retryable);
  const pauseMs = Math.min(6 * 3_600_000, 10_000 * 2 ** event.attempts);
  ctx.log('billing.event_failed', { event: event.id, type: event.type, final, error: describeError(error) });
  await ctx.db
    .update(stripeEvent)
    .set({
      state: final ? 'failed' : 'pending',
      nextAtMs: ctx.system.nowMs() + pauseMs,
      problem: describeError(error).slice(0, 300),
    })
    .where(eq(stripeEvent.id, event.id));
}

/** What is due, a page of it. Resolves to how many were tried. */
export async function newsSweep(ctx: Context): Promise<number> {
  if (ctx.billing === null) return 0;
  const nowMs = ctx.system.nowMs();
  const due = await ctx.db
    .select({ id: stripeEvent.id })
    .from(stripeEvent)
    .where(sql`${stripeEvent.state} = 'pending' AND ${stripeEvent.nextAtMs} <= ${nowMs}`)
    .orderBy(asc(stripeEvent.nextAtMs))
    .limit(pageMax);
  for (const { id } of due) await newsApply(ctx, id);
  await ctx.db
    .delete(stripeEvent)
    .where(and(lt(stripeEvent.receivedAtMs, nowMs - keptMs), ne(stripeEvent.state, 'pending')));
  return due.length;
}

/** What changes who pays, with what, or whether. */
const aboutCustomer =
  /^(customer\.(updated|deleted|subscription\.\w+)|invoice\.(finalized|paid|payment_failed|payment_action_required|marked_uncollectible|voided)|payment_method\.(attached|detached|updated))$/;

/** True when it was about somebody here. What is not handled is not ours. */
async function carryOut(ctx: Context, { type, objectId, customerId, receivedAtMs }: EventRow): Promise<boolean> {
  if (type.startsWith('checkout.session.')) return checkoutRead(ctx, objectId);
  if (type.startsWith('refund.')) return refundRead(ctx, objectId);
  if (type.startsWith('charge.dispute.')) return holdRead(ctx, 'dispute', objectId);
  if (type.startsWith('radar.early_fraud_warning.')) return holdRead(ctx, 'fraud_warning', objectId);
  if (!aboutCustomer.test(type) || customerId === null) return false;
  const orgId = await findOrg(ctx, customerId);
  if (orgId === null) return false;
  // News comes in bursts. A reading that began after this arrived has seen what it tells.
  const { mirrorAtMs } = await accountOf(ctx.db, orgId, ctx.system.nowMs());
  if (mirrorAtMs <= receivedAtMs) await syncOrg(ctx, orgId);
  return true;
}
