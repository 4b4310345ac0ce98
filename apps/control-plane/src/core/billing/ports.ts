/**
 * What the billing services ask of the payment provider and of the place that use is exported to. Types only. Every call
 * that makes something takes a key under which a repeat makes nothing new.
 */
import type { CustomerTruth } from './mirror.ts';
import type { MeterName, Plan } from './plans.ts';

export interface CheckoutSession {
  readonly id: string;
  /** Where the person pays; null once it is over. */
  readonly url: string | null;
  readonly status: 'open' | 'complete' | 'expired';
}

/** What a payment of a checkout came to, read again from the provider. */
export interface PaidCheckout extends CheckoutSession {
  /** Our own row, as the session's metadata names it. */
  readonly checkoutId: string | null;
  readonly customerId: string | null;
  readonly mode: 'payment' | 'subscription' | 'setup';
  readonly paid: boolean;
  readonly amountCents: number;
  readonly paymentIntentId: string | null;
}

export interface InvoiceLine {
  readonly id: string;
  readonly number: string | null;
  readonly status: 'draft' | 'open' | 'paid' | 'uncollectible' | 'void';
  readonly createdMs: number;
  readonly totalCents: number;
  readonly dueCents: number;
  readonly pageUrl: string | null;
  readonly pdfUrl: string | null;
}

export interface InvoicePreview {
  readonly totalCents: number;
  readonly lines: { readonly description: string; readonly amountCents: number }[];
}

export interface RefundTruth {
  readonly id: string;
  readonly paymentIntentId: string | null;
  readonly amountCents: number;
  /** Took place: not failed, not cancelled. */
  readonly done: boolean;
}

export interface HoldTruth {
  readonly id: string;
  readonly customerId: string | null;
  readonly kind: 'dispute' | 'fraud_warning';
  readonly open: boolean;
  /** Lost: what was paid is gone. */
  readonly lostCents: number;
  readonly paymentIntentId: string | null;
}

export interface CheckoutCall {
  readonly customerId: string;
  /** Our row: the key, and how the session leads back to it. */
  readonly checkoutId: string;
  readonly returnUrl: string;
  readonly expiresAtMs: number;
}

export interface PlanChangeCall {
  readonly subscriptionId: string;
  /** The plan's own item. */
  readonly itemId: string;
  readonly plan: Plan;
  /** Paid at once and refused when the card is; else put off to the next invoice. */
  readonly payNow: boolean;
  readonly key: string;
}

export interface BillingProvider {
  customerCreate(who: { orgId: string; name: string; email: string | null }): Promise<string>;
  /** The organisation that a customer of theirs names; null when it names none. */
  customerOrg(customerId: string): Promise<string | null>;
  customerTruth(customerId: string): Promise<CustomerTruth>;
  planCheckout(call: CheckoutCall & { plan: Plan; anchorMs: number }): Promise<CheckoutSession>;
  topUpCheckout(call: CheckoutCall & { cents: number }): Promise<CheckoutSession>;
  checkoutRead(sessionId: string): Promise<PaidCheckout>;
  checkoutExpire(sessionId: string): Promise<CheckoutSession>;
  portal(call: { customerId: string; returnUrl: string; flow: 'home' | 'card' }): Promise<string>;
  planPreview(call: Omit<PlanChangeCall, 'key'> & { customerId: string }): Promise<InvoicePreview>;
  planChange(call: PlanChangeCall): Promise<void>;
  cancelAtPeriodEnd(call: { subscriptionId: string; cancel: boolean; key: string }): Promise<void>;
  cancelNow(call: { subscriptionId: string; key: string }): Promise<void>;
  invoices(customerId: string): Promise<readonly InvoiceLine[]>;
  refundRead(refundId: string): Promise<RefundTruth>;
  holdRead(kind: HoldTruth['kind'], id: string): Promise<HoldTruth>;
}

/** One hour's absolute total of a meter, in the meter's units; a repeat or a later value of the hour takes its place. */
export interface HourTotal {
  readonly customerId: string;
  readonly meter: MeterName;
  readonly hourMs: number;
  readonly units: number;
  /** Rises with each value of this hour. */
  readonly revision: number;
}

export interface UsageExporter {
  export(total: HourTotal): Promise<void>;
}

/** The provider refused or did not answer. `retryable`: the same call may succeed later. */
export class BillingProviderError extends Error {
  readonly retryable: boolean;
  /** The provider's own short code, for the log. */
  readonly code: string;

  constructor(message: string, options: { retryable: boolean; code: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'BillingProviderError';
    this.retryable = options.retryable;
    this.code = options.code;
  }
}
