/**
 * What one model request used, in our own words, the same for every provider.
 * The four input kinds are disjoint and add up to all input; `reasoning` is a part of `output`.
 */

export interface TokenUsage {
  /** Input billed at the full price. Excludes everything read from or written to a prompt cache. */
  readonly input: number;
  /** Input read from a prompt cache. */
  readonly cacheRead: number;
  /** Input written to a prompt cache with the provider's default lifetime (Anthropic 5 min, OpenAI 30 min). */
  readonly cacheWrite5m: number;
  /** Input written to a prompt cache for one hour (Anthropic only). */
  readonly cacheWrite1h: number;
  /** Everything generated, reasoning included. */
  readonly output: number;
  /** The part of `output` spent on reasoning. Shown, never priced by itself. */
  readonly reasoning: number;
}

/** A count above this is not a count: the usage is refused as unreadable. */
export const TOKENS_MAX = 1_000_000_000;

export const noUsage: TokenUsage = {
  input: 0,
  cacheRead: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  output: 0,
  reasoning: 0,
};

/** All input, cached or not: what a person calls "tokens in", and what decides the long-context tier. */
export function inputTokensTotal(usage: TokenUsage): number {
  return usage.input + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
}

/** A token count from outside, or null when it is not one. */
export function parseTokens(value: unknown): number | null {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return null;
  return value >= 0 && value <= TOKENS_MAX ? value : null;
}
