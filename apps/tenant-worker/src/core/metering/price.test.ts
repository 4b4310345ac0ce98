import { calcPrice } from '@pydantic/genai-prices';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { costNanoUsd, ratesFor, type ModelPrice } from './price.ts';
import { inputTokensTotal, noUsage, type TokenUsage } from './usage.ts';

const sonnet: ModelPrice = {
  base: { input: 3_000_000, cacheRead: 300_000, cacheWrite5m: 3_750_000, cacheWrite1h: 6_000_000, output: 15_000_000 },
  longContext: [],
};
const tiered: ModelPrice = {
  base: { input: 5_000_000, cacheRead: 500_000, cacheWrite5m: 5_000_000, cacheWrite1h: 5_000_000, output: 30_000_000 },
  longContext: [
    {
      aboveInputTokens: 271_999,
      input: 10_000_000,
      cacheRead: 1_000_000,
      cacheWrite5m: 10_000_000,
      cacheWrite1h: 10_000_000,
      output: 45_000_000,
    },
  ],
};

const tokens = fc.integer({ min: 0, max: 2_000_000 });
const anyUsage: fc.Arbitrary<TokenUsage> = fc
  .record({ input: tokens, cacheRead: tokens, cacheWrite5m: tokens, cacheWrite1h: tokens, output: tokens })
  .map((usage) => ({ ...usage, reasoning: Math.floor(usage.output / 2) }));

describe('costNanoUsd', () => {
  it.each<[string, Partial<TokenUsage>, ModelPrice, number]>([
    ['nothing used costs nothing', {}, sonnet, 0],
    ['one input token', { input: 1 }, sonnet, 3000],
    ['one output token', { output: 1 }, sonnet, 15_000],
    ['a cache read at a tenth', { cacheRead: 10 }, sonnet, 3000],
    [
      'every kind at once',
      { input: 25, cacheRead: 5000, cacheWrite5m: 600, cacheWrite1h: 400, output: 60 },
      sonnet,
      7_125_000,
    ],
    ['reasoning is not charged twice', { output: 100, reasoning: 90 }, sonnet, 1_500_000],
    ['the last token of the short context', { input: 271_999, output: 1 }, tiered, 1_360_025_000],
    ['one past it: the whole request moves', { input: 272_000, output: 1 }, tiered, 2_720_045_000],
    ['cached input counts towards the tier', { input: 1, cacheRead: 271_999 }, tiered, 272_009_000],
  ])('%s', (_name, usage, price, nano) => {
    expect(costNanoUsd({ ...noUsage, ...usage }, price)).toBe(nano);
  });

  it('rounds up once, for the request and not for each kind', () => {
    const fine: ModelPrice = {
      base: { input: 100, cacheRead: 100, cacheWrite5m: 100, cacheWrite1h: 100, output: 100 },
      longContext: [],
    };
    expect(costNanoUsd({ ...noUsage, input: 1 }, fine)).toBe(1);
    expect(costNanoUsd({ ...noUsage, input: 5, output: 5 }, fine)).toBe(1);
    expect(costNanoUsd({ ...noUsage, input: 5, output: 6 }, fine)).toBe(2);
  });

  it('never costs less for more', () => {
    fc.assert(
      fc.property(anyUsage, anyUsage, fc.constantFrom(sonnet, tiered), (a, b, price) => {
        const sum: TokenUsage = {
          input: a.input + b.input,
          cacheRead: a.cacheRead + b.cacheRead,
          cacheWrite5m: a.cacheWrite5m + b.cacheWrite5m,
          cacheWrite1h: a.cacheWrite1h + b.cacheWrite1h,
          output: a.output + b.output,
          reasoning: 0,
        };
        expect(costNanoUsd(sum, price)).toBeGreaterThanOrEqual(Math.max(costNanoUsd(a, price), costNanoUsd(b, price)));
      }),
    );
  });

  it('agrees with an independent calculation on any usage', () => {
    fc.assert(
      fc.property(anyUsage, (usage) => {
        const independent = calcPrice(
          {
            input_tokens: inputTokensTotal(usage),
            cache_read_tokens: usage.cacheRead,
            cache_write_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
            cache_write_1h_tokens: usage.cacheWrite1h,
            output_tokens: usage.output,
          },
          'claude-sonnet-4-6',
          { providerId: 'anthropic', timestamp: new Date('2026-11-21') },
        );
        expect(costNanoUsd(usage, sonnet)).toBe(Math.round((independent?.total_price ?? Number.NaN) * 1e9));
      }),
    );
  });

  it('refuses a cost that an integer cannot hold', () => {
    const absurd: ModelPrice = { base: { ...sonnet.base, output: Number.MAX_SAFE_INTEGER }, longContext: [] };
    expect(() => costNanoUsd({ ...noUsage, output: 1_000_000_000 }, absurd)).toThrow(RangeError);
  });
});

describe('ratesFor', () => {
  it('takes the highest tier reached', () => {
    const two: ModelPrice = {
      base: sonnet.base,
      longContext: [
        { aboveInputTokens: 100, ...sonnet.base, input: 1 },
        { aboveInputTokens: 200, ...sonnet.base, input: 2 },
      ],
    };
    expect([100, 101, 200, 201].map((input) => ratesFor(two, input).input)).toEqual([3_000_000, 1, 1, 2]);
  });
});
