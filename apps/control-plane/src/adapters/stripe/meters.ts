/**
 * Use to Stripe's Billing Meters. A meter counts by hour and the newest event of an hour takes the place of the others,
 * so an hour's absolute total is sent under a key of hour and revision, and a later revision bears a later time.
 */
import type Stripe from 'stripe';
import { meters } from '../../core/billing/plans.ts';
import type { UsageExporter } from '../../core/billing/ports.ts';
import { ask } from './client.ts';

const lastSecondOfHour = 3_599;

export function stripeMeters(stripe: Stripe): UsageExporter {
  return {
    async export({ customerId, meter, hourMs, units, revision }) {
      await ask(
        stripe.billing.meterEvents.create({
          event_name: meters[meter].lookupKey,
          identifier: `${customerId}:${meter}:${hourMs / 3_600_000}:${revision}`,
          timestamp: hourMs / 1_000 + Math.min(revision, lastSecondOfHour),
          payload: { stripe_customer_id: customerId, value: String(units) },
        }),
      );
    },
  };
}
