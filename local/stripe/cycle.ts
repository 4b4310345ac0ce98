// A subscription's life by the clock: invoices at the end of a period, finalised an hour later, paid by the card, tried
// again on the days below, and unpaid after the last; ended where it was to end. What is due is done in order of time.

import type Stripe from 'stripe';
import { emit } from './events.ts';
import { invoice, type LineParts } from './invoice-shapes.ts';
import { pay } from './payments.ts';
import type { Store } from './store.ts';

const HOUR = 3_600;
const DAY = 86_400;
/** Days after the first failed try. Stripe chooses cleverer ones; the number and the span are like its default. */
const RETRY_DAYS = [3, 5, 7] as const;

/** The first of the next month after, as a month's end. Months are what this product sells. */
export function monthAfter(seconds: number): number {
  const at = new Date(seconds * 1_000);
  return (
    Date.UTC(
      at.getUTCFullYear(),
      at.getUTCMonth() + 1,
      at.getUTCDate(),
      at.getUTCHours(),
      at.getUTCMinutes(),
      at.getUTCSeconds(),
    ) / 1_000
  );
}

export function monthBefore(seconds: number): number {
  const at = new Date(seconds * 1_000);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - 1, at.getUTCDate()) / 1_000;
}

export interface Cycle {
  readonly store: Store;
  /** Where an invoice's page is. */
  readonly invoiceUrl: (id: string) => string;
}

interface Due {
  readonly at: number;
  readonly run: () => void;
}

/** Does everything that is due up to `untilSeconds`, in order; the store's clock shows each thing its own time. */
export function catchUp(cycle: Cycle, untilSeconds: number, setClock: (seconds: number) => void): void {
  for (;;) {
    const next = dueNext(cycle);
    if (next === null || next.at > untilSeconds) break;
    setClock(next.at);
    next.run();
  }
  setClock(untilSeconds);
}

function dueNext(cycle: Cycle): Due | null {
  const { store } = cycle;
  const due: Due[] = [];
  for (const each of store.all('subscription')) {
    const end = each.items.data[0]?.current_period_end;
    if (each.ended_at === null && each.status !== 'incomplete' && end !== undefined) {
      due.push({ at: end, run: () => endPeriod(cycle, each) });
    }
  }
  for (const each of store.all('invoice')) {
    if (each.status === 'draft' && each.automatically_finalizes_at !== null) {
      due.push({ at: each.automatically_finalizes_at, run: () => finalize(cycle, each) });
    }
    if (each.status === 'open' && each.next_payment_attempt !== null) {
      due.push({ at: each.next_payment_attempt, run: () => collect(cycle, each) });
    }
  }
  for (const each of store.all('checkout.session')) {
    if (each.status === 'open') {
      due.push({
        at: each.expires_at,
        run: () => {
          each.status = 'expired';
          emit(store, 'checkout.session.expired', each);
        },
      });
    }
  }
  return due.reduce<Due | null>((first, each) => (first === null || each.at < first.at ? each : first), null);
}

const customerOf = (of: { customer: unknown }): string => (typeof of.customer === 'string' ? of.customer : '');

function endPeriod(cycle: Cycle, subscription: Stripe.Subscription): void {
  const { store } = cycle;
  const now = store.nowSeconds();
  const ends = subscription.cancel_at_period_end;
  const items = subscription.items.data;
  const from = items[0]?.current_period_start ?? now;
  if (ends) endSubscription(store, subscription, 'cancellation_requested');
  else {
    for (const item of items) Object.assign(item, { current_period_start: now, current_period_end: monthAfter(now) });
    emit(store, 'customer.subscription.updated', subscription);
  }
  const made = makeInvoice(cycle, subscription, {
    reason: 'subscription_cycle',
    lines: [
      ...takePending(store, customerOf(subscription)),
      ...(ends ? [] : licensedLines(store, subscription, { from: now, to: monthAfter(now), share: 1 })),
    ],
    finalizesAt: now + HOUR,
    from,
    to: now,
  });
  if (!ends) subscription.latest_invoice = made.id;
}

export function endSubscription(
  store: Store,
  subscription: Stripe.Subscription,
  reason: Stripe.Subscription.CancellationDetails['reason'],
): void {
  const now = store.nowSeconds();
  subscription.status = 'canceled';
  subscription.ended_at = now;
  subscription.canceled_at ??= now;
  subscription.cancellation_details = { comment: null, feedback: null, feedback_option: null, reason };
  emit(store, 'customer.subscription.deleted', subscription);
}

export function licensedLines(
  store: Store,
  subscription: Stripe.Subscription,
  of: { from: number; to: number; share: number },
): LineParts[] {
  return subscription.items.data.flatMap(({ price }) =>
    price.recurring?.usage_type === 'metered' || price.unit_amount === null
      ? []
      : [
          {
            id: store.id('il'),
            amount: Math.round(price.unit_amount * of.share),
            description: `1 × ${nameOf(store, price)}${of.share < 1 ? ' (part of a month)' : ''}`,
            quantity: 1,
            from: of.from,
            to: of.to,
            subscription: subscription.id,
          },
        ],
  );
}

export function nameOf(store: Store, price: Stripe.Price): string {
  return typeof price.product === 'string' ? store.get('product', price.product).name : 'Product';
}

/** Use of a period: of each hour the event that came last counts. */
function meteredLines(store: Store, subscription: Stripe.Subscription, from: number, to: number): LineParts[] {
  return subscription.items.data.flatMap(({ price }) => {
    const meter = price.recurring?.meter ?? null;
    if (meter === null) return [];
    const hours = new Map<number, { at: number; value: number }>();
    for (const each of store.data.usage) {
      if (each.customerId !== customerOf(subscription) || `meter_${each.meter}` !== meter) continue;
      if (each.atSeconds < from || each.atSeconds >= to) continue;
      const hour = Math.floor(each.atSeconds / HOUR);
      if (each.atSeconds >= (hours.get(hour)?.at ?? 0)) hours.set(hour, { at: each.atSeconds, value: each.value });
    }
    const units = [...hours.values()].reduce((sum, { value }) => sum + value, 0);
    if (units === 0) return [];
    const amount = Math.round(units * Number(price.unit_amount_decimal));
    const description = `${units} × ${nameOf(store, price)}`;
    return [{ id: store.id('il'), amount, description, quantity: units, from, to, subscription: subscription.id }];
  });
}

function takePending(store: Store, customerId: string): LineParts[] {
  const mine = store.data.pendingItems.filter((item) => item.customerId === customerId);
  store.data.pendingItems = store.data.pendingItems.filter((item) => item.customerId !== customerId);
  const now = store.nowSeconds();
  return mine.map(({ amountCents, description, subscriptionId }) => ({
    id: store.id('il'),
    amount: amountCents,
    description,
    quantity: 1,
    from: now,
    to: now,
    subscription: subscriptionId,
  }));
}

export interface InvoiceOf {
  readonly reason: Stripe.Invoice.BillingReason;
  readonly lines: readonly LineParts[];
  readonly finalizesAt: number | null;
  readonly from: number;
  readonly to: number;
}

export function makeInvoice(
  { store, invoiceUrl }: Cycle,
  of: Stripe.Subscription | string,
  parts: InvoiceOf,
): Stripe.Invoice {
  const subscription = typeof of === 'string' ? null : of;
  const id = store.id('in');
  const made = store.put(
    invoice({
      id,
      created: store.nowSeconds(),
      customer: typeof of === 'string' ? of : customerOf(of),
      subscription: subscription?.id ?? null,
      pageUrl: invoiceUrl(id),
      ...parts,
    }),
  );
  emit(store, 'invoice.created', made);
  return made;
}

export function finalize(cycle: Cycle, of: Stripe.Invoice, { collects } = { collects: true }): void {
  const { store, invoiceUrl } = cycle;
  const subscription = subscriptionOf(store, of);
  const used =
    of.billing_reason === 'subscription_cycle' && subscription !== null
      ? meteredLines(store, subscription, of.period_start, of.period_end)
      : [];
  if (used.length > 0) {
    // The same invoice with what was used: lines, totals and all.
    const lines = [...of.lines.data.map((line) => toParts(line)), ...used];
    const again = invoice({
      id: of.id,
      created: of.created,
      customer: customerOf(of),
      reason: of.billing_reason ?? 'manual',
      lines,
      from: of.period_start,
      to: of.period_end,
      subscription: subscription?.id ?? null,
      finalizesAt: null,
      pageUrl: invoiceUrl(of.id),
    });
    Object.assign(of, again);
  }
  of.status = 'open';
  of.automatically_finalizes_at = null;
  of.number = `POOL-${String(store.all('invoice').filter(({ number }) => number !== null).length + 1).padStart(4, '0')}`;
  of.status_transitions.finalized_at = store.nowSeconds();
  emit(store, 'invoice.finalized', of);
  if (collects) collect(cycle, of);
}

function toParts(line: Stripe.InvoiceLineItem): LineParts {
  const { id, amount, description, quantity, period, subscription } = line;
  return {
    id,
    amount,
    description: description ?? '',
    quantity: quantity ?? 1,
    from: period.start,
    to: period.end,
    subscription: typeof subscription === 'string' ? subscription : null,
  };
}

export function subscriptionOf(store: Store, of: Stripe.Invoice): Stripe.Subscription | null {
  const id = of.parent?.subscription_details?.subscription;
  return typeof id === 'string' ? store.find('subscription', id) : null;
}

/** One try to be paid. True when it is paid. */
export function collect({ store }: Cycle, of: Stripe.Invoice): boolean {
  const subscription = subscriptionOf(store, of);
  const customer = store.get('customer', customerOf(of));
  const ofSubscription = subscription?.default_payment_method;
  const ofCustomer = customer.invoice_settings.default_payment_method;
  const methodId =
    typeof ofSubscription === 'string' ? ofSubscription : typeof ofCustomer === 'string' ? ofCustomer : null;
  const now = store.nowSeconds();
  const ok =
    of.amount_remaining === 0 || pay(store, { customerId: customer.id, methodId, amountCents: of.amount_remaining }).ok;
  of.attempted = true;
  of.attempt_count += 1;
  if (ok) {
    Object.assign(of, { status: 'paid', amount_paid: of.amount_due, amount_remaining: 0, next_payment_attempt: null });
    of.status_transitions.paid_at = now;
    emit(store, 'invoice.paid', of);
    if (subscription !== null && subscription.ended_at === null && !owesMore(store, subscription)) {
      change(store, subscription, 'active');
    }
    return true;
  }
  const days = RETRY_DAYS[of.attempt_count - 1];
  const firstTry = of.status_transitions.finalized_at ?? now;
  of.next_payment_attempt = days === undefined ? null : firstTry + days * DAY;
  emit(store, 'invoice.payment_failed', of);
  if (subscription !== null && subscription.ended_at === null && subscription.status !== 'incomplete') {
    change(store, subscription, days === undefined ? 'unpaid' : 'past_due');
  }
  return false;
}

function owesMore(store: Store, subscription: Stripe.Subscription): boolean {
  return store.all('invoice').some((each) => each.status === 'open' && subscriptionOf(store, each) === subscription);
}

function change(store: Store, subscription: Stripe.Subscription, status: Stripe.Subscription.Status): void {
  if (subscription.status === status) return;
  subscription.status = status;
  emit(store, 'customer.subscription.updated', subscription);
}
