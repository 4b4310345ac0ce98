/** What a usage may name beyond tokens at the standard price: each is kept with the receipt, nothing is guessed. */
import { describe, expect, it } from 'vitest';
import { meter } from '../../../../../test/support/metered-text.ts';
import type { UsageFormat } from './usage-meter.ts';

const chatUsage = {
  prompt_tokens: 100,
  completion_tokens: 30,
  total_tokens: 130,
  prompt_tokens_details: { cached_tokens: 64, cache_write_tokens: 16, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 10, audio_tokens: 0 },
};
const responsesUsage = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 64, cache_write_tokens: 16 },
  output_tokens: 30,
  output_tokens_details: { reasoning_tokens: 10 },
  total_tokens: 130,
};
const geminiUsage = {
  promptTokenCount: 80,
  cachedContentTokenCount: 64,
  toolUsePromptTokenCount: 4,
  candidatesTokenCount: 20,
  thoughtsTokenCount: 10,
  totalTokenCount: 114,
  promptTokensDetails: [{ modality: 'TEXT', tokenCount: 80 }],
  trafficType: 'ON_DEMAND',
};

describe('what has no price', () => {
  it.each<[UsageFormat, Record<string, unknown>, string[]]>([
    [
      'anthropic-messages',
      { usage: { input_tokens: 1, output_tokens: 1, service_tier: 'priority', speed: 'fast' } },
      ['service_tier:priority', 'speed:fast'],
    ],
    [
      'anthropic-messages',
      {
        usage: {
          input_tokens: 1,
          output_tokens: 1,
          server_tool_use: { web_search_requests: 2, web_fetch_requests: 0 },
        },
      },
      ['server_tool:web_search_requests'],
    ],
    ['openai-chat', { service_tier: 'priority', usage: chatUsage }, ['service_tier:priority']],
    ['openai-chat', { usage: { ...chatUsage, prompt_tokens_details: { audio_tokens: 5 } } }, ['audio_tokens']],
    [
      'openai-responses',
      { usage: { ...responsesUsage, input_tokens_details: { cache_write_tokens_details: { ttl_12h_tokens: 3 } } } },
      ['cache_write:12h'],
    ],
    ['openai-responses', { service_tier: 'flex', usage: responsesUsage }, ['service_tier:flex']],
    ['anthropic-messages', { usage: { input_tokens: 1, output_tokens: 1, inference_geo: 'us' } }, ['inference_geo:us']],
    [
      'openai-chat',
      {
        usage: {
          ...chatUsage,
          prompt_tokens_details: { video_tokens: 1 },
          completion_tokens_details: { image_tokens: 2 },
        },
      },
      ['video_tokens', 'image_output_tokens'],
    ],
    [
      'openai-chat',
      { usage: { ...chatUsage, server_tool_use: { web_search_requests: 1 } } },
      ['server_tool:web_search_requests'],
    ],
    [
      'google-gemini',
      { usageMetadata: { ...geminiUsage, trafficType: 'ON_DEMAND_FLEX' } },
      ['traffic_type:ON_DEMAND_FLEX'],
    ],
    ['google-gemini', { usageMetadata: { ...geminiUsage, serviceTier: 'priority' } }, ['service_tier:priority']],
    [
      'google-gemini',
      {
        usageMetadata: {
          ...geminiUsage,
          promptTokensDetails: [
            { modality: 'AUDIO', tokenCount: 1 },
            { modality: 'VIDEO', tokenCount: 0 },
          ],
          candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1 }],
        },
      },
      ['audio_tokens', 'image_output_tokens'],
    ],
    ['google-gemini', { usageMetadata: { ...geminiUsage, totalTokenCount: 115 } }, ['tokens_beyond_parts']],
  ])('in an answer of %s is named', (format, body, unpriced) => {
    expect(meter(format, JSON.stringify(body), [], false).unpriced).toEqual(unpriced);
  });

  it.each<[UsageFormat, Record<string, unknown>]>([
    [
      'anthropic-messages',
      { usage: { input_tokens: 1, output_tokens: 1, inference_geo: 'global', speed: 'standard' } },
    ],
    ['openai-chat', { service_tier: 'standard', usage: chatUsage }],
    ['openai-responses', { service_tier: 'default', usage: responsesUsage }],
    ['google-gemini', { usageMetadata: { ...geminiUsage, serviceTier: 'standard' } }],
  ])('does not stand in an ordinary answer of %s', (format, body) => {
    expect(meter(format, JSON.stringify(body), [], false).unpriced).toEqual([]);
  });
});
