// New objects in Stripe's shapes, complete as the `stripe` package's types have them: a field that is missing or
// misspelt does not compile. Each builder takes what differs.

import type Stripe from 'stripe';

/** On the wire a decimal is a string; the package makes its own class of it when it reads one. */
const decimal = (text: string): Stripe.Decimal => text as unknown as Stripe.Decimal;

interface Made {
  readonly id: string;
  readonly created: number;
}

export function customer(
  of: Made & { name: string | null; email: string | null; metadata: Stripe.Metadata },
): Stripe.Customer {
  return {
    ...of,
    object: 'customer',
    balance: 0,
    default_source: null,
    delinquent: false,
    description: null,
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: false,
    shipping: null,
  };
}

export function product(of: Made & { name: string }): Stripe.Product {
  return {
    ...of,
    object: 'product',
    active: true,
    description: null,
    images: [],
    livemode: false,
    marketing_features: [],
    metadata: {},
    package_dimensions: null,
    shippable: null,
    tax_details: null,
    type: 'service',
    updated: of.created,
    url: null,
  };
}

export interface PriceParts extends Made {
  readonly product: string;
  readonly currency: string;
  readonly lookup_key: string | null;
  readonly unitAmount: number | null;
  readonly unitDecimal: string;
  readonly recurring: { readonly interval: 'month'; readonly meter: string | null } | null;
}

export function price({ unitAmount, unitDecimal, recurring, ...of }: PriceParts): Stripe.Price {
  return {
    ...of,
    object: 'price',
    active: true,
    billing_scheme: 'per_unit',
    custom_unit_amount: null,
    livemode: false,
    metadata: {},
    nickname: null,
    recurring:
      recurring === null
        ? null
        : {
            interval: recurring.interval,
            interval_count: 1,
            meter: recurring.meter,
            trial_period_days: null,
            usage_type: recurring.meter === null ? 'licensed' : 'metered',
          },
    tax_behavior: 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: recurring === null ? 'one_time' : 'recurring',
    unit_amount: unitAmount,
    unit_amount_decimal: decimal(unitDecimal),
  };
}

function plan(of: Stripe.Price): Stripe.Plan {
  return {
    id: of.id,
    object: 'plan',
    active: true,
    amount: of.unit_amount,
    amount_decimal: of.unit_amount_decimal,
    billing_scheme: 'per_unit',
    created: of.created,
    currency: of.currency,
    interval: 'month',
    interval_count: 1,
    livemode: false,
    metadata: {},
    meter: of.recurring?.meter ?? null,
    nickname: null,
    product: of.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: of.recurring?.usage_type ?? 'licensed',
  };
}

export function subscriptionItem(
  of: Made & { price: Stripe.Price; subscription: string; from: number; to: number },
): Stripe.SubscriptionItem {
  return {
    id: of.id,
    object: 'subscription_item',
    billing_thresholds: null,
    created: of.created,
    current_period_end: of.to,
    current_period_start: of.from,
    current_trial: null,
    discounts: [],
    metadata: {},
    plan: plan(of.price),
    price: of.price,
    ...(of.price.recurring?.usage_type === 'metered' ? {} : { quantity: 1 }),
    subscription: of.subscription,
    tax_rates: [],
  };
}

export interface SubscriptionParts extends Made {
  readonly customer: string;
  readonly items: Stripe.SubscriptionItem[];
  readonly billing_cycle_anchor: number;
  readonly default_payment_method: string | null;
  readonly metadata: Stripe.Metadata;
}

export function subscription({ items, ...of }: SubscriptionParts): Stripe.Subscription {
  return {
    ...of,
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor_config: null,
    billing_mode: { flexible: { proration_discounts: 'included' }, type: 'flexible' },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: 'charge_automatically',
    currency: 'usd',
    customer_account: null,
    days_until_due: null,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: 'self' },
    },
    items: list(items, '/v1/subscription_items'),
    latest_invoice: null,
    livemode: false,
    managed_payments: null,
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: null,
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: of.created,
    status: 'incomplete',
    test_clock: null,
    transfer_data: null,
    trial_end: null,
    trial_settings: null,
    trial_start: null,
  };
}

/** A page of a list, in the package's own shape. */
export function list<T>(data: T[], url: string, hasMore = false): Stripe.ApiList<T> {
  return { object: 'list', data, has_more: hasMore, url };
}

export function paymentMethod(of: Made & { customer: string; number: string }): Stripe.PaymentMethod {
  const { number, ...made } = of;
  return {
    ...made,
    object: 'payment_method',
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    card: {
      brand: number.startsWith('5') ? 'mastercard' : 'visa',
      checks: null,
      country: 'US',
      display_brand: null,
      exp_month: 12,
      exp_year: 2034,
      funding: 'credit',
      generated_from: null,
      last4: number.slice(-4),
      networks: null,
      regulated_status: null,
      three_d_secure_usage: null,
      wallet: null,
    },
    customer_account: null,
    livemode: false,
    metadata: {},
    type: 'card',
  };
}

export function paymentIntent(
  of: Made & { amount: number; customer: string; payment_method: string; metadata: Stripe.Metadata },
): Stripe.PaymentIntent {
  return {
    ...of,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount_capturable: 0,
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic',
    client_secret: null,
    confirmation_method: 'automatic',
    currency: 'usd',
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    next_action: null,
    on_behalf_of: null,
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: ['card'],
    payment_record: null,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: 'requires_payment_method',
    transfer_group: null,
  };
}

export function charge(
  of: Made & { amount: number; customer: string; payment_intent: string; payment_method: string; paid: boolean },
): Stripe.Charge {
  return {
    ...of,
    object: 'charge',
    amount_captured: of.paid ? of.amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    calculated_statement_descriptor: null,
    captured: of.paid,
    currency: 'usd',
    description: null,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: of.paid ? null : 'card_declined',
    failure_message: of.paid ? null : 'Your card was declined.',
    fraud_details: null,
    livemode: false,
    metadata: {},
    on_behalf_of: null,
    outcome: null,
    payment_method_details: null,
    receipt_email: null,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: of.paid ? 'succeeded' : 'failed',
    transfer_data: null,
    transfer_group: null,
  };
}

export function refund(of: Made & { amount: number; charge: string; payment_intent: string }): Stripe.Refund {
  return {
    ...of,
    object: 'refund',
    balance_transaction: null,
    currency: 'usd',
    customer: null,
    customer_account: null,
    metadata: {},
    payment_method: null,
    reason: 'requested_by_customer',
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'succeeded',
    transfer_reversal: null,
  };
}
