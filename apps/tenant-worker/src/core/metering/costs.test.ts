/**
 * Thirty answers and what they cost, worked out by hand: nothing on the right is computed by the code under test. Prices
 * in nano-dollars per token stand in the line before each group; a dollar per million tokens is 1,000 of them.
 */
import { describe, expect, it } from 'vitest';
import { costNanoUsd } from './price.ts';
import { findPrice, priceTableAt, priceTables } from './price-table.ts';
import type { AiProvider } from './ai-route.ts';
import { createUsageMeter, type UsageFormat } from './usage-meter.ts';

const nowMs = Date.parse('2026-11-21T12:00:00Z');

type Usage = Readonly<Record<string, unknown>>;
type Row = readonly [name: string, model: string, usage: Usage, byHand: number, nanoUsd: number];

/** What the customer is charged for an answer with this usage. */
function charged(provider: AiProvider, format: UsageFormat, model: string, usage: Usage): number {
  const meter = createUsageMeter(format, false);
  const body = format === 'google-gemini' ? { usageMetadata: usage } : { id: 'x', model, usage };
  meter.push(new TextEncoder().encode(JSON.stringify(body)));
  const read = meter.finish();
  const priced = findPrice(priceTableAt(priceTables, nowMs), provider, model, nowMs);
  if (!read.usage || !priced) throw new Error(`${model} has no usage or no price`);
  expect(read.unpriced).toEqual([]);
  return costNanoUsd(read.usage, priced.price);
}

function anthropic(input: number, output: number, more: Usage = {}): Usage {
  return { input_tokens: input, output_tokens: output, service_tier: 'standard', ...more };
}

function chat(prompt: number, completion: number, input: Usage = {}, output: Usage = {}): Usage {
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    prompt_tokens_details: input,
    completion_tokens_details: output,
  };
}

function responses(input: number, output: number, details: Usage = {}, made: Usage = {}): Usage {
  return { input_tokens: input, output_tokens: output, input_tokens_details: details, output_tokens_details: made };
}

function gemini(prompt: number, made: number, more: Usage = {}): Usage {
  return { promptTokenCount: prompt, candidatesTokenCount: made, ...more };
}

const tables: readonly (readonly [AiProvider, UsageFormat, readonly Row[]])[] = [
  [
    'anthropic',
    'anthropic-messages',
    [
      // claude-sonnet-4-6: input 3000, cache read 300, write 3750, write for an hour 6000, output 15000
      ['no cache', 'claude-sonnet-4-6', anthropic(1_000, 500), 1_000 * 3_000 + 500 * 15_000, 10_500_000],
      [
        'every kind of input',
        'claude-sonnet-4-6',
        anthropic(25, 60, {
          cache_creation_input_tokens: 1_000,
          cache_read_input_tokens: 5_000,
          cache_creation: { ephemeral_5m_input_tokens: 600, ephemeral_1h_input_tokens: 400 },
        }),
        25 * 3_000 + 5_000 * 300 + 600 * 3_750 + 400 * 6_000 + 60 * 15_000,
        7_125_000,
      ],
      [
        'a long context that costs no more',
        'claude-sonnet-4-6',
        anthropic(300_000, 1_000),
        300_000 * 3_000 + 1_000 * 15_000,
        915_000_000,
      ],
      // claude-sonnet-4-5: the same to 200,000 tokens of input; above, twice for input and 22500 for output
      ['the last token', 'claude-sonnet-4-5', anthropic(200_000, 1), 200_000 * 3_000 + 15_000, 600_015_000],
      ['one past it', 'claude-sonnet-4-5', anthropic(200_001, 1), 200_001 * 6_000 + 22_500, 1_200_028_500],
      [
        'past it with what the cache gave',
        'claude-sonnet-4-5',
        anthropic(150_000, 0, { cache_read_input_tokens: 50_001 }),
        150_000 * 6_000 + 50_001 * 600,
        930_000_600,
      ],
      // claude-haiku-4-5: input 1000, write 1250, write for an hour 2000, output 5000
      [
        'thoughts are output',
        'claude-haiku-4-5',
        anthropic(100, 1_000, { output_tokens_details: { thinking_tokens: 900 } }),
        100 * 1_000 + 1_000 * 5_000,
        5_100_000,
      ],
      [
        'writes without their sum',
        'claude-haiku-4-5-20251001',
        anthropic(1, 2, { cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 } }),
        1 * 1_000 + 10 * 1_250 + 20 * 2_000 + 2 * 5_000,
        63_500,
      ],
      // claude-opus-5-5: input 4000, cache read 200, output 20000
      [
        'mostly from the cache',
        'claude-opus-5-5',
        anthropic(12, 800, { cache_read_input_tokens: 180_000 }),
        12 * 4_000 + 180_000 * 200 + 800 * 20_000,
        52_048_000,
      ],
    ],
  ],
  [
    'openai',
    'openai-chat',
    [
      // gpt-4o: input 2500, cached 1250, output 10000
      [
        'cached input is a part of the prompt',
        'gpt-4o',
        chat(1_000, 200, { cached_tokens: 512 }),
        488 * 2_500 + 512 * 1_250 + 200 * 10_000,
        3_860_000,
      ],
      // gpt-4o-mini: input 150, output 600
      ['the smallest answer', 'gpt-4o-mini', chat(1, 1), 150 + 600, 750],
      // o3: input 2000, output 8000
      ['reasoning is output', 'o3', chat(10, 100, {}, { reasoning_tokens: 64 }), 10 * 2_000 + 100 * 8_000, 820_000],
    ],
  ],
  [
    'openai',
    'openai-responses',
    [
      // gpt-5.5: input 5000, output 30000; from 272,000 tokens of input 10000 and 45000
      ['the last token', 'gpt-5.5', responses(271_999, 10), 271_999 * 5_000 + 10 * 30_000, 1_360_295_000],
      ['one past it', 'gpt-5.5-2026-04-23', responses(272_000, 10), 272_000 * 10_000 + 10 * 45_000, 2_720_450_000],
      // gpt-5.6-sol since 2026-08-21: input 4000, cached 400, written to the cache 5000, output 20000
      [
        'a cache that is written and read',
        'gpt-5.6-sol',
        responses(2_000, 300, { cached_tokens: 1_000, cache_write_tokens: 500 }, { reasoning_tokens: 250 }),
        500 * 4_000 + 1_000 * 400 + 500 * 5_000 + 300 * 20_000,
        10_900_000,
      ],
      // gpt-6-luna: input 100, output 500; above 272,000 tokens 200 and 750
      ['at the edge', 'gpt-6-luna', responses(272_000, 0), 272_000 * 100, 27_200_000],
      ['over the edge', 'gpt-6-luna', responses(272_001, 3), 272_001 * 200 + 3 * 750, 54_402_450],
    ],
  ],
  [
    'openai',
    'openai-embeddings',
    // text-embedding-3-small: input 20
    [['embeddings', 'text-embedding-3-small', { prompt_tokens: 8, total_tokens: 8 }, 8 * 20, 160]],
  ],
  [
    'google',
    'google-gemini',
    [
      // gemini-2.5-flash: input 300, cached 30, output 2500
      [
        'cached input and thoughts',
        'gemini-2.5-flash',
        gemini(1_000, 100, { cachedContentTokenCount: 400, thoughtsTokenCount: 300, totalTokenCount: 1_400 }),
        600 * 300 + 400 * 30 + 400 * 2_500,
        1_192_000,
      ],
      [
        'what tools gave back is input',
        'gemini-2.5-flash',
        gemini(100, 10, { toolUsePromptTokenCount: 50 }),
        150 * 300 + 10 * 2_500,
        70_000,
      ],
      // gemini-2.5-pro: input 1250, output 10000; above 200,000 tokens 2500 and 15000
      ['the last token', 'gemini-2.5-pro', gemini(200_000, 10), 200_000 * 1_250 + 10 * 10_000, 250_100_000],
      ['one past it', 'gemini-2.5-pro', gemini(200_001, 10), 200_001 * 2_500 + 10 * 15_000, 500_152_500],
      // gemini-3.6-flash until the end of 2026: input 750, output 3750
      ['a price until a day', 'gemini-3.6-flash', gemini(3, 1), 3 * 750 + 3_750, 6_000],
      // gemini-1.5-flash: input 75, cached 18.75, output 300: rounded up once
      [
        'less than a nano-dollar',
        'gemini-1.5-flash',
        gemini(2, 1, { cachedContentTokenCount: 1 }),
        75 + 18.75 + 300 + 0.25,
        394,
      ],
    ],
  ],
  [
    'openrouter',
    'openai-chat',
    [
      // anthropic/claude-sonnet-4.6: input 3000, cached 300, written 3750, output 15000. Its own `cost` is not ours.
      [
        'by the table and not by its own word',
        'anthropic/claude-sonnet-4.6',
        { ...chat(100, 10, { cached_tokens: 60, cache_write_tokens: 20 }), cost: 9 },
        20 * 3_000 + 60 * 300 + 20 * 3_750 + 10 * 15_000,
        303_000,
      ],
      // deepseek/deepseek-v3.2-exp: input 270, output 410; no price of its own for cached input
      [
        'cached input at the price of input',
        'deepseek/deepseek-v3.2-exp',
        chat(1_000, 10, { cached_tokens: 500 }),
        1_000 * 270 + 10 * 410,
        274_100,
      ],
      // google/gemini-2.5-pro: input 1250, cached 310, output 10000
      [
        'the same model at another price',
        'google/gemini-2.5-pro',
        chat(10, 7, { cached_tokens: 4 }),
        6 * 1_250 + 4 * 310 + 7 * 10_000,
        78_740,
      ],
    ],
  ],
  [
    'workers-ai',
    'openai-chat',
    [
      // @cf/meta/llama-3.3-70b-instruct-fp8-fast: input 293, output 2253
      ['a model of Llama', '@cf/meta/llama-3.3-70b-instruct-fp8-fast', chat(100, 20), 100 * 293 + 20 * 2_253, 74_360],
      // @cf/moonshotai/kimi-k2.6: input 950, cached 160, output 4000
      [
        'from the cache',
        '@cf/moonshotai/kimi-k2.6',
        chat(1_000, 50, { cached_tokens: 900 }),
        100 * 950 + 900 * 160 + 50 * 4_000,
        439_000,
      ],
      // @cf/openai/gpt-oss-120b: input 350, output 750
      ['an open model', '@cf/openai/gpt-oss-120b', chat(3, 5), 3 * 350 + 5 * 750, 4_800],
    ],
  ],
];

describe('the cost by hand', () => {
  it('is worked out for thirty answers', () => {
    expect(tables.flatMap(([, , rows]) => rows)).toHaveLength(30);
  });

  for (const [provider, format, rows] of tables) {
    it.each(rows)(`${provider} ${format}: %s (%s)`, (_name, model, usage, byHand, nanoUsd) => {
      expect(byHand).toBe(nanoUsd);
      expect(charged(provider, format, model, usage)).toBe(nanoUsd);
    });
  }
});
