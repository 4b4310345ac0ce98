// What each request may say: strict schemas, so that a parameter nobody knows is refused as Stripe refuses it, and each
// checked against the type of the `stripe` package that it stands for. Everything arrives as text.

import type Stripe from 'stripe';
import { z } from 'zod';

const int = z.coerce.number().int();
const bool = z.enum(['true', 'false']).transform((text) => text === 'true');
const id = z.string().min(1).max(255);
const metadata = z.record(z.string(), z.string());
const expand = z.array(z.string()).optional();

/** Holds at compile time only: what the schema gives is what the package would send. */
type Accepts<Params, Schema extends z.ZodType> = z.output<Schema> extends Partial<Params> ? Schema : never;
const accepts =
  <Params>() =>
  <Schema extends z.ZodType>(schema: Accepts<Params, Schema>): Schema =>
    schema;

export const CustomerCreate = accepts<Stripe.CustomerCreateParams>()(
  z.strictObject({
    payment_method: id.optional(),
    invoice_settings: z.strictObject({ default_payment_method: id }).optional(),
    name: z.string().optional(),
    email: z.string().optional(),
    description: z.string().optional(),
    metadata: metadata.optional(),
  }),
);

export const ProductCreate = accepts<Stripe.ProductCreateParams>()(
  z.strictObject({ name: z.string(), description: z.string().optional(), metadata: metadata.optional() }),
);

export const PriceCreate = accepts<Stripe.PriceCreateParams>()(
  z.strictObject({
    currency: z.string(),
    unit_amount: int.optional(),
    product: id.optional(),
    lookup_key: z.string().optional(),
    nickname: z.string().optional(),
    unit_amount_decimal: z
      .string()
      .transform((text) => text as unknown as Stripe.Decimal) // Text on the wire.
      .optional(),
    recurring: z
      .strictObject({
        interval: z.literal('month'),
        usage_type: z.enum(['metered', 'licensed']).optional(),
        meter: id.optional(),
      })
      .optional(),
    product_data: z.strictObject({ name: z.string() }).optional(),
  }),
);

const shipping = z.strictObject({
  name: z.string(),
  address: z.strictObject({
    line1: z.string(),
    postal_code: z.string(),
    city: z.string(),
    state: z.string(),
    country: z.string(),
  }),
});
const lineItem = z.strictObject({
  price: id.optional(),
  quantity: int.optional(),
  price_data: z
    .strictObject({
      currency: z.string(),
      unit_amount: int,
      product_data: z.strictObject({ name: z.string() }),
    })
    .optional(),
});

export const SessionCreate = accepts<Stripe.Checkout.SessionCreateParams>()(
  z.strictObject({
    mode: z.enum(['payment', 'subscription']),
    customer: id.optional(),
    line_items: z.array(lineItem).min(1).max(20),
    success_url: z.string(),
    cancel_url: z.string().optional(),
    expires_at: int.optional(),
    metadata: metadata.optional(),
    automatic_tax: z.strictObject({ enabled: bool }).optional(),
    customer_update: z.strictObject({ address: z.enum(['auto', 'never']), name: z.enum(['auto', 'never']) }).optional(),
    tax_id_collection: z.strictObject({ enabled: bool }).optional(),
    payment_method_collection: z.enum(['always', 'if_required']).optional(),
    invoice_creation: z.strictObject({ enabled: bool }).optional(),
    payment_intent_data: z.strictObject({ metadata: metadata.optional(), shipping: shipping.optional() }).optional(),
    subscription_data: z
      .strictObject({
        billing_cycle_anchor: int.optional(),
        proration_behavior: z.enum(['create_prorations', 'none']).optional(),
        metadata: metadata.optional(),
      })
      .optional(),
  }),
);
export type SessionCreate = z.output<typeof SessionCreate>;

export const PortalCreate = accepts<Stripe.BillingPortal.SessionCreateParams>()(
  z.strictObject({
    customer: id,
    return_url: z.string().optional(),
    flow_data: z.strictObject({ type: z.literal('payment_method_update') }).optional(),
  }),
);

const prorations = z.enum(['always_invoice', 'create_prorations', 'none']);

export const SubscriptionCreate = accepts<Stripe.SubscriptionCreateParams>()(
  z.strictObject({
    customer: id,
    items: z.array(z.strictObject({ price: id, quantity: int.optional() })).min(1),
    metadata: metadata.optional(),
  }),
);

export const SubscriptionUpdate = accepts<Stripe.SubscriptionUpdateParams>()(
  z.strictObject({
    items: z
      .array(z.strictObject({ id, price: id }))
      .length(1)
      .optional(),
    proration_behavior: prorations.optional(),
    payment_behavior: z.enum(['error_if_incomplete', 'allow_incomplete', 'pending_if_incomplete']).optional(),
    cancel_at_period_end: bool.optional(),
    default_payment_method: id.optional(),
    metadata: metadata.optional(),
  }),
);

export const SubscriptionList = accepts<Stripe.SubscriptionListParams>()(
  z.strictObject({ customer: id.optional(), status: z.string().optional(), limit: int.optional(), expand }),
);

export const PriceList = accepts<Stripe.PriceListParams>()(
  z.strictObject({
    lookup_keys: z.array(z.string()).max(10).optional(),
    active: bool.optional(),
    limit: int.optional(),
    expand,
  }),
);

export const InvoiceList = accepts<Stripe.InvoiceListParams>()(
  z.strictObject({ customer: id.optional(), limit: int.optional(), expand }),
);

export const InvoicePreview = accepts<Stripe.InvoiceCreatePreviewParams>()(
  z.strictObject({
    customer: id,
    subscription: id,
    subscription_details: z
      .strictObject({ items: z.array(z.strictObject({ id, price: id })).length(1), proration_behavior: prorations })
      .optional(),
  }),
);

export const MeterEventCreate = accepts<Stripe.Billing.MeterEventCreateParams>()(
  z.strictObject({
    event_name: z.string(),
    identifier: z.string().min(1).max(100),
    timestamp: int,
    payload: z.strictObject({ stripe_customer_id: id, value: z.string().regex(/^\d{1,15}$/) }),
  }),
);

export const RefundCreate = accepts<Stripe.RefundCreateParams>()(
  z.strictObject({ charge: id.optional(), payment_intent: id.optional(), amount: int.optional() }),
);

export const Expand = z.strictObject({ expand });
