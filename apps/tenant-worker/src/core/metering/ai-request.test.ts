import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAiRequest, type AiRequest } from './ai-request.ts';
import type { AiRefusal } from './ai-error.ts';
import { findRoute, parseProvider, type AiProvider } from './ai-route.ts';
import { filterAnthropicBeta } from './anthropic-request.ts';
import { costNanoUsd } from './price.ts';

const nowMs = Date.parse('2026-11-21T12:00:00Z');
const paths: Record<string, [AiProvider, string]> = {
  messages: ['anthropic', '/v1/messages'],
  chat: ['openai', '/chat/completions'],
  responses: ['openai', '/responses'],
  embeddings: ['openai', '/embeddings'],
};

function parse(to: string, body: unknown): AiRequest | AiRefusal {
  const [provider, path] = paths[to] ?? ['openai', ''];
  const route = findRoute(provider, 'POST', path);
  if (!route) throw new Error('no route');
  const bodyText = typeof body === 'string' ? body : JSON.stringify(body);
  const parsed = parseAiRequest({ route, bodyText, bodyBytes: Buffer.byteLength(bodyText), nowMs });
  return parsed.ok ? parsed.value : parsed.error;
}

function accepted(to: string, body: unknown): AiRequest {
  const parsed = parse(to, body);
  if ('code' in parsed) throw new Error(parsed.detail);
  return parsed;
}

function sent(to: string, body: unknown): Record<string, unknown> {
  return JSON.parse(accepted(to, body).asked.body) as Record<string, unknown>;
}

const message = [{ role: 'user', content: 'Hello' }];
const anthropic = { model: 'claude-sonnet-4-6', max_tokens: 1000, messages: message };
const chat = { model: 'gpt-4o', messages: message };
const responses = { model: 'gpt-5.5', input: 'Hello' };

describe('findRoute', () => {
  it.each<[AiProvider, string, string | null]>([
    ['anthropic', '/v1/messages', '/v1/messages'],
    ['anthropic', '/messages', '/v1/messages'],
    ['openai', '/chat/completions', '/chat/completions'],
    ['openai', '/v1/chat/completions', '/chat/completions'],
    ['openai', '/responses', '/responses'],
    ['openai', '/v1/responses', '/responses'],
    ['openai', '/v1/embeddings', '/embeddings'],
    ['anthropic', '/chat/completions', null],
    ['openai', '/v1/messages', null],
    ['anthropic', '/v1/messages/', null],
    ['anthropic', '/v1/messages/count_tokens', null],
    ['anthropic', '/v1/messages/batches', null],
    ['anthropic', '/v1//messages', null],
    ['anthropic', '/v1/%6dessages', null],
    ['openai', '/v1/responses/resp_1', null],
    ['openai', '/v1/files', null],
    ['openai', '/constructor', null],
  ])('%s %s goes to %s', (provider, path, upstreamPath) => {
    expect(findRoute(provider, 'POST', path)?.upstreamPath ?? null).toBe(upstreamPath);
  });

  it('opens POST only, and only known providers', () => {
    expect(findRoute('anthropic', 'GET', '/v1/messages')).toBeNull();
    expect(['anthropic', 'openai', 'Anthropic', '', '__proto__'].map(parseProvider)).toEqual([
      'anthropic',
      'openai',
      null,
      null,
      null,
    ]);
  });
});

describe('what is refused', () => {
  it.each<[string, string, unknown, AiRefusal['code']]>([
    ['no JSON', 'messages', '{', 'ai_request_invalid'],
    ['no object', 'messages', '[]', 'ai_request_invalid'],
    ['no model', 'messages', { max_tokens: 1 }, 'ai_request_invalid'],
    ['an unpriced model', 'messages', { ...anthropic, model: 'claude-99' }, 'ai_model_unpriced'],
    ["the other provider's model", 'messages', { ...anthropic, model: 'gpt-4o' }, 'ai_model_unpriced'],
    ['no bound on an Anthropic answer', 'messages', { ...anthropic, max_tokens: undefined }, 'ai_request_invalid'],
    ['a bound of zero', 'messages', { ...anthropic, max_tokens: 0 }, 'ai_request_invalid'],
    ['a bound that is no number', 'chat', { ...chat, max_tokens: '9' }, 'ai_request_invalid'],
    ['a bound that is no integer', 'responses', { ...responses, max_output_tokens: 1.5 }, 'ai_request_invalid'],
    [
      "Anthropic's web search",
      'messages',
      { ...anthropic, tools: [{ type: 'web_search_20260318', name: 'w' }] },
      'ai_not_supported',
    ],
    [
      "Anthropic's code execution",
      'messages',
      { ...anthropic, tools: [{ type: 'code_execution_20260521', name: 'c' }] },
      'ai_not_supported',
    ],
    ["OpenAI's web search", 'responses', { ...responses, tools: [{ type: 'web_search' }] }, 'ai_not_supported'],
    ["OpenAI's hosted MCP", 'responses', { ...responses, tools: [{ type: 'mcp' }] }, 'ai_not_supported'],
    ['chat web search', 'chat', { ...chat, web_search_options: {} }, 'ai_not_supported'],
    ['spoken answers', 'chat', { ...chat, modalities: ['text', 'audio'] }, 'ai_not_supported'],
    ['too many choices', 'chat', { ...chat, n: 9 }, 'ai_request_invalid'],
    ['a stored conversation', 'responses', { ...responses, previous_response_id: 'resp_1' }, 'ai_request_invalid'],
    ['a background answer', 'responses', { ...responses, background: true }, 'ai_not_supported'],
    ['a stored prompt', 'responses', { ...responses, prompt: { id: 'p' } }, 'ai_not_supported'],
    ['a stored item', 'responses', { ...responses, input: [{ type: 'item_reference', id: 'x' }] }, 'ai_not_supported'],
    [
      "a stored file, which may be another tenant's",
      'messages',
      {
        ...anthropic,
        messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'file', file_id: 'f' } }] }],
      },
      'ai_not_supported',
    ],
    [
      'a stored image',
      'responses',
      { ...responses, input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'f' }] }] },
      'ai_not_supported',
    ],
    [
      'sound',
      'chat',
      { ...chat, messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: '' } }] }] },
      'ai_not_supported',
    ],
  ])('%s', (_name, to, body, code) => {
    expect(parse(to, body)).toMatchObject({ code });
  });

  it('says so in sentences and never shows back what is not plain text', () => {
    const refusal = parse('messages', { ...anthropic, model: 'claude-\u202e\n<b>' });
    expect(refusal).toEqual({
      code: 'ai_model_unpriced',
      detail: 'The model "claude-??<b>" of anthropic has no price in Tidepool, so it was not called.',
      next: 'Choose another model in the assistant settings, or ask the operator to add its price.',
    });
  });
});

describe('what goes upstream', () => {
  it('leaves out what changes the price or is unknown, and lists it', () => {
    const request = {
      ...anthropic,
      service_tier: 'auto',
      speed: 'fast',
      inference_geo: 'us',
      mcp_servers: [],
      new_thing: 1,
    };
    expect(accepted('messages', request).ignored).toEqual([
      'service_tier',
      'speed',
      'inference_geo',
      'mcp_servers',
      'new_thing',
    ]);
    expect(sent('messages', request)).toEqual({ ...anthropic, service_tier: 'standard_only' });
  });

  it('asks OpenAI for the standard tier and the standard lifetime of its cache', () => {
    for (const [to, body] of [
      ['chat', chat],
      ['responses', responses],
    ] as const) {
      const dearer = { ...body, service_tier: 'priority', prompt_cache_options: { ttl: '12h' }, speed: 'fast' };
      expect(accepted(to, dearer).ignored).toEqual(['service_tier', 'prompt_cache_options', 'speed']);
      expect(sent(to, dearer)).toMatchObject({ service_tier: 'default' });
      expect(sent(to, dearer)).not.toHaveProperty('prompt_cache_options');
    }
  });

  it('keeps what OpenClaw 2026.9.6 sends', () => {
    const turn = {
      ...anthropic,
      stream: true,
      system: [{ type: 'text', text: 's', cache_control: { type: 'ephemeral' } }],
      tools: [{ name: 'exec', input_schema: { type: 'object' } }],
      thinking: { type: 'adaptive', display: 'summarized' },
      output_config: { effort: 'high' },
    };
    expect(accepted('messages', turn)).toMatchObject({ ignored: [], streaming: true, priceVersion: '2026-11-21' });
    expect(sent('messages', turn)).toMatchObject(turn);
    const codex = {
      ...responses,
      stream: true,
      tools: [{ type: 'function', name: 'x' }],
      store: false,
      text: { verbosity: 'low' },
      parallel_tool_calls: true,
      max_output_tokens: 128_000,
    };
    expect(accepted('responses', codex).ignored).toEqual(['store']);
    expect(sent('responses', codex)).toEqual({ ...codex, service_tier: 'default' });
  });

  it('asks for the usage of a chat stream, and remembers who asked', () => {
    expect(sent('chat', { ...chat, stream: true })).toMatchObject({ stream_options: { include_usage: true } });
    expect(accepted('chat', { ...chat, stream: true }).hideUsageChunk).toBe(true);
    const asking = { ...chat, stream: true, stream_options: { include_usage: true, include_obfuscation: false } };
    expect(accepted('chat', asking).hideUsageChunk).toBe(false);
    expect(sent('chat', asking)['stream_options']).toEqual({ include_usage: true, include_obfuscation: false });
    expect(sent('chat', chat)).not.toHaveProperty('stream_options');
  });

  it('bounds every answer, in the field that the client uses', () => {
    expect(sent('chat', chat)).toMatchObject({ max_completion_tokens: 16_384, store: false, service_tier: 'default' });
    expect(sent('chat', { ...chat, max_tokens: 50 })).toMatchObject({ max_tokens: 50 });
    expect(sent('chat', { ...chat, max_tokens: 50 })).not.toHaveProperty('max_completion_tokens');
    expect(sent('responses', responses)).toMatchObject({ max_output_tokens: 32_768 });
  });

  it("takes out Anthropic's compaction on the server, which is a second call", () => {
    const request = {
      ...anthropic,
      context_management: { edits: [{ type: 'compact_20260112' }, { type: 'clear_tool_uses_20250919' }] },
    };
    expect(sent('messages', request)['context_management']).toEqual({ edits: [{ type: 'clear_tool_uses_20250919' }] });
    expect(accepted('messages', request).ignored).toEqual(['context_management.compact']);
  });

  it.each([
    [null, null],
    ['interleaved-thinking-2025-05-14', 'interleaved-thinking-2025-05-14'],
    ['fast-mode-2026-02-01, interleaved-thinking-2025-05-14,files-api-2025-04-14', 'interleaved-thinking-2025-05-14'],
    ['context-1m-2025-08-07', null],
    ['compact-2026-01-12', null],
  ])('the beta header %s becomes %s', (header, open) => {
    expect(filterAnthropicBeta(header)).toBe(open);
  });
});

describe('the hold', () => {
  it('is the whole body as input at the dearest rate, and the longest answer', () => {
    const body = JSON.stringify(anthropic);
    expect(accepted('messages', anthropic).asked.holdNanoUsd).toBe((body.length + 2000) * 3000 + 1000 * 15_000);
    const cached = { ...anthropic, system: [{ type: 'text', text: '', cache_control: { type: 'ephemeral' } }] };
    expect(accepted('messages', cached).asked.holdNanoUsd).toBe(
      (JSON.stringify(cached).length + 2000) * 3750 + 15_000_000,
    );
    const hour = {
      ...anthropic,
      system: [{ type: 'text', text: '', cache_control: { type: 'ephemeral', ttl: '1h' } }],
    };
    expect(accepted('messages', hour).asked.holdNanoUsd).toBe((JSON.stringify(hour).length + 2000) * 6000 + 15_000_000);
  });

  it('counts every choice', () => {
    const [one, three] = [1, 3].map((n) => accepted('chat', { ...chat, max_tokens: 1000, n }).asked.holdNanoUsd);
    expect((three ?? 0) - (one ?? 0)).toBe(2 * 1000 * 10_000);
  });

  it('takes a document or an address for all that the model can read', () => {
    const document = [
      { role: 'user', content: [{ type: 'document', source: { type: 'url', url: 'https://x.example/a.pdf' } }] },
    ];
    expect(accepted('messages', { ...anthropic, messages: document }).asked.holdNanoUsd).toBe(
      1_000_000 * 3000 + 15_000_000,
    );
  });

  it('takes an image for its most tokens and not for its bytes', () => {
    const data = 'A'.repeat(400_000);
    const picture = [
      { role: 'user', content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data } }] },
    ];
    const body = JSON.stringify({ ...anthropic, messages: picture });
    expect(accepted('messages', body).asked.holdNanoUsd).toBe(
      (body.length - 400_000 + 5000 + 2000) * 3000 + 15_000_000,
    );
  });

  it('finds images in the results of tools', () => {
    const image = { type: 'image', source: { type: 'base64', data: 'A'.repeat(1000) } };
    const messages = [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: [image] }] }];
    const body = JSON.stringify({ ...anthropic, messages });
    expect(accepted('messages', body).asked.holdNanoUsd).toBe((body.length - 1000 + 5000 + 2000) * 3000 + 15_000_000);
  });

  it('is at the long-context price when the input may be that long', () => {
    const long = accepted('responses', { model: 'gpt-5.5', input: 'x'.repeat(280_000), max_output_tokens: 10 });
    expect(long.asked.holdNanoUsd).toBeGreaterThan(280_000 * 10_000);
  });

  it('is never less than what the answer can cost', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.integer({ min: 1, max: 64_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (text, max, part) => {
          const request = accepted('messages', {
            ...anthropic,
            max_tokens: max,
            messages: [{ role: 'user', content: text }],
          });
          // No tokenizer makes more tokens of a text than it has bytes.
          const input = Math.floor(Buffer.byteLength(text) * part);
          const cost = costNanoUsd(
            { input, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: max, reasoning: 0 },
            request.price,
          );
          expect(request.asked.holdNanoUsd).toBeGreaterThanOrEqual(cost);
        },
      ),
    );
  });

  it('of embeddings is input only', () => {
    const body = { model: 'text-embedding-3-small', input: ['a', 'b'] };
    expect(accepted('embeddings', body).asked.holdNanoUsd).toBe(
      Math.ceil(((JSON.stringify(body).length + 2000) * 20_000) / 1000),
    );
  });
});

describe('a shorter answer that fits what is left', () => {
  const long = { ...anthropic, max_tokens: 32_000 };

  it('costs at most that, and sends the bound that makes it so', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 600_000_000 }), (available) => {
        const request = accepted('messages', long);
        const shorter = request.within(available);
        if (!shorter) return;
        const bound = (JSON.parse(shorter.body) as { max_tokens: number }).max_tokens;
        expect(shorter.holdNanoUsd).toBeLessThanOrEqual(available);
        expect(bound).toBeGreaterThanOrEqual(1024);
        expect(bound).toBeLessThan(32_000);
      }),
    );
  });

  it('is not offered when it would be too short, or would not hold the thinking that is asked for', () => {
    const request = accepted('messages', long);
    const least = request.asked.holdNanoUsd - (32_000 - 1024) * 15_000;
    expect([request.within(least - 1), request.within(least)?.holdNanoUsd]).toEqual([null, least]);
    const thinking = accepted('messages', { ...long, thinking: { type: 'enabled', budget_tokens: 20_000 } });
    expect(thinking.within(thinking.asked.holdNanoUsd - (32_000 - 21_023) * 15_000)).toBeNull();
  });
});
