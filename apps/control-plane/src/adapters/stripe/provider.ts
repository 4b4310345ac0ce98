/**
 * The billing provider on Stripe. Prices are found by lookup key, so no id of an account stands in the code; what makes
 * something carries an idempotency key that follows from our own row. docs/billing.md says which object is asked when.
 */
import type Stripe from 'stripe';
import { lookupKeyOf, meters } from '../../core/billing/plans.ts';
import { BillingProviderError } from '../../core/billing/ports.ts';
import type { BillingProvider, CheckoutCall } from '../../core/billing/ports.ts';
import { ask } from './client.ts';
import { disputeHold, fraudHold, toCheckout, toCustomerTruth, toInvoice, toPaidCheckout, toPreview } from './read.ts';

const seconds = (ms: number): number => Math.floor(ms / 1_000);
const invoicesShown = 24;
/** Ended ones count too; nobody has this many. */
const subscriptionsRead = 20;

export function stripeProvider(stripe: Stripe, options: { readonly tax: boolean }): BillingProvider {
  const prices = new Map<string, string>();

  /** Ids of prices; each is looked up once. */
  const priceIds = async (keys: readonly string[]): Promise<string[]> => {
    if (!keys.every((key) => prices.has(key))) {
      const found = await ask(stripe.prices.list({ lookup_keys: [...keys], active: true, limit: 10 }));
      for (const { id, lookup_key: key } of found.data) if (key !== null) prices.set(key, id);
    }
    return keys.map((key) => {
      const id = prices.get(key);
      if (id !== undefined) return id;
      throw new BillingProviderError(`Stripe has no price ${key}.`, { retryable: false, code: 'price_missing' });
    });
  };

  const checkout = (call: CheckoutCall, more: Stripe.Checkout.SessionCreateParams) =>
    ask(
      stripe.checkout.sessions.create(
        {
          customer: call.customerId,
          metadata: { tidepool_checkout: call.checkoutId },
          success_url: `${call.returnUrl}?checkout=done`,
          cancel_url: `${call.returnUrl}?checkout=left`,
          expires_at: seconds(call.expiresAtMs),
          automatic_tax: { enabled: options.tax },
          ...(options.tax
            ? { customer_update: { address: 'auto', name: 'auto' }, tax_id_collection: { enabled: true } }
            : {}),
          ...more,
        },
        { idempotencyKey: `checkout:${call.checkoutId}` },
      ),
    );

  return {
    async customerCreate({ orgId, name, email }) {
      const made = await ask(
        stripe.customers.create(
          { name, ...(email === null ? {} : { email }), metadata: { tidepool_org: orgId } },
          { idempotencyKey: `org:${orgId}:customer` },
        ),
      );
      return made.id;
    },

    async customerOrg(customerId) {
      const found = await ask(stripe.customers.retrieve(customerId));
      return found.deleted ? null : (found.metadata['tidepool_org'] ?? null);
    },

    async customerTruth(customerId) {
      const customer = await ask(
        stripe.customers.retrieve(customerId, { expand: ['invoice_settings.default_payment_method'] }),
      );
      const list = await ask(
        stripe.subscriptions.list({
          customer: customerId,
          status: 'all',
          limit: subscriptionsRead,
          expand: ['data.latest_invoice', 'data.default_payment_method'],
        }),
      );
      return toCustomerTruth(customer, list.data);
    },

    async planCheckout(call) {
      const [plan = '', ai = '', awake = ''] = await priceIds([
        lookupKeyOf(call.plan),
        meters.ai.lookupKey,
        meters.awake.lookupKey,
      ]);
      return toCheckout(
        await checkout(call, {
          mode: 'subscription',
          line_items: [{ price: plan, quantity: 1 }, { price: ai }, { price: awake }],
          payment_method_collection: 'always',
          subscription_data: {
            // Months begin on the first, as use is counted; the first part month is charged by its length.
            billing_cycle_anchor: seconds(call.anchorMs),
            proration_behavior: 'create_prorations',
            metadata: { tidepool_checkout: call.checkoutId },
          },
        }),
      );
    },

    async topUpCheckout(call) {
      return toCheckout(
        await checkout(call, {
          mode: 'payment',
          line_items: [
            {
              quantity: 1,
              price_data: { currency: 'usd', unit_amount: call.cents, product_data: { name: 'Prepaid balance' } },
            },
          ],
          invoice_creation: { enabled: true },
          payment_intent_data: { metadata: { tidepool_checkout: call.checkoutId } },
        }),
      );
    },

    checkoutRead: async (sessionId) => toPaidCheckout(await ask(stripe.checkout.sessions.retrieve(sessionId))),
    checkoutExpire: async (sessionId) => toCheckout(await ask(stripe.checkout.sessions.expire(sessionId))),

    async portal({ customerId, returnUrl, flow }) {
      const session = await ask(
        stripe.billingPortal.sessions.create({
          customer: customerId,
          return_url: returnUrl,
          ...(flow === 'card' ? { flow_data: { type: 'payment_method_update' } } : {}),
        }),
      );
      return session.url;
    },

    async planPreview({ customerId, subscriptionId, itemId, plan, payNow }) {
      const [price = ''] = await priceIds([lookupKeyOf(plan)]);
      return toPreview(
        await ask(
          stripe.invoices.createPreview({
            customer: customerId,
            subscription: subscriptionId,
            subscription_details: {
              items: [{ id: itemId, price }],
              proration_behavior: payNow ? 'always_invoice' : 'create_prorations',
            },
          }),
        ),
      );
    },

    async planChange({ subscriptionId, itemId, plan, payNow, key }) {
      const [price = ''] = await priceIds([lookupKeyOf(plan)]);
      await ask(
        stripe.subscriptions.update(
          subscriptionId,
          {
            items: [{ id: itemId, price }],
            proration_behavior: payNow ? 'always_invoice' : 'create_prorations',
            ...(payNow ? { payment_behavior: 'error_if_incomplete' } : {}),
            // Whoever chooses a plan does not want it to end.
            cancel_at_period_end: false,
          },
          { idempotencyKey: key },
        ),
      );
    },

    async cancelAtPeriodEnd({ subscriptionId, cancel, key }) {
      await ask(stripe.subscriptions.update(subscriptionId, { cancel_at_period_end: cancel }, { idempotencyKey: key }));
    },

    async cancelNow({ subscriptionId, key }) {
      await ask(stripe.subscriptions.cancel(subscriptionId, {}, { idempotencyKey: key }));
    },

    async invoices(customerId) {
      const list = await ask(stripe.invoices.list({ customer: customerId, limit: invoicesShown }));
      return list.data.map(toInvoice);
    },

    async refundRead(refundId) {
      const refund = await ask(stripe.refunds.retrieve(refundId));
      const { payment_intent: intent } = refund;
      return {
        id: refund.id,
        paymentIntentId: intent === null ? null : typeof intent === 'string' ? intent : intent.id,
        amountCents: refund.amount,
        done: refund.status === 'succeeded' || refund.status === 'pending',
      };
    },

    holdRead: async (kind, id) =>
      kind === 'dispute'
        ? disputeHold(await ask(stripe.disputes.retrieve(id, { expand: ['charge'] })))
        : fraudHold(await ask(stripe.radar.earlyFraudWarnings.retrieve(id, { expand: ['charge'] }))),
  };
}
