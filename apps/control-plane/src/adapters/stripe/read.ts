/** Stripe's objects as the truths of core/billing. What cannot be understood is refused, never guessed. */
import type Stripe from 'stripe';
import { CustomerTruth, subscriptionStatuses } from '../../core/billing/mirror.ts';
import type { SubscriptionTruth } from '../../core/billing/mirror.ts';
import { BillingProviderError } from '../../core/billing/ports.ts';
import type {
  CheckoutSession,
  HoldTruth,
  InvoiceLine,
  InvoicePreview,
  PaidCheckout,
} from '../../core/billing/ports.ts';
import { planOfLookupKey } from '../../core/billing/plans.ts';

const ms = (seconds: number): number => seconds * 1_000;
const msOrNull = (seconds: number | null | undefined): number | null =>
  typeof seconds === 'number' ? ms(seconds) : null;

export function idOf(field: string | { readonly id: string } | null | undefined): string | null {
  if (field === null || field === undefined) return null;
  return typeof field === 'string' ? field : field.id;
}

export function toCustomerTruth(
  customer: Stripe.Customer | Stripe.DeletedCustomer,
  subscriptions: readonly Stripe.Subscription[],
): CustomerTruth {
  const ofCustomer = customer.deleted ? null : customer.invoice_settings.default_payment_method;
  const ofSubscription = subscriptions.find(({ status }) => status !== 'canceled')?.default_payment_method ?? null;
  return CustomerTruth.parse({
    customerId: customer.id,
    deleted: customer.deleted === true,
    card: cardOf(ofSubscription) ?? cardOf(ofCustomer),
    subscriptions: subscriptions.map(toSubscription),
  } satisfies CustomerTruth);
}

function cardOf(method: string | Stripe.PaymentMethod | null): CustomerTruth['card'] {
  if (method === null || typeof method === 'string' || method.card === undefined) return null;
  return { brand: method.card.brand, last4: method.card.last4 };
}

function toSubscription(given: Stripe.Subscription): SubscriptionTruth {
  const status = subscriptionStatuses.find((known) => known === given.status);
  if (status === undefined) {
    throw new BillingProviderError(`A subscription is in a state we do not know.`, {
      retryable: false,
      code: 'status_unknown',
    });
  }
  const items = given.items.data;
  const plan = items.find(({ price }) => price.lookup_key !== null && planOfLookupKey(price.lookup_key) !== null);
  const [first] = items;
  const { latest_invoice: invoice } = given;
  return {
    id: given.id,
    status,
    createdMs: ms(given.created),
    planKey: plan?.price.lookup_key ?? null,
    items: Object.fromEntries(
      items.flatMap(({ id, price }) => (price.lookup_key === null ? [] : [[price.lookup_key, id]])),
    ),
    periodStartMs: ms((plan ?? first)?.current_period_start ?? given.created),
    periodEndMs: ms((plan ?? first)?.current_period_end ?? given.created),
    cancelAtMs: msOrNull(given.cancel_at) ?? (given.cancel_at_period_end ? msOrNull(plan?.current_period_end) : null),
    endedAtMs: msOrNull(given.ended_at),
    endedBecause: given.cancellation_details?.reason ?? null,
    invoice:
      invoice === null || typeof invoice === 'string'
        ? null
        : {
            id: invoice.id,
            status: invoice.status,
            dueCents: invoice.amount_remaining,
            attempts: invoice.attempt_count,
            nextAttemptMs: msOrNull(invoice.next_payment_attempt),
            payUrl: invoice.status === 'open' ? (invoice.hosted_invoice_url ?? null) : null,
          },
  };
}

export function toCheckout(session: Stripe.Checkout.Session): CheckoutSession {
  const status = session.status === 'complete' ? 'complete' : session.status === 'open' ? 'open' : 'expired';
  return { id: session.id, url: status === 'open' ? session.url : null, status };
}

export function toPaidCheckout(session: Stripe.Checkout.Session): PaidCheckout {
  return {
    ...toCheckout(session),
    checkoutId: session.metadata?.['tidepool_checkout'] ?? null,
    customerId: idOf(session.customer),
    mode: session.mode === 'subscription' ? 'subscription' : session.mode === 'setup' ? 'setup' : 'payment',
    paid: session.payment_status === 'paid',
    // Without tax: what the balance is made of.
    amountCents: session.amount_subtotal ?? 0,
    paymentIntentId: idOf(session.payment_intent),
  };
}

const invoiceStatuses = ['draft', 'open', 'paid', 'uncollectible', 'void'] as const;

export function toInvoice(invoice: Stripe.Invoice): InvoiceLine {
  return {
    id: invoice.id,
    number: invoice.number,
    status: invoiceStatuses.find((known) => known === invoice.status) ?? 'draft',
    createdMs: ms(invoice.created),
    totalCents: invoice.total,
    dueCents: invoice.amount_remaining,
    pageUrl: invoice.hosted_invoice_url ?? null,
    pdfUrl: invoice.invoice_pdf ?? null,
  };
}

export function toPreview(invoice: Stripe.Invoice): InvoicePreview {
  return {
    totalCents: invoice.amount_due,
    lines: invoice.lines.data.slice(0, 20).map(({ description, amount }) => ({
      description: (description ?? 'Plan').slice(0, 200),
      amountCents: amount,
    })),
  };
}

export function disputeHold(dispute: Stripe.Dispute): HoldTruth {
  const over = dispute.status === 'won' || dispute.status === 'warning_closed' || dispute.status === 'prevented';
  return {
    id: dispute.id,
    kind: 'dispute',
    // A lost one stays: somebody decides whether to go on with them.
    open: !over,
    customerId: typeof dispute.charge === 'string' ? null : idOf(dispute.charge.customer),
    lostCents: dispute.status === 'lost' ? dispute.amount : 0,
    paymentIntentId: idOf(dispute.payment_intent),
  };
}

export function fraudHold(warning: Stripe.Radar.EarlyFraudWarning): HoldTruth {
  return {
    id: warning.id,
    kind: 'fraud_warning',
    open: warning.actionable,
    customerId: typeof warning.charge === 'string' ? null : idOf(warning.charge.customer),
    lostCents: 0,
    paymentIntentId: idOf(warning.payment_intent),
  };
}
