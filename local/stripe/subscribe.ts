// From a checkout to what was bought, and changing a subscription: the first part month, prorations, refusals.

import type Stripe from 'stripe';
import { emit } from './events.ts';
import { collect, finalize, licensedLines, makeInvoice, monthAfter, monthBefore, nameOf, type Cycle } from './cycle.ts';
import { session } from './invoice-shapes.ts';
import type { SessionCreate } from './params.ts';
import { addCard, pay } from './payments.ts';
import { customer as customerShape, subscription as subscriptionShape, subscriptionItem } from './shapes.ts';
import { StripeRefusal, type Store } from './store.ts';

export const invalid = (message: string, param: string): StripeRefusal =>
  new StripeRefusal(400, { type: 'invalid_request_error', code: 'parameter_invalid', message, param });

const HALF_HOUR = 1_800;
const DAY = 86_400;

export function createSession(cycle: Cycle, of: SessionCreate, url: (id: string) => string): Stripe.Checkout.Session {
  const { store } = cycle;
  const created = store.nowSeconds();
  const customer = of.customer === undefined ? guest(store) : store.get('customer', of.customer).id;
  const expiresAt = of.expires_at ?? created + DAY;
  if (expiresAt < created + HALF_HOUR || expiresAt > created + DAY) {
    throw invalid('expires_at must be between 30 minutes and 24 hours from now.', 'expires_at');
  }
  const prices = of.line_items.flatMap(({ price }) => (price === undefined ? [] : [store.get('price', price)]));
  const anchor = of.subscription_data?.billing_cycle_anchor ?? null;
  if (anchor !== null && (anchor <= created || anchor > monthAfter(created))) {
    throw invalid('billing_cycle_anchor must be in the future and within one period.', 'billing_cycle_anchor');
  }
  const share = anchor === null ? 1 : partOfMonth(created, anchor);
  const lines = of.line_items.flatMap((item) => {
    if (item.price_data !== undefined) {
      return [{ name: item.price_data.product_data.name, cents: item.price_data.unit_amount * (item.quantity ?? 1) }];
    }
    const price = prices.find(({ id }) => id === item.price);
    if (price === undefined || price.unit_amount === null || price.recurring?.usage_type === 'metered') return [];
    const part = price.recurring === null ? 1 : share;
    return [{ name: nameOf(store, price), cents: Math.round(price.unit_amount * (item.quantity ?? 1) * part) }];
  });
  const id = store.id('cs_test');
  store.data.checkouts[id] = {
    priceIds: prices.map((price) => price.id),
    anchorSeconds: anchor,
    subscriptionMetadata: of.subscription_data?.metadata ?? {},
    paymentMetadata: of.payment_intent_data?.metadata ?? {},
    lines,
  };
  return store.put(
    session({
      id,
      created,
      mode: of.mode,
      customer,
      expires_at: expiresAt,
      metadata: of.metadata ?? {},
      success_url: of.success_url,
      cancel_url: of.cancel_url ?? null,
      url: url(id),
      amountCents: lines.reduce((sum, { cents }) => sum + cents, 0),
    }),
  );
}

/** Who pays without an account, as in a payment of its own. */
function guest(store: Store): string {
  const made = customerShape({
    id: store.id('cus'),
    created: store.nowSeconds(),
    name: null,
    email: null,
    metadata: {},
  });
  return store.put(made).id;
}

const partOfMonth = (from: number, to: number): number => (to - from) / (to - monthBefore(to));

/** Pays an open checkout. Throws StripeRefusal card_error for a decline: it stays open. */
export function completeSession(cycle: Cycle, of: Stripe.Checkout.Session, card: string): void {
  const { store } = cycle;
  const plan = store.data.checkouts[of.id];
  if (of.status !== 'open' || plan === undefined) throw invalid('This checkout is over.', 'session');
  const customerId = typeof of.customer === 'string' ? of.customer : '';
  const methodId = addCard(store, customerId, card);
  if (of.mode === 'payment') {
    const amountCents = of.amount_total ?? 0;
    const { ok, intent, declineCode } = pay(store, {
      customerId,
      methodId,
      amountCents,
      metadata: plan.paymentMetadata,
    });
    if (!ok) throw declined(declineCode);
    of.payment_intent = intent.id;
    const lines = plan.lines.map(({ name, cents }) => ({
      id: store.id('il'),
      amount: cents,
      description: name,
      quantity: 1,
      from: store.nowSeconds(),
      to: store.nowSeconds(),
      subscription: null,
    }));
    const now = store.nowSeconds();
    const bill = makeInvoice(cycle, customerId, { reason: 'manual', lines, finalizesAt: null, from: now, to: now });
    // It is paid already: by the intent above.
    Object.assign(bill, {
      status: 'paid',
      number: `TOP-${bill.id.slice(-4)}`,
      amount_paid: bill.amount_due,
      amount_remaining: 0,
    });
    emit(store, 'invoice.paid', bill);
  } else {
    of.subscription = subscribe(cycle, { customerId, methodId, plan }).id;
  }
  of.status = 'complete';
  of.payment_status = 'paid';
  of.url = null;
  emit(store, 'checkout.session.completed', of);
}

const declined = (code: string | null): StripeRefusal =>
  new StripeRefusal(402, {
    type: 'card_error',
    code: 'card_declined',
    decline_code: code ?? 'generic_decline',
    message: 'Your card was declined.',
  });

export function subscribe(
  cycle: Cycle,
  of: {
    customerId: string;
    methodId: string | null;
    plan: { priceIds: readonly string[]; anchorSeconds: number | null; subscriptionMetadata: Record<string, string> };
  },
): Stripe.Subscription {
  const { store } = cycle;
  const told = store.data.undelivered.length;
  const created = store.nowSeconds();
  const to = of.plan.anchorSeconds ?? monthAfter(created);
  const id = store.id('sub');
  const items = of.plan.priceIds.map((priceId) =>
    subscriptionItem({
      id: store.id('si'),
      created,
      price: store.get('price', priceId),
      subscription: id,
      from: created,
      to,
    }),
  );
  const made = store.put(
    subscriptionShape({
      id,
      created,
      customer: of.customerId,
      items,
      billing_cycle_anchor: to,
      default_payment_method: of.methodId,
      metadata: of.plan.subscriptionMetadata,
    }),
  );
  const share = of.plan.anchorSeconds === null ? 1 : partOfMonth(created, to);
  const first = makeInvoice(cycle, made, {
    reason: 'subscription_create',
    lines: licensedLines(store, made, { from: created, to, share }),
    finalizesAt: null,
    from: created,
    to: created,
  });
  made.latest_invoice = first.id;
  emit(store, 'customer.subscription.created', made);
  finalize(cycle, first);
  if (first.status !== 'paid' && of.methodId !== null) {
    // A checkout that is declined has made nothing.
    for (const { eventId } of store.data.undelivered.splice(told)) delete store.data.objects[eventId];
    delete store.data.objects[made.id];
    delete store.data.objects[first.id];
    throw declined('generic_decline');
  }
  return made;
}

export interface PlanUpdate {
  readonly itemId: string;
  readonly priceId: string;
  readonly when: 'always_invoice' | 'create_prorations' | 'none';
}

/** What a change of price gives back and costs for the rest of the month. */
export function prorations(store: Store, of: Stripe.Subscription, { itemId, priceId }: PlanUpdate) {
  const item = of.items.data.find(({ id }) => id === itemId);
  if (item === undefined) throw invalid('The subscription has no such item.', 'items');
  const now = store.nowSeconds();
  const share = Math.max(
    0,
    (item.current_period_end - now) / (item.current_period_end - monthBefore(item.current_period_end)),
  );
  const next = store.get('price', priceId);
  const line = (price: Stripe.Price, sign: 1 | -1, what: string) => ({
    amountCents: sign * Math.round((price.unit_amount ?? 0) * share),
    description: `${what} ${nameOf(store, price)}`,
  });
  return { item, next, lines: [line(item.price, -1, 'Unused time on'), line(next, 1, 'Remaining time on')] };
}

export function changePrice(cycle: Cycle, of: Stripe.Subscription, update: PlanUpdate, refuseDecline: boolean): void {
  const { store } = cycle;
  const { item, next, lines } = prorations(store, of, update);
  const now = store.nowSeconds();
  const customerId = typeof of.customer === 'string' ? of.customer : '';
  const before = { price: item.price, plan: item.plan, latest: of.latest_invoice };
  const { price, plan } = subscriptionItem({
    id: item.id,
    created: item.created,
    price: next,
    subscription: of.id,
    from: 0,
    to: 0,
  });
  Object.assign(item, { price, plan });
  if (update.when === 'create_prorations') {
    store.data.pendingItems.push(...lines.map((line) => ({ ...line, customerId, subscriptionId: of.id })));
  }
  if (update.when === 'always_invoice') {
    const bill = makeInvoice(cycle, of, {
      reason: 'subscription_update',
      lines: lines.map(({ amountCents, description }) => ({
        id: store.id('il'),
        amount: amountCents,
        description,
        quantity: 1,
        from: now,
        to: item.current_period_end,
        subscription: of.id,
      })),
      finalizesAt: null,
      from: now,
      to: now,
    });
    of.latest_invoice = bill.id;
    bill.status = 'open';
    if (refuseDecline && !wouldPay(cycle, bill)) {
      Object.assign(item, { price: before.price, plan: before.plan });
      of.latest_invoice = before.latest;
      delete store.data.objects[bill.id];
      throw declined('generic_decline');
    }
    bill.status = 'draft';
    finalize(cycle, bill);
  }
  emit(store, 'customer.subscription.updated', of);
}

/** Tries the card without leaving a trace of it on the invoice. */
function wouldPay({ store }: Cycle, bill: Stripe.Invoice): boolean {
  const customerId = typeof bill.customer === 'string' ? bill.customer : '';
  const method = store.get('customer', customerId).invoice_settings.default_payment_method;
  const amountCents = bill.amount_remaining;
  if (amountCents === 0) return true;
  const tried = pay(store, { customerId, methodId: typeof method === 'string' ? method : null, amountCents });
  if (tried.ok) Object.assign(bill, { amount_remaining: 0, amount_paid: amountCents });
  return tried.ok;
}

/** A person pays an open invoice on its page, with a new card. */
export function payInvoice(cycle: Cycle, of: Stripe.Invoice, card: string): void {
  if (of.status !== 'open') throw invalid('This invoice is not open.', 'invoice');
  addCard(cycle.store, typeof of.customer === 'string' ? of.customer : '', card);
  if (!collect(cycle, of)) throw declined(null);
}
