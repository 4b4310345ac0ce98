/**
 * The ways to Stripe's own pages: paying for a plan, topping up, the portal. Our row comes before Stripe's object and its
 * id is Stripe's key, so any number of clicks at once end in one customer and one open checkout.
 */
import {
  accountOf,
  checkoutInsert,
  checkoutOffer,
  checkoutRow,
  checkoutUpdate,
  customerKeep,
} from '../../adapters/d1/billing.ts';
import type { Account, CheckoutRow } from '../../adapters/d1/billing.ts';
import { eq } from 'drizzle-orm';
import { organization, user } from '../../adapters/d1/schema.ts';
import { sha256Base64Url } from '../../adapters/system.ts';
import type { OrgScope } from '../../adapters/d1/tenants.ts';
import type { Trail } from '../../contract/audit.ts';
import { AppError } from '../../contract/errors.ts';
import { standingOf } from '../../core/billing/mirror.ts';
import { monthEndMs, monthOf } from '../../core/billing/month.ts';
import { lookupKeyOf, planAt } from '../../core/billing/plans.ts';
import type { PaidPlanId } from '../../core/billing/plans.ts';
import { BillingProviderError } from '../../core/billing/ports.ts';
import type { CheckoutSession } from '../../core/billing/ports.ts';
import type { Billing } from '../../billing.ts';
import type { Context } from '../../context.ts';
import { auditRecord } from '../audit-record.ts';
import { syncOrg } from './advance.ts';

/** A checkout is for a sitting. Stripe takes half an hour to a day. */
const checkoutMs = 3_600_000;
/** One that ends sooner than this is not offered again. */
const checkoutLeftMs = 120_000;
/** Another plan was open, or one ran out: begun anew at most this often in one request. */
const triesMax = 3;

export function requireBilling(ctx: Context): Billing {
  if (ctx.billing !== null) return ctx.billing;
  throw new AppError('billing_off', {
    detail: 'This installation charges nothing, so there is nothing to pay.',
    next: 'Ask its operator for more.',
  });
}

/** Stripe's failures as the API's: away, or the card refused. */
export function billingError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (
    error instanceof BillingProviderError &&
    !error.retryable &&
    /declin|card|funds|cvc|authentication/.test(error.code)
  ) {
    return new AppError('billing_payment_refused', {
      detail: 'The card was refused for this payment. Nothing was changed.',
      next: 'Give another card on the payment page, then try again.',
      cause: error,
    });
  }
  return new AppError('billing_unavailable', {
    detail: 'The payment provider does not answer. Everything goes on running.',
    next: 'Try again in a moment.',
    cause: error,
    retryAfterSeconds: 5,
  });
}

/** Where to pay for a plan. @throws AppError billing_subscribed, billing_unavailable */
export async function planCheckout(
  ctx: Context,
  scope: OrgScope,
  trail: Trail,
  planId: PaidPlanId,
): Promise<{ url: string }> {
  const billing = requireBilling(ctx);
  const plan = planAt(planId, ctx.system.nowMs());
  try {
    for (let i = 0; i < triesMax; i++) {
      const account = await refuseSecond(ctx, scope);
      const customerId = await customerOf(ctx, billing, scope);
      const row = await offer(ctx, scope, trail, lookupKeyOf(plan));
      if (row === undefined) continue;
      const anchorMs = monthEndMs(monthOf(row.createdAtMs));
      const session =
        row.url !== null && row.sessionId !== null
          ? { id: row.sessionId, url: row.url, status: 'open' as const }
          : await billing.provider.planCheckout({ ...callOf(ctx, row, customerId), plan, anchorMs });
      if (
        row.planKey === lookupKeyOf(plan) &&
        session.url !== null &&
        row.expiresAtMs > ctx.system.nowMs() + checkoutLeftMs
      ) {
        await checkoutUpdate(ctx.db, row.id, { sessionId: session.id, url: session.url });
        return { url: session.url };
      }
      await endCheckout(ctx, billing, { row, session, account });
    }
  } catch (error) {
    throw billingError(error);
  }
  throw billingError(new Error('checkouts kept changing'));
}

async function offer(
  ctx: Context,
  { orgId }: OrgScope,
  trail: Trail,
  planKey: string,
): Promise<CheckoutRow | undefined> {
  const nowMs = ctx.system.nowMs();
  const id = `chk_${ctx.system.ulid()}`;
  const open = await checkoutOffer(ctx.db, {
    id,
    orgId,
    kind: 'plan',
    planKey,
    state: 'open',
    createdAtMs: nowMs,
    expiresAtMs: nowMs + checkoutMs,
  });
  if (open?.id === id) await auditRecord(ctx, trail, { orgId, tenantId: null, after: { checkoutId: id, planKey } });
  return open;
}

/** One for another plan, or that has run out: closed at Stripe first, so that two can never be paid. */
async function endCheckout(
  ctx: Context,
  { provider }: Billing,
  { row, session, account }: { row: CheckoutRow; session: CheckoutSession; account: Account },
): Promise<void> {
  let { status } = session;
  if (status === 'open') {
    status = await provider.checkoutExpire(session.id).then(
      (ended) => ended.status,
      async () => (await provider.checkoutRead(session.id)).status,
    );
  }
  if (status === 'open') throw new Error('the open checkout cannot be ended');
  await checkoutUpdate(ctx.db, row.id, { state: status });
  // It was paid in another tab: that is the plan now.
  if (status === 'complete') await syncOrg(ctx, account.orgId);
}

async function refuseSecond(ctx: Context, { orgId }: OrgScope): Promise<Account> {
  const account = await accountOf(ctx.db, orgId, ctx.system.nowMs());
  const living = account.mirror.subscription !== null && account.mirror.subscription.endedAtMs === null;
  if (!living || standingOf(account.mirror) === 'none') return account;
  throw new AppError('billing_subscribed', {
    detail: 'This organisation has a plan already.',
    next: 'Change the plan instead.',
  });
}

/** The organisation's customer at Stripe, made under a key of the organisation. */
export async function customerOf(ctx: Context, { provider }: Billing, { orgId, userId }: OrgScope): Promise<string> {
  const account = await accountOf(ctx.db, orgId, ctx.system.nowMs());
  if (account.customerId !== null) return account.customerId;
  const [org] = await ctx.db
    .select({ name: organization.name })
    .from(organization)
    .where(eq(organization.id, orgId))
    .limit(1);
  // The same for everybody of the organisation: the key allows one request only. People add their address when they pay.
  const made = await provider.customerCreate({
    orgId,
    name: org?.name ?? orgId,
    email: await billingEmail(ctx, orgId, userId),
  });
  return (await customerKeep(ctx.db, orgId, made)) ?? made;
}

/** A personal organisation's person; others give an address at the payment page. */
async function billingEmail(ctx: Context, orgId: string, userId: string): Promise<string | null> {
  if (orgId.replace(/^org_/, '') !== userId.replace(/^usr_/, '')) return null;
  const [person] = await ctx.db.select({ email: user.email }).from(user).where(eq(user.id, userId)).limit(1);
  return person?.email ?? null;
}

function callOf(ctx: Context, row: CheckoutRow, customerId: string) {
  return {
    customerId,
    checkoutId: row.id,
    returnUrl: `${ctx.config.platformOrigin}/billing`,
    expiresAtMs: row.expiresAtMs,
  };
}

/** Where to pay for prepaid balance. The same key gives the same page. @throws AppError idempotency_key_reused, billing_unavailable */
export async function topUpCheckout(
  ctx: Context,
  scope: OrgScope,
  trail: Trail,
  { cents, idempotencyKey }: { readonly cents: number; readonly idempotencyKey: string },
): Promise<{ url: string }> {
  const billing = requireBilling(ctx);
  const nowMs = ctx.system.nowMs();
  const id = `chk_${(await sha256Base64Url(`${scope.orgId}:${idempotencyKey}`)).slice(0, 32)}`;
  try {
    const before = await checkoutRow(ctx.db, id);
    if (before !== undefined && before.cents !== cents) {
      throw new AppError('idempotency_key_reused', {
        detail: 'This Idempotency-Key was used for another amount.',
        next: 'Use a new key for another amount.',
      });
    }
    if (before !== undefined && before.url !== null) return { url: before.url };
    const customerId = await customerOf(ctx, billing, scope);
    const row: CheckoutRow = before ?? {
      id,
      orgId: scope.orgId,
      kind: 'top_up',
      planKey: null,
      cents,
      state: 'open',
      sessionId: null,
      url: null,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + checkoutMs,
    };
    await checkoutInsert(ctx.db, row);
    const subject = { orgId: scope.orgId, tenantId: null, after: { checkoutId: row.id, cents } };
    if (before === undefined) await auditRecord(ctx, trail, subject);
    const session = await billing.provider.topUpCheckout({ ...callOf(ctx, row, customerId), cents });
    if (session.url === null) throw new Error('the checkout has no page');
    await checkoutUpdate(ctx.db, row.id, { sessionId: session.id, url: session.url });
    return { url: session.url };
  } catch (error) {
    throw billingError(error);
  }
}

export async function portalUrl(ctx: Context, scope: OrgScope, flow: 'home' | 'card'): Promise<{ url: string }> {
  const billing = requireBilling(ctx);
  try {
    const customerId = await customerOf(ctx, billing, scope);
    const returnUrl = `${ctx.config.platformOrigin}/billing?checkout=done`;
    return { url: await billing.provider.portal({ customerId, returnUrl, flow }) };
  } catch (error) {
    throw billingError(error);
  }
}
