// Everything the stand-in remembers: Stripe's objects by id, and beside them what Stripe would know and not show. Plain
// data, so that it can be kept in a file between starts.

import type Stripe from 'stripe';

/** The objects, by the word in their `object` field. Each is kept with ids in the place of other objects. */
export interface Kinds {
  customer: Stripe.Customer;
  product: Stripe.Product;
  price: Stripe.Price;
  payment_method: Stripe.PaymentMethod;
  'checkout.session': Stripe.Checkout.Session;
  subscription: Stripe.Subscription;
  invoice: Stripe.Invoice;
  payment_intent: Stripe.PaymentIntent;
  charge: Stripe.Charge;
  refund: Stripe.Refund;
  dispute: Stripe.Dispute;
  'radar.early_fraud_warning': Stripe.Radar.EarlyFraudWarning;
  event: Stripe.Event;
}
export type Kind = keyof Kinds;
type AnyObject = Kinds[Kind];

export interface PendingItem {
  readonly customerId: string;
  readonly subscriptionId: string | null;
  readonly amountCents: number;
  readonly description: string;
}

export interface UsageEvent {
  readonly identifier: string;
  readonly meter: string;
  readonly customerId: string;
  readonly atSeconds: number;
  readonly value: number;
}

export interface StateData {
  version: 1;
  nextId: number;
  /** The test clock's lead over the real one. */
  aheadMs: number;
  objects: Record<string, AnyObject>;
  /** Card numbers, by payment method. */
  cards: Record<string, string>;
  /** What an open checkout will do, by session. */
  checkouts: Record<string, CheckoutPlan>;
  meters: { readonly id: string; readonly object: string; readonly event_name: string; readonly status: string }[];
  pendingItems: PendingItem[];
  usage: UsageEvent[];
  /** Answers by idempotency key. */
  answers: Record<string, { readonly request: string; readonly status: number; readonly body: string }>;
  /** Ids of events that are not delivered yet, with what was tried. */
  undelivered: { readonly eventId: string; readonly attempts: number; readonly notBeforeMs: number }[];
}

export interface CheckoutPlan {
  readonly priceIds: readonly string[];
  readonly anchorSeconds: number | null;
  readonly subscriptionMetadata: Record<string, string>;
  readonly paymentMetadata: Record<string, string>;
  readonly lines: readonly { readonly name: string; readonly cents: number }[];
}

export function emptyState(): StateData {
  return {
    version: 1,
    nextId: 1,
    aheadMs: 0,
    objects: {},
    cards: {},
    checkouts: {},
    meters: [],
    pendingItems: [],
    usage: [],
    answers: {},
    undelivered: [],
  };
}

/** A refusal in Stripe's shape. */
export class StripeRefusal extends Error {
  readonly status: number;
  readonly body: Readonly<Record<string, string>>;

  constructor(
    status: number,
    body: Readonly<Record<string, string>> & { readonly type: string; readonly message: string },
  ) {
    super(body.message);
    this.status = status;
    this.body = body;
  }
}

export class Store {
  readonly data: StateData;
  readonly #realNowMs: () => number;

  constructor(data: StateData, realNowMs: () => number) {
    this.data = data;
    this.#realNowMs = realNowMs;
  }

  nowSeconds(): number {
    return Math.floor(this.nowMs() / 1_000);
  }

  nowMs(): number {
    return this.#realNowMs() + this.data.aheadMs;
  }

  id(prefix: string): string {
    const n = this.data.nextId++;
    return `${prefix}_standin${String(n).padStart(8, '0')}`;
  }

  put<T extends AnyObject>(object: T): T {
    if (object.id === undefined) throw new Error('an object without an id cannot be kept');
    this.data.objects[object.id] = object;
    return object;
  }

  find<K extends Kind>(kind: K, id: string): Kinds[K] | null {
    const found = this.data.objects[id];
    // Kept by this class under the kind that its `object` field names.
    return found?.object === kind ? (found as Kinds[K]) : null;
  }

  get<K extends Kind>(kind: K, id: string): Kinds[K] {
    const found = this.find(kind, id);
    if (found !== null) return found;
    throw new StripeRefusal(404, {
      type: 'invalid_request_error',
      code: 'resource_missing',
      message: `No such ${kind}: '${id}'`,
      param: 'id',
    });
  }

  /** Newest first, as Stripe lists. */
  all<K extends Kind>(kind: K): Kinds[K][] {
    return (Object.values(this.data.objects).filter((each) => each.object === kind) as Kinds[K][]).toReversed();
  }

  /** Any object, for `expand`. */
  any(id: string): AnyObject | null {
    return this.data.objects[id] ?? null;
  }
}
