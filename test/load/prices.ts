/**
 * What the upstream stand-in charges, from the providers' published price lists and with nothing of the tenant worker: whole
 * nano-dollars per token ($3.75 per million tokens is 3,750), so that every cost is a whole number and no sum rounds.
 */
import { z } from 'zod';

const Count = z.number().int().min(0);

/** Tokens of one answer. The four kinds of input are disjoint; `output` includes what was spent on reasoning. */
export const Tokens = z.object({
  plain: Count,
  cacheRead: Count,
  cacheWrite5m: Count,
  cacheWrite1h: Count,
  output: Count,
});
export type Tokens = z.infer<typeof Tokens>;

interface ListPrice {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly output: number;
}

interface ModelPrices {
  readonly base: ListPrice;
  /** For the whole request when all its input is more than this. */
  readonly long: { readonly aboveInput: number; readonly price: ListPrice } | null;
}

const anthropic = (input: number, output: number): ModelPrices => ({
  // A read costs a tenth of the input, a write 1.25 times of it for five minutes and twice of it for an hour.
  base: { input, cacheRead: input / 10, cacheWrite5m: (input * 5) / 4, cacheWrite1h: input * 2, output },
  long: null,
});
/** Writing the cache costs what reading fresh input does; so it is at Google. */
const sameWrites = (input: number, cacheRead: number, output: number): ListPrice => ({
  input,
  cacheRead,
  cacheWrite5m: input,
  cacheWrite1h: input,
  output,
});

/** Hosts of other makers' models: writing the cache has one price. */
const hosted = (input: number, cacheRead: number, cacheWrite: number, output: number): ModelPrices => ({
  base: { input, cacheRead, cacheWrite5m: cacheWrite, cacheWrite1h: cacheWrite, output },
  long: null,
});

const prices: Readonly<Record<string, ModelPrices>> = {
  'claude-sonnet-4-6': anthropic(3_000, 15_000),
  'claude-haiku-4-5': anthropic(1_000, 5_000),
  'claude-opus-4-8': anthropic(5_000, 25_000),
  'gpt-4o': { base: sameWrites(2_500, 1_250, 10_000), long: null },
  'gpt-5-mini': { base: sameWrites(250, 25, 2_000), long: null },
  'gpt-5.5': {
    base: sameWrites(5_000, 500, 30_000),
    long: { aboveInput: 272_000, price: sameWrites(10_000, 1_000, 45_000) },
  },
  'text-embedding-3-small': { base: sameWrites(20, 20, 0), long: null },
  'gemini-2.5-flash-lite': { base: sameWrites(100, 10, 400), long: null },
  'gemini-3-flash-preview': { base: sameWrites(500, 50, 3_000), long: null },
  'gemini-2.5-pro': {
    base: sameWrites(1_250, 125, 10_000),
    long: { aboveInput: 200_000, price: sameWrites(2_500, 250, 15_000) },
  },
  'anthropic/claude-sonnet-4.6': hosted(3_000, 300, 3_750, 15_000),
  'openai/gpt-5-mini': hosted(250, 25, 250, 2_000),
  '@cf/meta/llama-3.3-70b-instruct-fp8-fast': hosted(293, 293, 293, 2_253),
};

export function isListed(model: string): boolean {
  return Object.hasOwn(prices, model);
}

export function allInput(tokens: Tokens): number {
  return tokens.plain + tokens.cacheRead + tokens.cacheWrite5m + tokens.cacheWrite1h;
}

/** Nano-dollars. @throws for a model that is not on the list */
export function listCost(model: string, tokens: Tokens): number {
  const listed = prices[model];
  if (listed === undefined) throw new Error(`no list price of ${model}`);
  const { base, long } = listed;
  const price = long !== null && allInput(tokens) > long.aboveInput ? long.price : base;
  return (
    tokens.plain * price.input +
    tokens.cacheRead * price.cacheRead +
    tokens.cacheWrite5m * price.cacheWrite5m +
    tokens.cacheWrite1h * price.cacheWrite1h +
    tokens.output * price.output
  );
}
