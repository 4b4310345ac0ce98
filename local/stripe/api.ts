// Stripe's REST API, as far as it is asked here: path and method to what it does. A path that is not here is a 404 in
// Stripe's own shape, so that a call nobody thought of is seen.

import { cliRoutes } from './cli-api.ts';
import { endSubscription, makeInvoice } from './cycle.ts';
import { emit } from './events.ts';
import type { Form } from './form.ts';
import { meterEvent, portalSession } from './invoice-shapes.ts';
import * as params from './params.ts';
import { addCard, makeRefund } from './payments.ts';
import { parse, type Api, type ApiCall, type Match, type Route } from './routing.ts';
import { customer, list, price, product } from './shapes.ts';
import { StripeRefusal, type Kind } from './store.ts';
import { changePrice, createSession, invalid, prorations, subscribe } from './subscribe.ts';

const shown = 10;

/** Test payment methods, which only Stripe's command line uses. */
const testCard = (name: string): string => (/declined|fail/i.test(name) ? '4000000000000002' : '4242424242424242');

const routes: readonly Route[] = [
  [
    'POST',
    /^customers$/,
    ({ store }, _match, form) => {
      const of = parse(params.CustomerCreate, form);
      const made = customer({
        id: store.id('cus'),
        created: store.nowSeconds(),
        name: of.name ?? null,
        email: of.email ?? null,
        metadata: of.metadata ?? {},
      });
      emit(store, 'customer.created', store.put(made));
      if (of.payment_method !== undefined) addCard(store, made.id, testCard(of.payment_method), null);
      return made;
    },
  ],
  [
    'POST',
    /^products$/,
    ({ store }, _match, form) => {
      const { name } = parse(params.ProductCreate, form);
      return store.put(product({ id: store.id('prod'), created: store.nowSeconds(), name }));
    },
  ],
  [
    'POST',
    /^prices$/,
    ({ store }, _match, form) => {
      const of = parse(params.PriceCreate, form);
      const created = store.nowSeconds();
      const productId =
        of.product ??
        store.put(product({ id: store.id('prod'), created, name: of.product_data?.name ?? 'Product' })).id;
      return store.put(
        price({
          id: store.id('price'),
          created,
          product: store.get('product', productId).id,
          currency: of.currency,
          lookup_key: of.lookup_key ?? null,
          unitAmount: of.unit_amount ?? (of.unit_amount_decimal === undefined ? 0 : null),
          unitDecimal: String(of.unit_amount_decimal ?? of.unit_amount ?? 0),
          recurring: of.recurring === undefined ? null : { interval: 'month', meter: of.recurring.meter ?? null },
        }),
      );
    },
  ],
  [
    'GET',
    /^prices$/,
    ({ store }, _match, form) => {
      const { lookup_keys: keys } = parse(params.PriceList, form);
      const found = store
        .all('price')
        .filter(({ lookup_key: key }) => keys === undefined || (key !== null && keys.includes(key)));
      return list(found, '/v1/prices');
    },
  ],
  [
    'POST',
    /^checkout\/sessions$/,
    (api, _match, form) =>
      createSession(api, parse(params.SessionCreate, form), (id) => `${api.origin}/pay/checkout/${id}`),
  ],
  [
    'POST',
    /^checkout\/sessions\/([^/]+)\/expire$/,
    ({ store }, [id = '']) => {
      const found = store.get('checkout.session', id);
      if (found.status !== 'open') throw invalid('Only open sessions can be expired.', 'session');
      Object.assign(found, { status: 'expired', url: null });
      emit(store, 'checkout.session.expired', found);
      return found;
    },
  ],
  [
    'POST',
    /^billing_portal\/sessions$/,
    ({ store, origin }, _match, form) => {
      const of = parse(params.PortalCreate, form);
      const customerId = store.get('customer', of.customer).id;
      const back = of.return_url ?? null;
      const query = back === null ? '' : `?back=${encodeURIComponent(back)}`;
      return portalSession({
        id: store.id('bps'),
        created: store.nowSeconds(),
        customer: customerId,
        return_url: back,
        url: `${origin}/pay/portal/${customerId}${query}`,
      });
    },
  ],
  [
    'GET',
    /^subscriptions$/,
    ({ store }, _match, form) => {
      const of = parse(params.SubscriptionList, form);
      const mine = store
        .all('subscription')
        .filter((each) => of.customer === undefined || each.customer === of.customer)
        .filter(({ status }) =>
          of.status === undefined ? status !== 'canceled' : of.status === 'all' || status === of.status,
        );
      return list(mine.slice(0, of.limit ?? shown), '/v1/subscriptions', mine.length > (of.limit ?? shown));
    },
  ],
  [
    'POST',
    /^subscriptions$/,
    (api, _match, form) => {
      const of = parse(params.SubscriptionCreate, form);
      const method = api.store.get('customer', of.customer).invoice_settings.default_payment_method;
      return subscribe(api, {
        customerId: of.customer,
        methodId: typeof method === 'string' ? method : null,
        plan: {
          priceIds: of.items.map((item) => item.price),
          anchorSeconds: null,
          subscriptionMetadata: of.metadata ?? {},
        },
      });
    },
  ],
  [
    'POST',
    /^subscriptions\/([^/]+)$/,
    (api, [id = ''], form) => {
      const of = parse(params.SubscriptionUpdate, form);
      const found = api.store.get('subscription', id);
      if (found.ended_at !== null) throw invalid('A canceled subscription cannot be changed.', 'subscription');
      const [item] = of.items ?? [];
      if (item !== undefined) {
        const update = { itemId: item.id, priceId: item.price, when: of.proration_behavior ?? 'create_prorations' };
        changePrice(api, found, update, of.payment_behavior === 'error_if_incomplete');
      }
      if (of.cancel_at_period_end !== undefined) {
        const end = found.items.data[0]?.current_period_end ?? null;
        found.cancel_at_period_end = of.cancel_at_period_end;
        found.cancel_at = of.cancel_at_period_end ? end : null;
        found.canceled_at = of.cancel_at_period_end ? api.store.nowSeconds() : null;
        emit(api.store, 'customer.subscription.updated', found);
      }
      if (of.metadata !== undefined) Object.assign(found.metadata, of.metadata);
      return found;
    },
  ],
  [
    'DELETE',
    /^subscriptions\/([^/]+)$/,
    ({ store }, [id = '']) => {
      const found = store.get('subscription', id);
      if (found.ended_at === null) endSubscription(store, found, 'cancellation_requested');
      return found;
    },
  ],
  [
    'GET',
    /^invoices$/,
    ({ store }, _match, form) => {
      const of = parse(params.InvoiceList, form);
      const mine = store.all('invoice').filter((each) => of.customer === undefined || each.customer === of.customer);
      return list(mine.slice(0, of.limit ?? shown), '/v1/invoices', mine.length > (of.limit ?? shown));
    },
  ],
  [
    'POST',
    /^invoices\/create_preview$/,
    (api, _match, form) => {
      const of = parse(params.InvoicePreview, form);
      const { store } = api;
      const subscription = store.get('subscription', of.subscription);
      const [item] = of.subscription_details?.items ?? [];
      const lines =
        item === undefined
          ? []
          : prorations(store, subscription, { itemId: item.id, priceId: item.price, when: 'none' }).lines;
      const now = store.nowSeconds();
      const preview = makeInvoice(api, subscription, {
        reason: 'upcoming',
        lines: lines.map(({ amountCents, description }) => ({
          id: store.id('il'),
          amount: amountCents,
          description,
          quantity: 1,
          from: now,
          to: now,
          subscription: subscription.id,
        })),
        finalizesAt: null,
        from: now,
        to: now,
      });
      delete store.data.objects[preview.id];
      const told = store.data.undelivered.pop();
      if (told !== undefined) delete store.data.objects[told.eventId];
      return preview;
    },
  ],
  [
    'POST',
    /^billing\/meter_events$/,
    ({ store }, _match, form) => {
      const of = parse(params.MeterEventCreate, form);
      const customerId = store.get('customer', of.payload.stripe_customer_id).id;
      const known = store.data.usage.find(({ identifier }) => identifier === of.identifier);
      if (known !== undefined) throw invalid('An event already exists with this identifier.', 'identifier');
      store.data.usage.push({
        identifier: of.identifier,
        meter: of.event_name,
        customerId,
        atSeconds: of.timestamp,
        value: Number(of.payload.value),
      });
      const { event_name, identifier, payload, timestamp } = of;
      return meterEvent({ created: store.nowSeconds(), event_name, identifier, payload, timestamp });
    },
  ],
  [
    'POST',
    /^refunds$/,
    ({ store }, _match, form) => {
      const of = parse(params.RefundCreate, form);
      const chargeId =
        of.charge ?? store.all('charge').find(({ payment_intent: intent }) => intent === of.payment_intent)?.id ?? '';
      return makeRefund(store, chargeId, of.amount ?? null);
    },
  ],
  ...cliRoutes,
  ['GET', /^([a-z_]+|checkout\/sessions|radar\/early_fraud_warnings)\/([^/]+)$/, read],
];

const kindOfPath: Readonly<Record<string, Kind>> = {
  customers: 'customer',
  products: 'product',
  prices: 'price',
  payment_methods: 'payment_method',
  'checkout/sessions': 'checkout.session',
  subscriptions: 'subscription',
  invoices: 'invoice',
  payment_intents: 'payment_intent',
  charges: 'charge',
  refunds: 'refund',
  disputes: 'dispute',
  'radar/early_fraud_warnings': 'radar.early_fraud_warning',
  events: 'event',
};

function read({ store }: Api, [path = '', id = '']: Match, form: Form): object {
  parse(params.Expand, form);
  const kind = kindOfPath[path];
  if (kind === undefined) throw unknownPath('GET', path);
  return store.get(kind, id);
}

const unknownPath = (method: string, path: string): StripeRefusal =>
  new StripeRefusal(404, {
    type: 'invalid_request_error',
    message: `Unrecognized request URL (${method}: /v1/${path}).`,
  });

export function runApi(api: Api, call: ApiCall): object {
  for (const [method, pattern, run] of routes) {
    const match = method === call.method ? pattern.exec(call.path) : null;
    if (match === null) continue;
    const answer = run(api, match.slice(1), call.form);
    return expandIn(api, answer, expandsOf(call.form));
  }
  throw unknownPath(call.method, call.path);
}

function expandsOf({ expand }: Form): readonly string[] {
  return Array.isArray(expand) ? expand.filter((each) => typeof each === 'string') : [];
}

/** A copy in which the named ids are the objects themselves. */
function expandIn(api: Api, answer: object, paths: readonly string[]): object {
  const copy = structuredClone(answer);
  for (const path of paths) expandPath(api, copy, path.split('.'));
  return copy;
}

function expandPath(api: Api, at: unknown, [key, ...rest]: readonly string[]): void {
  if (key === undefined || typeof at !== 'object' || at === null) return;
  if (Array.isArray(at)) {
    for (const each of at) expandPath(api, each, [key, ...rest]);
    return;
  }
  const holder = at as Record<string, unknown>;
  const value = holder[key];
  if (typeof value === 'string') holder[key] = structuredClone(api.store.any(value)) ?? value;
  if (Array.isArray(holder[key])) for (const each of holder[key]) expandPath(api, each, rest);
  else expandPath(api, holder[key], rest);
}
