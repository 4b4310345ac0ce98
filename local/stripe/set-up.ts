/**
 * What a Stripe account needs for this product: a product and price per plan of every edition, a meter and metered price
 * for each thing that is counted above a plan. Found by lookup key and event name, made where it is missing, never
 * changed: a price that differs is said and left, because people pay it.
 */
import type Stripe from 'stripe';
import { editions, lookupKeyOf, meters, paidPlanIds } from '../../apps/control-plane/src/core/billing/plans.ts';

export interface SetUpLine {
  readonly what: string;
  readonly state: 'there' | 'missing' | 'made' | 'differs';
}

/** Looks, and with `apply` makes what is missing. */
export async function setUpStripe(stripe: Stripe, { apply }: { readonly apply: boolean }): Promise<SetUpLine[]> {
  const lines: SetUpLine[] = [];
  for (const { plans } of editions) {
    for (const plan of paidPlanIds.map((id) => plans[id])) {
      lines.push(
        await price(stripe, apply, {
          key: lookupKeyOf(plan),
          name: `Tidepool ${plan.name}`,
          amount: { unit_amount: plan.monthlyCents },
          differs: (found) => found.unit_amount !== plan.monthlyCents,
          recurring: { interval: 'month' },
        }),
      );
    }
  }
  const known = await stripe.billing.meters.list({ limit: 100 });
  for (const meter of Object.values(meters)) {
    const found = known.data.find(({ event_name: name, status }) => name === meter.lookupKey && status === 'active');
    const made = found ?? (apply ? await makeMeter(stripe, meter) : null);
    lines.push({
      what: `meter ${meter.lookupKey}`,
      state: found !== undefined ? 'there' : made === null ? 'missing' : 'made',
    });
    lines.push(
      await price(stripe, apply && made !== null, {
        key: meter.lookupKey,
        name: meter.name,
        amount: { unit_amount_decimal: meter.unitCents as unknown as Stripe.Decimal }, // Sent as text.
        differs: (price) => Number(price.unit_amount_decimal) !== Number(meter.unitCents),
        recurring: { interval: 'month', usage_type: 'metered', ...(made === null ? {} : { meter: made.id }) },
      }),
    );
  }
  return lines;
}

function makeMeter(stripe: Stripe, meter: (typeof meters)[keyof typeof meters]): Promise<Stripe.Billing.Meter> {
  return stripe.billing.meters.create(
    {
      display_name: meter.name,
      event_name: meter.lookupKey,
      // An hour's newest value takes the place of the others: what is sent is absolute.
      event_time_window: 'hour',
      default_aggregation: { formula: 'sum' },
      customer_mapping: { type: 'by_id', event_payload_key: 'stripe_customer_id' },
      value_settings: { event_payload_key: 'value' },
    },
    { idempotencyKey: `set-up:meter:${meter.lookupKey}` },
  );
}

interface PriceWanted {
  readonly key: string;
  readonly name: string;
  readonly amount: Pick<Stripe.PriceCreateParams, 'unit_amount' | 'unit_amount_decimal'>;
  readonly differs: (found: Stripe.Price) => boolean;
  readonly recurring: Stripe.PriceCreateParams['recurring'];
}

async function price(stripe: Stripe, apply: boolean, wanted: PriceWanted): Promise<SetUpLine> {
  const what = `price ${wanted.key}`;
  const [found] = (await stripe.prices.list({ lookup_keys: [wanted.key], active: true, limit: 1 })).data;
  if (found !== undefined) return { what, state: wanted.differs(found) ? 'differs' : 'there' };
  if (!apply) return { what, state: 'missing' };
  await stripe.prices.create(
    {
      currency: 'usd',
      lookup_key: wanted.key,
      product_data: { name: wanted.name },
      recurring: wanted.recurring,
      ...wanted.amount,
    },
    { idempotencyKey: `set-up:price:${wanted.key}` },
  );
  return { what, state: 'made' };
}
