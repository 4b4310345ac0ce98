// What is asked beyond what this product does while it runs: by Stripe's own command line, so that `stripe trigger` can make
// the events we handle, and by setting an account up: test payment methods by name, intents, invoice items, invoices by hand, the payment page behind a checkout.

import type Stripe from 'stripe';
import { z } from 'zod';
import { collect, finalize, makeInvoice } from './cycle.ts';
import { emit } from './events.ts';
import { addCard, closeDispute, openDispute, pay } from './payments.ts';
import { customer, list } from './shapes.ts';
import { StripeRefusal } from './store.ts';
import { completeSession, invalid } from './subscribe.ts';
import { parse, type Route } from './routing.ts';

const id = z.string().min(1).max(255);
const text = z.string().optional();
const metadata = z.record(z.string(), z.string()).optional();

/** Test payment methods and tokens, by the card they stand for. */
const cardOf = (name: string): string => {
  if (/declined|fail/i.test(name)) return '4000000000000002';
  return name.includes('createDispute') ? '4000000000000259' : '4242424242424242';
};

const made = (store: { data: { cards: Record<string, string> } }, name: string): string =>
  store.data.cards[name] ?? cardOf(name);

export const cliRoutes: readonly Route[] = [
  [
    'POST',
    /^customers\/([^/]+)$/,
    ({ store }, [customerId = ''], form) => {
      const settings = z.strictObject({ default_payment_method: id });
      const of = parse(z.strictObject({ invoice_settings: settings.optional(), metadata }), form);
      const found = store.get('customer', customerId);
      if (of.invoice_settings !== undefined) Object.assign(found.invoice_settings, of.invoice_settings);
      emit(store, 'customer.updated', found);
      return found;
    },
  ],
  [
    'POST',
    /^payment_methods$/,
    ({ store }, _match, form) => {
      const card = z.strictObject({ token: id });
      const of = parse(z.strictObject({ type: z.literal('card'), card, billing_details: z.unknown() }), form);
      const methodId = store.id('pm');
      store.data.cards[methodId] = cardOf(of.card.token);
      return {
        id: methodId,
        object: 'payment_method',
        type: 'card',
        customer: null,
      } satisfies Partial<Stripe.PaymentMethod>;
    },
  ],
  [
    'POST',
    /^payment_methods\/([^/]+)\/attach$/,
    ({ store }, [name = ''], form) => {
      const of = parse(z.strictObject({ customer: id }), form);
      return store.get('payment_method', addCard(store, of.customer, made(store, name), name));
    },
  ],
  [
    'POST',
    /^payment_methods\/([^/]+)\/detach$/,
    ({ store }, [methodId = '']) => {
      const found = store.get('payment_method', methodId);
      const owner = typeof found.customer === 'string' ? found.customer : null;
      // The event names whom it was of: as Stripe does, in what it was before.
      emit(store, 'payment_method.detached', { ...found, customer: owner });
      found.customer = null;
      return found;
    },
  ],
  [
    'POST',
    /^payment_intents$/,
    ({ store }, _match, form) => {
      const amount = z.coerce.number().int();
      const of = parse(z.looseObject({ amount, payment_method: text, confirm: text }), form);
      const payer = customer({
        id: store.id('cus'),
        created: store.nowSeconds(),
        name: null,
        email: null,
        metadata: {},
      });
      store.put(payer);
      const methodId =
        of.payment_method === undefined ? null : addCard(store, payer.id, made(store, of.payment_method));
      const { ok, intent, declineCode } = pay(store, { customerId: payer.id, methodId, amountCents: of.amount });
      if (!ok && of.confirm === 'true')
        throw new StripeRefusal(402, {
          type: 'card_error',
          code: 'card_declined',
          decline_code: declineCode ?? '',
          message: 'Your card was declined.',
        });
      return intent;
    },
  ],
  [
    'POST',
    /^invoiceitems$/,
    ({ store }, _match, form) => {
      const amount = z.coerce.number().int();
      const of = parse(z.strictObject({ amount, currency: id, customer: id, description: text }), form);
      const item = { customerId: of.customer, subscriptionId: null, amountCents: of.amount };
      store.data.pendingItems.push({ ...item, description: of.description ?? 'Item' });
      return { id: store.id('ii'), object: 'invoiceitem', amount: of.amount, customer: of.customer };
    },
  ],
  [
    'POST',
    /^invoices$/,
    (api, _match, form) => {
      const of = parse(z.looseObject({ customer: id }), form);
      const { store } = api;
      const now = store.nowSeconds();
      const mine = store.data.pendingItems.filter(({ customerId }) => customerId === of.customer);
      store.data.pendingItems = store.data.pendingItems.filter(({ customerId }) => customerId !== of.customer);
      const lines = mine.map(({ amountCents, description }) => ({
        id: store.id('il'),
        amount: amountCents,
        description,
        quantity: 1,
        from: now,
        to: now,
        subscription: null,
      }));
      return makeInvoice(api, of.customer, { reason: 'manual', lines, finalizesAt: null, from: now, to: now });
    },
  ],
  [
    'POST',
    /^invoices\/([^/]+)\/(finalize|pay|void|mark_uncollectible)$/,
    (api, [invoiceId = '', what = '']) => {
      const found = api.store.get('invoice', invoiceId);
      if (what === 'finalize') finalize(api, found, { collects: false });
      else if (what === 'pay') {
        const paid = found.status === 'draft' ? (finalize(api, found), found.status !== 'open') : collect(api, found);
        if (!paid)
          throw new StripeRefusal(402, {
            type: 'card_error',
            code: 'card_declined',
            message: 'Your card was declined.',
          });
      } else {
        if (found.status !== 'open') throw invalid('Only an open invoice can be closed.', 'invoice');
        found.status = what === 'void' ? 'void' : 'uncollectible';
        emit(api.store, what === 'void' ? 'invoice.voided' : 'invoice.marked_uncollectible', found);
      }
      return found;
    },
  ],
  [
    'GET',
    /^disputes$/,
    ({ store }, _match, form) => {
      const of = parse(z.looseObject({ payment_intent: text }), form);
      const mine = store
        .all('dispute')
        .filter(({ payment_intent: intent }) => of.payment_intent === undefined || intent === of.payment_intent);
      return list(mine, '/v1/disputes');
    },
  ],
  ['POST', /^disputes\/([^/]+)\/close$/, ({ store }, [disputeId = '']) => closeDispute(store, disputeId, 'lost')],
  ['POST', /^standin\/disputes\/([^/]+)$/, ({ store }, [chargeId = '']) => openDispute(store, chargeId)],
  ['GET', /^billing\/meters$/, ({ store }) => list(store.data.meters, '/v1/billing/meters')],
  [
    'POST',
    /^billing\/meters$/,
    ({ store }, _match, form) => {
      const of = parse(z.looseObject({ event_name: id, event_time_window: z.literal('hour') }), form);
      const meter = {
        id: `meter_${of.event_name}`,
        object: 'billing.meter',
        event_name: of.event_name,
        status: 'active',
      };
      store.data.meters.push(meter);
      return meter;
    },
  ],
  ['GET', /^payment_pages\/([^/]+)$/, ({ store }, [sessionId = '']) => store.get('checkout.session', sessionId)],
  [
    'POST',
    /^payment_pages\/([^/]+)\/confirm$/,
    (api, [sessionId = ''], form) => {
      const of = parse(z.looseObject({ payment_method: id }), form);
      const session = api.store.get('checkout.session', sessionId);
      completeSession(api, session, made(api.store, of.payment_method));
      return session;
    },
  ],
];
