/**
 * The Stripe library, bounded: a deadline and few retries on every call, and its failures as ours. The library takes an
 * answer of any status without an `error` for success, so what comes back is checked: an object of Stripe's, or it failed.
 */
import { Stripe } from 'stripe';
import { BillingProviderError } from '../../core/billing/ports.ts';

export interface StripeClientOptions {
  readonly secretKey: string;
  /** Where the API is when not at Stripe: the local stand-in. */
  readonly apiBase: string | null;
  /** In place of the network, and how often a call is tried again by itself, for tests. */
  readonly fetch?: typeof fetch;
  readonly retriesMax?: number;
}

const deadlineMs = 10_000;
const defaultRetriesMax = 2;

export function createStripe({ secretKey, apiBase, fetch: given, retriesMax }: StripeClientOptions): Stripe {
  const at = apiBase === null ? null : new URL(apiBase);
  const protocol = at?.protocol === 'http:' ? 'http' : 'https';
  return new Stripe(secretKey, {
    timeout: deadlineMs,
    maxNetworkRetries: retriesMax ?? defaultRetriesMax,
    telemetry: false,
    httpClient: Stripe.createFetchHttpClient(given ?? ((...of: Parameters<typeof fetch>) => fetch(...of))),
    ...(at === null
      ? {}
      : { protocol, host: at.hostname, port: at.port === '' ? (protocol === 'http' ? 80 : 443) : at.port }),
  });
}

type Answer<T> = T & { readonly lastResponse?: { readonly statusCode: number } };

/**
 * One call.
 * @throws BillingProviderError
 */
export async function ask<T extends { readonly object: string }>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (error) {
    throw toProviderError(error);
  }
  const status = answer.lastResponse?.statusCode ?? 200;
  if (status >= 300 || typeof answer.object !== 'string') {
    throw new BillingProviderError('The payment provider gave an answer that is none.', {
      retryable: true,
      code: `status_${status}`,
    });
  }
  return answer;
}

function toProviderError(error: unknown): BillingProviderError {
  const { errors } = Stripe;
  if (!(error instanceof errors.StripeError)) {
    return new BillingProviderError('The payment provider could not be asked.', {
      retryable: true,
      code: 'unknown',
      cause: error,
    });
  }
  const retryable =
    error instanceof errors.StripeConnectionError ||
    error instanceof errors.StripeRateLimitError ||
    error instanceof errors.StripeIdempotencyError ||
    (error instanceof errors.StripeAPIError && (error.statusCode ?? 500) >= 500);
  // Its message may repeat what a person typed; the codes are Stripe's own words.
  const code = error.decline_code ?? error.code ?? error.type;
  return new BillingProviderError(`The payment provider refused: ${code}`, { retryable, code });
}
