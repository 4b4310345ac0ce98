import { describe, expect, it } from 'vitest';
import { parseAiRequest, type AiRequest } from './ai-request.ts';
import type { AiRefusal } from './ai-error.ts';
import { findRoute, type AiProvider } from './ai-route.ts';

const nowMs = Date.parse('2026-11-21T12:00:00Z');
const messages = [{ role: 'user', content: 'Hello' }];
const routed = { model: 'anthropic/claude-sonnet-4.6', max_tokens: 1000, messages };
const hosted = { model: '@cf/openai/gpt-oss-120b', max_tokens: 1000, messages };

function parse(provider: AiProvider, body: unknown): AiRequest | AiRefusal {
  const route = findRoute(provider, 'POST', '/v1/chat/completions');
  if (!route) throw new Error('no route');
  const bodyText = JSON.stringify(body);
  const parsed = parseAiRequest({ route, bodyText, bodyBytes: Buffer.byteLength(bodyText), nowMs });
  return parsed.ok ? parsed.value : parsed.error;
}

function accepted(provider: AiProvider, body: unknown): AiRequest {
  const parsed = parse(provider, body);
  if ('code' in parsed) throw new Error(parsed.detail);
  return parsed;
}

const sent = (provider: AiProvider, body: unknown): Record<string, unknown> =>
  JSON.parse(accepted(provider, body).asked.body) as Record<string, unknown>;

const terms = { max_price: { prompt: 3, completion: 15, request: 0 } };

describe('a request to OpenRouter', () => {
  it('calls the priced model only, at no more than the price in the table', () => {
    const wishes = {
      models: ['openai/gpt-6-sol'],
      route: 'fallback',
      provider: { order: ['Somebody'], max_price: { prompt: 99 } },
      plugins: [{ id: 'web' }],
      transforms: ['middle-out'],
      preset: 'mine',
      service_tier: 'priority',
      web_search_options: null,
      n: 3,
    };
    expect(sent('openrouter', { ...routed, ...wishes })).toEqual({ ...routed, provider: terms });
    expect(accepted('openrouter', { ...routed, ...wishes }).ignored).toEqual(Object.keys(wishes));
  });

  it.each([
    ['anthropic/claude-sonnet-4.6:online', 'a variant with a search fee'],
    ['anthropic/claude-sonnet-4.6:nitro', 'a variant at another price'],
    ['google/gemma-3-27b-it:free', 'a variant without a price'],
    ['openrouter/auto', 'a model that is chosen later'],
    ['claude-sonnet-4.6', 'a name without its author'],
    ['perplexity/sonar-pro', 'a fee for each call'],
    ['openai/gpt-4o-audio-preview', 'sound'],
    ['@preset/mine', 'a preset'],
  ])('does not take %s: %s', (model) => {
    expect(parse('openrouter', { ...routed, model })).toMatchObject({ code: 'ai_model_unpriced' });
  });

  it.each<[string, Record<string, unknown>]>([
    ['its web search', { tools: [{ type: 'openrouter:web_search' }] }],
    ["OpenAI's web search", { web_search_options: {} }],
    ['spoken answers', { modalities: ['audio'] }],
    ['a document', { messages: [{ role: 'user', content: [{ type: 'file', file: { file_data: 'data:x' } }] }] }],
    ['video', { messages: [{ role: 'user', content: [{ type: 'video_url', video_url: { url: 'https://x' } }] }] }],
  ])('is refused with %s', (_name, more) => {
    expect(parse('openrouter', { ...routed, ...more })).toMatchObject({ code: 'ai_not_supported' });
  });

  it('does not follow what is nested without end', () => {
    let content: unknown = 'x';
    for (let n = 0; n < 100; n += 1) content = [{ type: 'text', content }];
    const nested = { ...routed, messages: [{ role: 'user', content }] };
    expect(parse('openrouter', nested)).toMatchObject({ code: 'ai_not_supported' });
  });

  it('with pictures goes to hosts without a fee for them', () => {
    const picture = [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x/a.png' } }] }];
    expect(sent('openrouter', { ...routed, messages: picture })['provider']).toEqual({
      max_price: { ...terms.max_price, image: 0 },
    });
  });

  it('keeps caching at the price in the table', () => {
    const marked = (cache_control: unknown): unknown => ({
      ...routed,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'x', cache_control }] }],
      tools: [{ type: 'function', function: { name: 'x' }, cache_control }],
    });
    const asked = marked({ type: 'ephemeral', ttl: '1h' });
    expect(sent('openrouter', asked)).toEqual({ ...(marked({ type: 'ephemeral' }) as object), provider: terms });
    expect(accepted('openrouter', asked).ignored).toEqual(['cache_control.ttl']);
    expect(accepted('openrouter', marked({ type: 'ephemeral' })).ignored).toEqual([]);
  });

  it('keeps what OpenClaw 2026.9.6 sends, asks for the usage, and hides it from who did not', () => {
    const turn = {
      ...routed,
      stream: true,
      tools: [{ type: 'function', function: { name: 'x' } }],
      reasoning: { effort: 'low' },
    };
    expect(sent('openrouter', turn)).toEqual({ ...turn, stream_options: { include_usage: true }, provider: terms });
    expect(accepted('openrouter', turn)).toMatchObject({ hideUsageChunk: true, ignored: [] });
  });
});

describe('a request to Workers AI', () => {
  it('is bounded in the field that it knows, and has no wishes beyond the model', () => {
    const { max_tokens: _bound, ...unbounded } = hosted;
    expect(sent('workers-ai', unbounded)).toEqual({ ...hosted, max_tokens: 4096 });
    expect(
      sent('workers-ai', { ...unbounded, max_completion_tokens: 50, lora: 'mine', raw: true, store: true }),
    ).toEqual({
      ...hosted,
      max_tokens: 50,
    });
    expect(accepted('workers-ai', { ...hosted, lora: 'mine', store: true }).ignored).toEqual(['lora', 'store']);
  });

  it.each([
    '@cf/baai/bge-m3',
    '@cf/meta/m2m100-1.2b',
    '@cf/black-forest-labs/flux-1-schnell',
    '@hf/x/y',
    'gpt-oss-120b',
  ])('does not take %s', (model) => {
    expect(parse('workers-ai', { ...hosted, model })).toMatchObject({ code: 'ai_model_unpriced' });
  });

  it('holds the whole body and the longest answer', () => {
    expect(accepted('workers-ai', hosted).asked.holdNanoUsd).toBe(
      (JSON.stringify(hosted).length + 2000) * 350 + 750_000,
    );
  });
});

describe('routes', () => {
  it.each<[AiProvider, string, string | null]>([
    ['openrouter', '/chat/completions', '/chat/completions'],
    ['openrouter', '/v1/chat/completions', '/chat/completions'],
    ['workers-ai', '/v1/chat/completions', '/chat/completions'],
    ['openrouter', '/v1/responses', null],
    ['openrouter', '/v1/completions', null],
    ['openrouter', '/v1/generation', null],
    ['workers-ai', '/v1/embeddings', null],
    ['workers-ai', '/@cf/meta/llama-3.1-8b-instruct', null],
  ])('%s %s goes to %s', (provider, path, upstreamPath) => {
    expect(findRoute(provider, 'POST', path)?.upstreamPath ?? null).toBe(upstreamPath);
  });
});
