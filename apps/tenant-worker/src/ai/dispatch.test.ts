import { describe, expect, it } from 'vitest';
import { chooseUpstream } from './upstream.ts';
import {
  encoder,
  context,
  world,
  anthropicEvents,
  anthropicCost,
  events,
  sentWith,
  streamed,
  turn,
  agentTurn,
  chat,
  request,
  total,
} from '../../../../test/support/ai-dispatch-world.ts';

describe('a turn', () => {
  it('passes the bytes on untouched and charges what the provider said', async () => {
    const { ai, ledger, settled, alive } = world();
    const response = await ai.handle(request('/anthropic/v1/messages', turn), context);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(total(ledger)).toMatchObject({ spent: 0, requests: 0 });
    expect(await response.text()).toBe(events(anthropicEvents).join(''));
    await Promise.all(alive);
    expect(total(ledger)).toEqual({ spent: anthropicCost, held: 0, requests: 1 });
    expect(settled).toEqual([{ requestId: 'r001', result: 'charged', costNanoUsd: anthropicCost }]);
    expect(ledger.receipts({ limit: 1, before: null })).toMatchObject([
      {
        requestId: 'r001',
        outcome: 'final',
        upstreamId: 'msg_1',
        priceVersion: '2026-11-21',
        inputTokens: 100,
        outputTokens: 20,
      },
    ]);
  });

  it('is settled before the client sees the end', async () => {
    const { ai, ledger } = world();
    const response = await ai.handle(request('/anthropic/v1/messages', turn), context);
    await response.text();
    expect(total(ledger).requests).toBe(1);
  });

  it('is charged the same when it is not streamed', async () => {
    const { ai, ledger, upstream } = world();
    const body = { id: 'msg_2', model: 'claude-sonnet-4-6', usage: { input_tokens: 100, output_tokens: 20 } };
    upstream.answer = () => Response.json(body, { headers: { 'set-cookie': 'a=b', 'request-id': 'req_1' } });
    const response = await ai.handle(request('/anthropic/v1/messages', { ...turn, stream: false }), context);
    expect(await response.json()).toEqual(body);
    expect([response.headers.get('request-id'), response.headers.get('set-cookie')]).toEqual(['req_1', null]);
    expect(total(ledger)).toEqual({ spent: anthropicCost, held: 0, requests: 1 });
  });

  it('costs nothing when the gateway answers from its cache', async () => {
    const { ai, ledger, upstream } = world();
    upstream.answer = () => streamed(events(anthropicEvents), { 'cf-aig-cache-status': 'HIT' });
    await (await ai.handle(request('/anthropic/v1/messages', turn), context)).text();
    expect(total(ledger)).toEqual({ spent: 0, held: 0, requests: 1 });
  });

  it('does not show a chat client the usage that it did not ask for', async () => {
    const { ai, ledger, upstream } = world();
    const usage = { prompt_tokens: 100, completion_tokens: 20 };
    const last = `data: ${JSON.stringify({ id: 'c1', model: 'gpt-4o', choices: [], usage })}\n\n`;
    const text = `data: ${JSON.stringify({ id: 'c1', model: 'gpt-4o', choices: [{ delta: { content: 'Hi' } }] })}\n\n`;
    upstream.answer = () => streamed([text, last.slice(0, 30), last.slice(30), 'data: [DONE]\n\n']);
    const silent = await ai.handle(request('/openai/chat/completions', chat), context);
    expect(await silent.text()).toBe(`${text}data: [DONE]\n\n`);
    const asking = { ...chat, stream_options: { include_usage: true } };
    const told = await ai.handle(request('/openai/v1/chat/completions', asking), context);
    expect(await told.text()).toBe(`${text}${last}data: [DONE]\n\n`);
    expect(total(ledger)).toEqual({ spent: 2 * (100 * 2500 + 20 * 10_000), held: 0, requests: 2 });
  });
});

describe('what the upstream is sent', () => {
  it('is the provider with its own key, and nothing of what the container sent as identity', async () => {
    expect(await sentWith({ ANTHROPIC_API_KEY: 'key-a' }, '/anthropic/v1/messages?beta=true', turn)).toEqual({
      url: 'https://api.anthropic.com/v1/messages',
      headers: {
        accept: 'application/json',
        'accept-encoding': 'identity',
        'anthropic-beta': 'interleaved-thinking-2025-05-14',
        'anthropic-version': '2023-06-01',
        'content-type': 'application/json',
        'user-agent': 'Anthropic/JS 0.125.0',
        'x-api-key': 'key-a',
      },
    });
    expect(
      await sentWith({ OPENAI_API_KEY: 'key-o' }, '/openai/v1/responses', { model: 'gpt-5.5', input: 'x' }),
    ).toEqual({
      url: 'https://api.openai.com/v1/responses',
      headers: {
        accept: 'application/json',
        'accept-encoding': 'identity',
        authorization: 'Bearer key-o',
        'content-type': 'application/json',
        'user-agent': 'Anthropic/JS 0.125.0',
      },
    });
  });

  it('is AI Gateway before anything else, told who pays and to share no cache', async () => {
    const vars = {
      AI_GATEWAY_BASE_URL: 'https://gateway.ai.cloudflare.com/v1/acc/gw/',
      AI_GATEWAY_TOKEN: 'token-g',
      DEMO_MODEL_BASE_URL: 'http://127.0.0.1:1/v1/local/demo',
    };
    const sent = await sentWith(vars, '/openai/v1/chat/completions', chat);
    expect(sent.url).toBe('https://gateway.ai.cloudflare.com/v1/acc/gw/openai/chat/completions');
    expect(sent.headers).toMatchObject({
      'cf-aig-authorization': 'Bearer token-g',
      'cf-aig-metadata': '{"tenant":"ten_1","request":"r001"}',
      'cf-aig-skip-cache': 'true',
      'cf-aig-collect-log-payload': 'false',
    });
    expect(Object.keys(sent.headers)).not.toContain('cf-aig-custom-cost');
    expect(Object.keys(sent.headers)).not.toContain('authorization');
  });

  it('is the demo model when nothing else is configured', async () => {
    const sent = await sentWith(
      { DEMO_MODEL_BASE_URL: 'http://127.0.0.1:1/v1/local/demo' },
      '/anthropic/v1/messages',
      turn,
    );
    expect(sent.url).toBe('http://127.0.0.1:1/v1/local/demo/anthropic/v1/messages');
    expect(sent.headers).toMatchObject({ 'cf-aig-metadata': '{"tenant":"ten_1","request":"r001"}' });
  });

  it.each([['ftp://x/'], ['https://user:pw@x/'], ['https://x/?a=b'], ['http://gateway.example/'], ['not a url']])(
    'is never an address like %s',
    (url) => {
      expect(() => chooseUpstream({ AI_GATEWAY_BASE_URL: url, AI_GATEWAY_TOKEN: 't' })).toThrow(
        /AI_GATEWAY_BASE_URL must/,
      );
    },
  );
});

describe('what is refused before any upstream call', () => {
  it.each<[string, Request, number, string]>([
    ['an unknown provider', request('/gemini/v1/models', {}), 404, 'ai_path_not_allowed'],
    ['a path that is not open', request('/openai/v1/files', {}), 404, 'ai_path_not_allowed'],
    ['a path with an encoded slash', request('/anthropic%2fv1/messages', turn), 404, 'ai_path_not_allowed'],
    ['GET', new Request('http://ai.tidepool.internal/anthropic/v1/messages'), 404, 'ai_path_not_allowed'],
    ['no JSON', request('/anthropic/v1/messages', 'hello'), 400, 'ai_request_invalid'],
    ['an unpriced model', request('/anthropic/v1/messages', { ...turn, model: 'claude-99' }), 404, 'ai_model_unpriced'],
    ['a body that says it is too large', request('/openai/responses', 'x'.repeat(2000)), 413, 'body_too_large'],
  ])('%s', async (_name, refused, status, code) => {
    const { ai, ledger, upstream } = world({ limits: { bodyBytesMax: 1000 } });
    const response = await ai.handle(refused, context);
    expect([response.status, response.headers.get('x-tidepool-code')]).toEqual([status, code]);
    expect(await response.text()).toMatch(/"message":".{20,}"/);
    expect(upstream.calls).toEqual([]);
    expect(ledger.periodTotal('2026-11').version).toBe(0);
  });

  it('a body that turns out too large on the way', async () => {
    const { ai } = world({ limits: { bodyBytesMax: 1000 } });
    const body = ReadableStream.from(Array.from({ length: 50 }, () => encoder.encode('x'.repeat(100))));
    const init = { method: 'POST', body, duplex: 'half' as const };
    const response = await ai.handle(new Request('http://ai.tidepool.internal/openai/responses', init), context);
    expect(response.status).toBe(413);
  });

  it('a request over the cap: the error to a program, a message in the chat to a person', async () => {
    const { ai, upstream, ledger } = world();
    const poor = { ...context, capNanoUsd: 1000 };
    const error = await ai.handle(request('/anthropic/v1/messages', turn), poor);
    expect(error.status).toBe(402);
    expect(await error.json()).toMatchObject({ type: 'error', error: { type: 'billing_error' }, request_id: 'r001' });
    const notice = await ai.handle(request('/anthropic/v1/messages', agentTurn), poor);
    expect([notice.status, notice.headers.get('x-tidepool-code')]).toEqual([200, 'ai_cap_reached']);
    expect(await notice.text()).toMatch(
      /"text_delta","text":"⚠️ This assistant has reached its monthly AI spending cap/,
    );
    expect(upstream.calls).toEqual([]);
    expect(total(ledger)).toEqual({ spent: 0, held: 0, requests: 0 });
  });

  it('goes on at once when the cap is raised', async () => {
    const { ai, ledger } = world();
    await ai.handle(request('/anthropic/v1/messages', agentTurn), { ...context, capNanoUsd: 0 });
    const response = await ai.handle(request('/anthropic/v1/messages', agentTurn), context);
    expect(await response.text()).toContain('Grüße');
    expect(total(ledger).requests).toBe(1);
  });

  it('a provider that nobody configured', async () => {
    const { ai } = world({ vars: { ANTHROPIC_API_KEY: 'key-a' } });
    const response = await ai.handle(request('/openai/chat/completions', chat), context);
    expect([response.status, response.headers.get('x-tidepool-code')]).toEqual([502, 'ai_upstream_misconfigured']);
  });

  it('more at a time than is allowed, and then again what has room', async () => {
    const { ai, upstream } = world({ limits: { concurrentMax: 2 } });
    const gate = Promise.withResolvers<void>();
    upstream.answer = async () => {
      await gate.promise;
      return streamed(events(anthropicEvents));
    };
    const two = [1, 2].map(() => ai.handle(request('/anthropic/v1/messages', turn), context));
    const third = await ai.handle(request('/anthropic/v1/messages', turn), context);
    expect([third.status, third.headers.get('x-tidepool-code')]).toEqual([429, 'ai_busy']);
    gate.resolve();
    for (const response of await Promise.all(two)) await response.text();
    expect((await ai.handle(request('/anthropic/v1/messages', turn), context)).status).toBe(200);
  });
});
