/**
 * Money that came in outside a subscription, or went back: top-ups, refunds, disputes. What happened is read from Stripe
 * and kept under Stripe's own id of it, so that it counts once however often and in whatever order it is told.
 */
import { eq } from 'drizzle-orm';
import {
  accountOf,
  checkoutRow,
  checkoutUpdate,
  creditInsert,
  customerKeep,
  orgOfCustomer,
  toppedUpBy,
} from '../../adapters/d1/billing.ts';
import { billingHold, organization } from '../../adapters/d1/schema.ts';
import type { HoldTruth } from '../../core/billing/ports.ts';
import type { Context } from '../../context.ts';
import { advance, syncOrg } from './advance.ts';

const nanoPerCent = 10_000_000;

/** The organisation of a customer; one whose row was not written when it was made is adopted. Null: none of ours. */
export async function findOrg(ctx: Context, customerId: string): Promise<string | null> {
  const known = await orgOfCustomer(ctx.db, customerId);
  if (known !== null || ctx.billing === null) return known;
  const orgId = await ctx.billing.provider.customerOrg(customerId);
  if (orgId === null) return null;
  const [org] = await ctx.db.select().from(organization).where(eq(organization.id, orgId)).limit(1);
  if (org === undefined) return null;
  await accountOf(ctx.db, orgId, ctx.system.nowMs());
  const kept = await customerKeep(ctx.db, orgId, customerId);
  if (kept === customerId) return orgId;
  ctx.log('billing.extra_customer', { org: orgId, customer: customerId });
  return null;
}

/** What became of a checkout. Resolves to false when it is none of ours. */
export async function checkoutRead(ctx: Context, sessionId: string): Promise<boolean> {
  if (ctx.billing === null) return false;
  const session = await ctx.billing.provider.checkoutRead(sessionId);
  if (session.customerId === null) return false;
  const orgId = await findOrg(ctx, session.customerId);
  if (orgId === null) return false;
  if (session.mode === 'payment' && session.paid && session.paymentIntentId !== null) {
    await creditInsert(ctx.db, {
      id: `top_up:${session.paymentIntentId}`,
      orgId,
      nanoUsd: session.amountCents * nanoPerCent,
      paymentId: session.paymentIntentId,
      atMs: ctx.system.nowMs(),
    });
  }
  const row = session.checkoutId === null ? undefined : await checkoutRow(ctx.db, session.checkoutId);
  if (row?.orgId === orgId) await checkoutUpdate(ctx.db, row.id, { state: session.status, sessionId: session.id });
  if (session.mode === 'subscription') await syncOrg(ctx, orgId);
  else await advance(ctx, orgId);
  return true;
}

/** Money that went back of a top-up; false when it was none. */
export async function refundRead(ctx: Context, refundId: string): Promise<boolean> {
  if (ctx.billing === null) return false;
  const refund = await ctx.billing.provider.refundRead(refundId);
  if (refund.paymentIntentId === null || !refund.done) return false;
  return takeBack(ctx, {
    id: `refund:${refund.id}`,
    paymentId: refund.paymentIntentId,
    cents: refund.amountCents,
  });
}

async function takeBack(ctx: Context, back: { id: string; paymentId: string; cents: number }): Promise<boolean> {
  const orgId = await toppedUpBy(ctx.db, back.paymentId);
  if (orgId === null) return false;
  const entry = { id: back.id, orgId, nanoUsd: -back.cents * nanoPerCent, paymentId: back.paymentId };
  await creditInsert(ctx.db, { ...entry, atMs: ctx.system.nowMs() });
  await advance(ctx, orgId);
  return true;
}

/** A dispute or a warning of fraud, as it is now. */
export async function holdRead(ctx: Context, kind: HoldTruth['kind'], id: string): Promise<boolean> {
  if (ctx.billing === null) return false;
  const hold = await ctx.billing.provider.holdRead(kind, id);
  const orgId = hold.customerId === null ? null : await findOrg(ctx, hold.customerId);
  if (orgId === null) return false;
  const values = { kind, open: hold.open, atMs: ctx.system.nowMs() };
  await ctx.db
    .insert(billingHold)
    .values({ id: hold.id, orgId, ...values })
    .onConflictDoUpdate({ target: billingHold.id, set: values });
  if (hold.lostCents > 0 && hold.paymentIntentId !== null) {
    await takeBack(ctx, { id: `dispute:${hold.id}`, paymentId: hold.paymentIntentId, cents: hold.lostCents });
  }
  await advance(ctx, orgId);
  return true;
}
