// Invoices, their lines, checkouts, disputes and events in Stripe's shapes, complete by the `stripe` package's types.

import type Stripe from 'stripe';
import { list } from './shapes.ts';

export interface LineParts {
  readonly id: string;
  readonly amount: number;
  readonly description: string;
  readonly quantity: number;
  readonly from: number;
  readonly to: number;
  readonly subscription: string | null;
}

export function invoiceLine({ from, to, ...of }: LineParts, invoice: string): Stripe.InvoiceLineItem {
  return {
    ...of,
    object: 'line_item',
    currency: 'usd',
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice,
    livemode: false,
    metadata: {},
    parent: null,
    period: { end: to, start: from },
    pretax_credit_amounts: [],
    pricing: null,
    quantity_decimal: null,
    subtotal: of.amount,
    taxes: [],
  };
}

export interface InvoiceParts {
  readonly id: string;
  readonly created: number;
  readonly customer: string;
  readonly reason: Stripe.Invoice.BillingReason;
  readonly lines: readonly LineParts[];
  readonly from: number;
  readonly to: number;
  readonly subscription: string | null;
  readonly finalizesAt: number | null;
  readonly pageUrl: string;
}

export function invoice(of: InvoiceParts): Stripe.Invoice {
  const total = of.lines.reduce((sum, { amount }) => sum + amount, 0);
  const due = Math.max(0, total);
  return {
    id: of.id,
    object: 'invoice',
    account_country: 'US',
    account_name: 'Tidepool (stand-in)',
    account_tax_ids: null,
    amount_due: due,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: due,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: true,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    automatically_finalizes_at: of.finalizesAt,
    billing_reason: of.reason,
    collection_method: 'charge_automatically',
    created: of.created,
    currency: 'usd',
    custom_fields: null,
    customer: of.customer,
    customer_account: null,
    customer_address: null,
    customer_email: null,
    customer_name: null,
    customer_phone: null,
    customer_shipping: null,
    customer_tax_exempt: 'none',
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    due_date: null,
    effective_at: null,
    ending_balance: null,
    footer: null,
    from_invoice: null,
    hosted_invoice_url: of.pageUrl,
    invoice_pdf: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    lines: list(
      of.lines.map((line) => invoiceLine(line, of.id)),
      `/v1/invoices/${of.id}/lines`,
    ),
    livemode: false,
    metadata: {},
    next_payment_attempt: null,
    number: null,
    on_behalf_of: null,
    parent:
      of.subscription === null
        ? null
        : {
            quote_details: null,
            subscription_details: { metadata: {}, subscription: of.subscription },
            type: 'subscription_details',
          },
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: of.to,
    period_start: of.from,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: 0,
    statement_descriptor: null,
    status: 'draft',
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subtotal: total,
    subtotal_excluding_tax: total,
    test_clock: null,
    total,
    total_discount_amounts: [],
    total_excluding_tax: total,
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: null,
  };
}

export interface SessionParts {
  readonly id: string;
  readonly created: number;
  readonly mode: 'payment' | 'subscription';
  readonly customer: string;
  readonly expires_at: number;
  readonly metadata: Stripe.Metadata;
  readonly success_url: string;
  readonly cancel_url: string | null;
  readonly url: string;
  readonly amountCents: number;
}

export function session({ amountCents, ...of }: SessionParts): Stripe.Checkout.Session {
  return {
    ...of,
    object: 'checkout.session',
    adaptive_pricing: null,
    after_expiration: null,
    allow_promotion_codes: null,
    allowed_payment_method_types: null,
    amount_subtotal: amountCents,
    amount_total: amountCents,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: null,
    client_reference_id: null,
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    currency: 'usd',
    currency_conversion: null,
    custom_fields: [],
    custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
    customer_account: null,
    customer_creation: null,
    customer_details: null,
    customer_email: null,
    discounts: [],
    integration_identifier: null,
    invoice: null,
    invoice_creation: null,
    livemode: false,
    locale: null,
    managed_payments: null,
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: 'always',
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: ['card'],
    payment_status: 'unpaid',
    permissions: null,
    recovered_from: null,
    saved_payment_method_options: null,
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'open',
    submit_type: null,
    subscription: null,
    total_details: null,
    ui_mode: null,
    wallet_options: null,
  };
}

export function portalSession(of: {
  id: string;
  created: number;
  customer: string;
  return_url: string | null;
  url: string;
}): Stripe.BillingPortal.Session {
  return {
    ...of,
    object: 'billing_portal.session',
    configuration: 'bpc_standin',
    customer_account: null,
    flow: null,
    livemode: false,
    locale: null,
    on_behalf_of: null,
  };
}

export function dispute(of: {
  id: string;
  created: number;
  amount: number;
  charge: string;
  payment_intent: string | null;
}): Stripe.Dispute {
  return {
    ...of,
    object: 'dispute',
    balance_transactions: [],
    currency: 'usd',
    enhanced_eligibility_types: [],
    evidence: {} as Stripe.Dispute.Evidence, // Nobody reads it here; its 28 fields are all null.
    evidence_details: {
      due_by: null,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'manual',
    },
    intended_submission_method: null,
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    reason: 'fraudulent',
    status: 'needs_response',
  };
}

export function fraudWarning(of: { id: string; created: number; charge: string }): Stripe.Radar.EarlyFraudWarning {
  return { ...of, object: 'radar.early_fraud_warning', actionable: true, fraud_type: 'misc', livemode: false };
}

export function meterEvent(of: {
  created: number;
  event_name: string;
  identifier: string;
  payload: Record<string, string>;
  timestamp: number;
}): Stripe.Billing.MeterEvent {
  return { ...of, object: 'billing.meter_event', livemode: false };
}

/** The package's event is a union of every type with its object; here both come in at run time. */
export function event(of: {
  id: string;
  created: number;
  type: string;
  object: unknown;
  apiVersion: string;
}): Stripe.Event {
  const base = {
    id: of.id,
    object: 'event',
    api_version: of.apiVersion,
    created: of.created,
    data: { object: of.object },
    livemode: false,
    pending_webhooks: 1,
    request: null,
    type: of.type,
  } satisfies Record<Exclude<keyof Stripe.EventBase, 'account' | 'context'>, unknown>;
  return base as unknown as Stripe.Event;
}
