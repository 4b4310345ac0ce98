/**
 * The most a request can cost: what is reserved before the upstream is called. A true bound, not a guess:
 * a token of text is at least one byte, the answer is limited by a maximum that we set when the client does not,
 * and what cannot be seen from here is bounded by the model's whole context.
 */
import type { ContentScan } from './content-scan.ts';
import { ratesFor } from './price.ts';
import { dearestInputRate, type Priced } from './price-table.ts';
import type { AiProvider } from './ai-route.ts';

export interface HoldInput {
  readonly provider: AiProvider;
  readonly priced: Priced;
  readonly bodyBytes: number;
  readonly content: ContentScan;
  readonly outputTokensMax: number;
  /** Answers to one request (OpenAI's `n`). */
  readonly choices: number;
  readonly cacheWrites: 'none' | '5m' | '1h';
}

/** What a provider adds by itself: the system text for tools, turn markers. Anthropic documents up to about 700. */
const OVERHEAD_TOKENS = 2_000;

/**
 * The most tokens of one image: Anthropic's high-resolution limit, the tiles of OpenAI's gpt-4o-mini, Google's 258 for
 * each of at most 16 tiles (it scales down to 3072 pixels) or 2,240 at its highest resolution. The others host models of
 * every maker.
 */
const imageTokensMax: Record<AiProvider, number> = {
  anthropic: 5_000,
  openai: 50_000,
  google: 5_000,
  openrouter: 50_000,
  'workers-ai': 50_000,
};

/** For a model whose context the price source does not state: above every model served today. */
const CONTEXT_TOKENS_MAX = 2_000_000;

/** The most input tokens that the request can have. */
export function inputTokensBound(input: HoldInput): number {
  const context = input.priced.contextTokens ?? CONTEXT_TOKENS_MAX;
  if (input.content.unbounded) return context;
  const textBytes = Math.max(0, input.bodyBytes - input.content.inlineChars);
  return Math.min(context, textBytes + input.content.images * imageTokensMax[input.provider] + OVERHEAD_TOKENS);
}

/** Nano-USD to reserve, rounded up. */
export function holdNanoUsd(input: HoldInput): number {
  const { inputPico, outputPicoPerToken } = bounds(input);
  const nano = Number((inputPico + outputPicoPerToken * BigInt(input.outputTokensMax) + 999n) / 1000n);
  if (!Number.isSafeInteger(nano)) throw new RangeError('a request could cost more than 9 million dollars');
  return nano;
}

/** The longest answer that `availableNanoUsd` pays for whatever the input turns out to be; negative when none. */
export function affordableOutputTokens(input: HoldInput, availableNanoUsd: number): number {
  const { inputPico, outputPicoPerToken } = bounds(input);
  if (outputPicoPerToken === 0n) return input.outputTokensMax;
  return Number((BigInt(availableNanoUsd) * 1000n - inputPico) / outputPicoPerToken);
}

function bounds(input: HoldInput): { inputPico: bigint; outputPicoPerToken: bigint } {
  const inputTokens = inputTokensBound(input);
  const rates = ratesFor(input.priced.price, inputTokens);
  return {
    inputPico: BigInt(inputTokens) * BigInt(dearestInputRate(rates, input.cacheWrites)),
    outputPicoPerToken: BigInt(input.choices) * BigInt(rates.output),
  };
}
