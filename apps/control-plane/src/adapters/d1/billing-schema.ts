/**
 * The tables of billing. `billing_account` is an organisation's copy of what Stripe says and the service state made of
 * it; money that came in is in `credit_entry`, append-only. docs/billing.md says whose word counts.
 */
import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

/** One organisation's billing. The row is there before a customer is asked for. */
export const billingAccount = sqliteTable(
  'billing_account',
  {
    orgId: text('org_id').primaryKey(),
    /** Stripe's id; null until there is one. */
    customerId: text('customer_id').unique(),
    trialEndsAtMs: integer('trial_ends_at_ms').notNull(),
    /** What Stripe said last (JSON), of which reading, and when that reading began. */
    mirror: text('mirror').notNull(),
    readSeq: integer('read_seq').notNull().default(0),
    mirrorSeq: integer('mirror_seq').notNull().default(0),
    mirrorAtMs: integer('mirror_at_ms').notNull().default(0),
    /** The service state (JSON); `version` orders its changes. */
    service: text('service').notNull(),
    serviceKind: text('service_kind').notNull(),
    version: integer('version').notNull().default(0),
    /** When time alone changes something next. */
    lookAgainAtMs: integer('look_again_at_ms').notNull(),
    /** What may be run up on the invoice; null = as the plan says. */
    overageNanoUsd: integer('overage_nano_usd'),
    /** What its assistants may spend on AI in a month, below what the plan allows; null = as the plan allows. */
    budgetNanoUsd: integer('budget_nano_usd'),
    createdAtMs: integer('created_at_ms').notNull(),
  },
  (t) => [index('billing_account_look_again').on(t.lookAgainAtMs)],
);

/** A checkout, before Stripe is asked for its page. One for a plan is open at a time. */
export const billingCheckout = sqliteTable(
  'billing_checkout',
  {
    id: text('id').primaryKey(),
    orgId: text('org_id').notNull(),
    kind: text('kind').notNull(),
    /** The plan's price, or the cents of a top-up. */
    planKey: text('plan_key'),
    cents: integer('cents'),
    state: text('state').notNull(),
    sessionId: text('session_id').unique(),
    url: text('url'),
    createdAtMs: integer('created_at_ms').notNull(),
    expiresAtMs: integer('expires_at_ms').notNull(),
  },
  (t) => [
    uniqueIndex('billing_checkout_open_plan')
      .on(t.orgId)
      .where(sql`kind = 'plan' AND state = 'open'`),
    index('billing_checkout_org').on(t.orgId, t.id),
  ],
);

/** What Stripe told us happened: which object to read again. Its content is not kept. */
export const stripeEvent = sqliteTable(
  'stripe_event',
  {
    id: text('id').primaryKey(),
    type: text('type').notNull(),
    objectId: text('object_id').notNull(),
    customerId: text('customer_id'),
    createdAtMs: integer('created_at_ms').notNull(),
    receivedAtMs: integer('received_at_ms').notNull(),
    /** pending, done, ignored, failed */
    state: text('state').notNull(),
    attempts: integer('attempts').notNull().default(0),
    nextAtMs: integer('next_at_ms').notNull(),
    problem: text('problem'),
  },
  (t) => [
    index('stripe_event_pending')
      .on(t.nextAtMs)
      .where(sql`state = 'pending'`),
    index('stripe_event_received').on(t.receivedAtMs),
  ],
);

/** Money in and back out, once per payment. Append-only: a trigger refuses changes. */
export const creditEntry = sqliteTable(
  'credit_entry',
  {
    /** Kind and the provider's id of the payment, refund or dispute. */
    id: text('id').primaryKey(),
    orgId: text('org_id').notNull(),
    /** Below zero where it went back. */
    nanoUsd: integer('nano_usd').notNull(),
    /** What it belongs to: a refund finds its top-up by it. */
    paymentId: text('payment_id').notNull(),
    atMs: integer('at_ms').notNull(),
  },
  (t) => [index('credit_entry_org').on(t.orgId, t.atMs), index('credit_entry_payment').on(t.paymentId)],
);

/** Disputes and warnings of fraud, as Stripe said last, and which of them staff let go. */
export const billingHold = sqliteTable(
  'billing_hold',
  {
    id: text('id').primaryKey(),
    orgId: text('org_id').notNull(),
    kind: text('kind').notNull(),
    open: integer('open', { mode: 'boolean' }).notNull(),
    atMs: integer('at_ms').notNull(),
    /** When staff let it go: from then on it holds nothing, whatever Stripe says of it. */
    releasedAtMs: integer('released_at_ms'),
  },
  (t) => [
    index('billing_hold_org').on(t.orgId),
    index('billing_hold_open')
      .on(t.atMs)
      .where(sql`open = 1 AND released_at_ms IS NULL`),
  ],
);

/** How a month's use was shared out; absolute, made anew while the month can change. */
export const billingMonth = sqliteTable(
  'billing_month',
  {
    orgId: text('org_id').notNull(),
    period: text('period').notNull(),
    planKey: text('plan_key').notNull(),
    aiNanoUsd: integer('ai_nano_usd').notNull(),
    awakeMs: integer('awake_ms').notNull(),
    prepaidNanoUsd: integer('prepaid_nano_usd').notNull(),
    billedAiNanoUsd: integer('billed_ai_nano_usd').notNull(),
    billedAwakeMinutes: integer('billed_awake_minutes').notNull(),
    atMs: integer('at_ms').notNull(),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.period] })],
);

/** What is exported of an hour, absolute; sent again while `sent` is behind `revision`. */
export const usageHour = sqliteTable(
  'usage_hour',
  {
    orgId: text('org_id').notNull(),
    meter: text('meter').notNull(),
    hourMs: integer('hour_ms').notNull(),
    period: text('period').notNull(),
    units: integer('units').notNull(),
    revision: integer('revision').notNull(),
    sent: integer('sent').notNull().default(0),
  },
  (t) => [
    primaryKey({ columns: [t.orgId, t.meter, t.hourMs] }),
    index('usage_hour_unsent')
      .on(t.hourMs)
      .where(sql`sent < revision`),
    index('usage_hour_period').on(t.orgId, t.meter, t.period),
  ],
);
