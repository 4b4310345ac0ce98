/** Billing of an organisation, over the API: what it has, what it may choose, and the way to Stripe's own pages. */
import { z } from 'zod';
import type { Endpoint } from './endpoint.ts';
import { OrgId } from './ids.ts';

const Instant = z.iso.datetime();
const Nano = z.number().int();
const Cents = z.number().int();

export const PlanView = z.object({
  id: z.string(),
  name: z.string(),
  monthlyCents: Cents,
  includedAiNanoUsd: Nano,
  includedAwakeMs: z.number().int(),
  assistantsMax: z.number().int(),
  keepAwake: z.boolean(),
  payAsYouGo: z.boolean(),
});
export type PlanView = z.infer<typeof PlanView>;

/** The plans that are sold. */
export const PlanChoice = z.enum(['pool', 'reef']);
export type PlanChoice = z.infer<typeof PlanChoice>;

export const Billing = z.object({
  /** `off`: nothing is charged and no plan ends; `stand_in`: the local stand-in, no money moves. */
  mode: z.enum(['off', 'stand_in', 'live']),
  plan: PlanView,
  choices: z.array(PlanView.extend({ id: PlanChoice })),
  service: z.object({
    kind: z.enum(['operator', 'trial', 'active', 'grace', 'restricted', 'suspended', 'frozen', 'deleted']),
    since: Instant.nullable(),
    why: z.enum(['trial_ended', 'unpaid', 'cancelled']).nullable(),
    next: z.object({ kind: z.enum(['restricted', 'suspended', 'deleted']), at: Instant }).nullable(),
    step: z.enum(['none', 'choose_plan', 'fix_payment', 'contact_us']),
  }),
  mayCreate: z.object({ allowed: z.boolean(), reason: z.string().nullable() }),
  period: z.string(),
  used: z.object({ aiNanoUsd: Nano, awakeMs: z.number().int(), assistants: z.number().int() }),
  aiLimitNanoUsd: Nano,
  /** What the organisation allows itself of it; null = all. */
  budgetNanoUsd: Nano.nullable(),
  awakeLimitMs: z.number().int().nullable(),
  balanceNanoUsd: Nano,
  /** Above the plan, on the next invoice; and how far that may go. */
  above: z.object({
    aiNanoUsd: Nano,
    awakeMinutes: z.number().int(),
    limitNanoUsd: Nano,
    /** Set by its people; otherwise it is the plan's own. */
    limitIsOwn: z.boolean(),
    planLimitNanoUsd: Nano,
  }),
  awakeMinuteNanoUsd: Nano,
  /** What this month comes to so far, plan included; null where nothing is charged. */
  estimateCents: Cents.nullable(),
  subscription: z
    .object({
      renewsAt: Instant,
      endsAt: Instant.nullable(),
      dueCents: Cents,
      payUrl: z.url().nullable(),
      nextAttemptAt: Instant.nullable(),
    })
    .nullable(),
  card: z.object({ brand: z.string(), last4: z.string() }).nullable(),
  /** A top-up, in cents. */
  topUpsCents: z.array(Cents),
  /** When Stripe was last read; null when it was never. */
  asOf: Instant.nullable(),
});
export type Billing = z.infer<typeof Billing>;

export const Invoice = z.object({
  id: z.string(),
  number: z.string().nullable(),
  status: z.enum(['draft', 'open', 'paid', 'uncollectible', 'void']),
  at: Instant,
  totalCents: Cents,
  dueCents: Cents,
  pageUrl: z.string().nullable(),
  pdfUrl: z.string().nullable(),
});
export type Invoice = z.infer<typeof Invoice>;

const params = z.object({ orgId: OrgId });
const Redirect = z.object({ url: z.url() });

/** What can be topped up at once: enough to matter, little enough to regret. */
export const topUpsCents = [500, 1_000, 2_500, 10_000] as const;

/** Ten thousand dollars a month above the plan: more than that is arranged with us. */
export const overageMaxNanoUsd = 10_000_000_000_000;

export const billingEndpoints = {
  billingRead: {
    method: 'get',
    path: '/api/v1/orgs/{orgId}/billing',
    summary: "The organisation's plan, what it includes and what was used, and what comes next",
    permission: 'billing:read',
    params,
    status: 200,
    response: Billing,
  },
  invoiceList: {
    method: 'get',
    path: '/api/v1/orgs/{orgId}/billing/invoices',
    summary: 'The newest 24 invoices, newest first',
    permission: 'billing:read',
    params,
    status: 200,
    response: z.object({ items: z.array(Invoice) }),
  },
  billingRefresh: {
    method: 'post',
    path: '/api/v1/orgs/{orgId}/billing/refresh',
    audit: { none: 'Reads the payment provider; changes nothing that anybody asked for.' },
    summary: 'Read again what was paid, as after a checkout',
    permission: 'billing:read',
    params,
    status: 200,
    response: Billing,
  },
  checkoutCreate: {
    method: 'post',
    path: '/api/v1/orgs/{orgId}/billing/checkouts',
    audit: 'billing.checkout',
    summary: 'Begin to pay for a plan; the answer is where',
    permission: 'billing:manage',
    params,
    body: z.strictObject({ plan: PlanChoice }),
    status: 201,
    response: Redirect,
    idempotent: true,
  },
  topUpCreate: {
    method: 'post',
    path: '/api/v1/orgs/{orgId}/billing/top-ups',
    audit: 'billing.top_up',
    summary: 'Begin to pay for prepaid balance; the answer is where',
    permission: 'billing:manage',
    params,
    body: z.strictObject({
      cents: z
        .number()
        .int()
        .refine((n) => topUpsCents.some((each) => each === n)),
    }),
    status: 201,
    response: Redirect,
    idempotent: true,
  },
  portalCreate: {
    method: 'post',
    path: '/api/v1/orgs/{orgId}/billing/portal',
    audit: { none: "Leads to the payment provider's own page, which keeps its own record." },
    summary: "The payment provider's own page: card, address, invoices",
    permission: 'billing:manage',
    params,
    body: z.strictObject({ flow: z.enum(['home', 'card']).default('home') }),
    bodyOptional: true,
    status: 201,
    response: Redirect,
  },
  planPreview: {
    method: 'get',
    path: '/api/v1/orgs/{orgId}/billing/plan-preview',
    summary: 'What a change of plan costs or gives back',
    permission: 'billing:manage',
    params,
    query: z.object({ plan: PlanChoice }),
    status: 200,
    response: z.object({
      payNow: z.boolean(),
      totalCents: Cents,
      lines: z.array(z.object({ description: z.string(), amountCents: Cents })),
    }),
  },
  planChange: {
    method: 'put',
    path: '/api/v1/orgs/{orgId}/billing/plan',
    audit: 'billing.plan',
    summary: 'Change the plan: up is paid at once, down is credited on the next invoice',
    permission: 'billing:manage',
    params,
    body: z.strictObject({ plan: PlanChoice }),
    status: 200,
    response: Billing,
  },
  planEnd: {
    method: 'put',
    path: '/api/v1/orgs/{orgId}/billing/ending',
    audit: 'billing.end',
    summary: 'Let the plan end with what is paid, or take that back',
    permission: 'billing:manage',
    params,
    body: z.strictObject({ end: z.boolean() }),
    status: 200,
    response: Billing,
  },
  overageUpdate: {
    method: 'put',
    path: '/api/v1/orgs/{orgId}/billing/overage',
    audit: 'billing.overage',
    summary: 'How much may be run up above the plan in a month; null = as the plan says',
    permission: 'billing:manage',
    params,
    body: z.strictObject({ limitNanoUsd: z.number().int().min(0).max(overageMaxNanoUsd).nullable() }),
    status: 200,
    response: Billing,
  },
} as const satisfies Record<string, Endpoint>;
