/**
 * What tokens cost. Prices are integer pico-USD (1e-12 USD) per token, costs integer nano-USD (1e-9 USD).
 * A request is rounded up once, as a whole, so that rounding costs a customer less than one nano-dollar a request.
 */
import { inputTokensTotal, type TokenUsage } from './usage.ts';

/** Pico-USD per token of each kind. Three dollars per million tokens is 3,000,000. */
export interface TokenRates {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly output: number;
}

/** The rates that hold for the whole request when all its input is more than `aboveInputTokens`. */
export interface LongContextRates extends TokenRates {
  readonly aboveInputTokens: number;
}

export interface ModelPrice {
  readonly base: TokenRates;
  /** Ascending by `aboveInputTokens`; usually empty. */
  readonly longContext: readonly LongContextRates[];
}

const PICO_PER_NANO = 1000n;

/** The rates for a request with this much input: one tier for all of it, not a part per tier. */
export function ratesFor(price: ModelPrice, inputTokens: number): TokenRates {
  let rates: TokenRates = price.base;
  for (const tier of price.longContext) {
    if (inputTokens > tier.aboveInputTokens) rates = tier;
  }
  return rates;
}

/** The cost of one request in nano-USD, rounded up. Throws when it is not a safe integer: no real request is. */
export function costNanoUsd(usage: TokenUsage, price: ModelPrice): number {
  const rates = ratesFor(price, inputTokensTotal(usage));
  const pico =
    BigInt(usage.input) * BigInt(rates.input) +
    BigInt(usage.cacheRead) * BigInt(rates.cacheRead) +
    BigInt(usage.cacheWrite5m) * BigInt(rates.cacheWrite5m) +
    BigInt(usage.cacheWrite1h) * BigInt(rates.cacheWrite1h) +
    BigInt(usage.output) * BigInt(rates.output);
  const nano = Number((pico + PICO_PER_NANO - 1n) / PICO_PER_NANO);
  if (!Number.isSafeInteger(nano)) throw new RangeError('a request costs more than 9 million dollars');
  return nano;
}
