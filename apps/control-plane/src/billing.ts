/** Billing as this deployment has it: the provider, where use is exported to, and how its messages are signed. */
import { createStripe } from './adapters/stripe/client.ts';
import type { StripeClientOptions } from './adapters/stripe/client.ts';
import { stripeMeters } from './adapters/stripe/meters.ts';
import { stripeProvider } from './adapters/stripe/provider.ts';
import type { BillingProvider, UsageExporter } from './core/billing/ports.ts';
import type { StripeConfig } from './env.ts';

export interface Billing {
  readonly provider: BillingProvider;
  readonly exporter: UsageExporter;
  /** The present one, and the one before while they are changed. */
  readonly webhookSecrets: readonly string[];
  /** The local stand-in: no money moves. */
  readonly standIn: boolean;
}

/** `options` take the place of the network, for tests. */
export function createBilling(
  config: StripeConfig,
  options: Pick<StripeClientOptions, 'fetch' | 'retriesMax'> = {},
): Billing {
  const stripe = createStripe({ ...config, ...options });
  return {
    provider: stripeProvider(stripe, { tax: config.tax }),
    exporter: config.meters ? stripeMeters(stripe) : { export: () => Promise.resolve() },
    webhookSecrets: config.webhookSecrets,
    standIn: config.standIn,
  };
}
