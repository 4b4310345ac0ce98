/** Google, OpenRouter and Workers AI through the same dispatch: where each is called, with what, and what a turn costs. */
import { describe, expect, it } from 'vitest';
import { statusMeant } from '../core/metering/payer.ts';
import { chooseUpstream, type UpstreamVars } from './upstream.ts';
import {
  chat,
  context,
  request,
  sentWith,
  streamed,
  total,
  world,
} from '../../../../test/support/ai-dispatch-world.ts';

describe('a turn of Gemini', () => {
  const path = '/google/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse';
  const asked = { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] };
  const chunk = (usageMetadata: unknown, end: Record<string, unknown> = {}): string =>
    `data: ${JSON.stringify({
      candidates: [{ content: { parts: [{ text: 'Grüße' }], role: 'model' }, index: 0, ...end }],
      usageMetadata,
      modelVersion: 'gemini-2.5-flash',
      responseId: 'g1',
    })}\r\n\r\n`;
  const chunks = [
    chunk({ promptTokenCount: 100, totalTokenCount: 100 }),
    chunk({ promptTokenCount: 100, candidatesTokenCount: 20, totalTokenCount: 120 }, { finishReason: 'STOP' }),
  ];
  const vars = { GOOGLE_API_KEY: 'key-g' };

  it('passes the bytes on untouched and charges what the provider said', async () => {
    const { ai, ledger, upstream } = world({ vars });
    upstream.answer = () => streamed(chunks);
    expect(await (await ai.handle(request(path, asked), context)).text()).toBe(chunks.join(''));
    expect(total(ledger)).toEqual({ spent: 100 * 300 + 20 * 2500, held: 0, requests: 1 });
    expect(ledger.receipts({ limit: 1, before: null })).toMatchObject([
      { provider: 'google', model: 'gemini-2.5-flash', outcome: 'final', upstreamId: 'g1' },
    ]);
  });

  it('that breaks off is charged what had been said', async () => {
    const { ai, ledger, upstream } = world({ vars });
    upstream.answer = () => streamed(chunks.slice(0, 1));
    await (await ai.handle(request(path, asked), context)).text();
    expect(total(ledger)).toEqual({ spent: 100 * 300, held: 0, requests: 1 });
    expect(ledger.receipts({ limit: 1, before: null })).toMatchObject([{ outcome: 'partial' }]);
  });

  it('that is refused is a message in the chat, with the model of the path', async () => {
    const { ai, upstream } = world({ vars });
    const turnWithTools = { ...asked, tools: [{ functionDeclarations: [{ name: 'exec' }] }] };
    const response = await ai.handle(request(path, turnWithTools), { ...context, capNanoUsd: 1 });
    expect([response.status, response.headers.get('x-tidepool-code')]).toEqual([200, 'ai_cap_reached']);
    expect(await response.text()).toMatch(/^data: .*monthly AI spending cap.*"modelVersion":"gemini-2.5-flash"/);
    const plain = await ai.handle(request(path, asked), { ...context, capNanoUsd: 1 });
    expect([plain.status, await plain.json()]).toMatchObject([402, { error: { status: 'RESOURCE_EXHAUSTED' } }]);
    expect(upstream.calls).toEqual([]);
  });
});

describe('a key that Google does not know', () => {
  const path = '/google/v1beta/models/gemini-2.5-flash:generateContent';
  const asked = { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] };
  const refusal = (reason: string): Response =>
    Response.json(
      { error: { code: 400, message: 'no such thing', status: 'INVALID_ARGUMENT', details: [{ reason }] } },
      { status: 400 },
    );

  it("is the platform's own account refused, though Google calls it a wrong request", async () => {
    const { ai, upstream } = world({ vars: { GOOGLE_API_KEY: 'key-g' } });
    upstream.answer = () => refusal('API_KEY_INVALID');
    const response = await ai.handle(request(path, asked), context);
    expect([response.status, response.headers.get('x-tidepool-code')]).toEqual([502, 'ai_upstream_misconfigured']);
  });

  it('is told from a request that is wrong', async () => {
    const { ai, upstream } = world({ vars: { GOOGLE_API_KEY: 'key-g' } });
    upstream.answer = () => refusal('FIELD_VIOLATION');
    const response = await ai.handle(request(path, asked), context);
    expect([response.status, await response.text()]).toMatchObject([400, expect.stringContaining('no such thing')]);
  });

  it.each([
    [400, { error: { details: [{ reason: 'API_KEY_INVALID' }] } }, 401],
    [400, { error: { message: 'API_KEY_INVALID' } }, 400],
    [403, { error: { details: [{ reason: 'API_KEY_INVALID' }] } }, 403],
  ])('is known by %i with %j: %i', (status, body, meant) => {
    expect(statusMeant(status, JSON.stringify(body))).toBe(meant);
  });
});

describe('what the upstream is sent', () => {
  const account = '0123456789abcdef0123456789abcdef';
  const gemini = { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] };
  const llama = { ...chat, model: '@cf/meta/llama-3.1-8b-instruct' };
  const routed = { ...chat, model: 'anthropic/claude-sonnet-4.6' };
  const geminiPath = '/google/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse&key=theirs';

  it.each<[string, UpstreamVars, string, unknown, string, string, string]>([
    [
      'google',
      { GOOGLE_API_KEY: 'key-g' },
      geminiPath,
      gemini,
      'https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse',
      'x-goog-api-key',
      'key-g',
    ],
    [
      'openrouter',
      { OPENROUTER_API_KEY: 'key-r' },
      '/openrouter/v1/chat/completions',
      routed,
      'https://openrouter.ai/api/v1/chat/completions',
      'authorization',
      'Bearer key-r',
    ],
    [
      'workers-ai',
      { WORKERS_AI_TOKEN: 'key-w', WORKERS_AI_ACCOUNT_ID: account },
      '/workers-ai/v1/chat/completions',
      llama,
      `https://api.cloudflare.com/client/v4/accounts/${account}/ai/v1/chat/completions`,
      'authorization',
      'Bearer key-w',
    ],
  ])('is %s with its own key, in its own header', async (_provider, vars, path, body, url, header, value) => {
    const sent = await sentWith(vars, path, body);
    expect(sent.url).toBe(url);
    expect(sent.headers).toEqual({
      accept: 'application/json',
      'accept-encoding': 'identity',
      'content-type': 'application/json',
      'user-agent': 'Anthropic/JS 0.125.0',
      [header]: value,
    });
  });

  it.each<[string, unknown, string, Record<string, string | undefined>]>([
    [
      geminiPath,
      gemini,
      '/google-ai-studio/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse',
      { 'x-goog-api-key': 'key-g' },
    ],
    ['/openrouter/chat/completions', routed, '/openrouter/v1/chat/completions', { authorization: undefined }],
    // The gateway's token is of the account that runs the model.
    ['/workers-ai/chat/completions', llama, '/workers-ai/v1/chat/completions', { authorization: 'Bearer token-g' }],
  ])('of %s goes through AI Gateway where it is configured', async (path, body, below, credentials) => {
    const base = 'https://gateway.ai.cloudflare.com/v1/acc/gw';
    const vars = { AI_GATEWAY_BASE_URL: base, AI_GATEWAY_TOKEN: 'token-g', GOOGLE_API_KEY: 'key-g' };
    const { url, headers } = await sentWith(vars, path, body);
    expect(url).toBe(base + below);
    expect(headers).toMatchObject({ 'cf-aig-authorization': 'Bearer token-g', 'cf-aig-skip-cache': 'true' });
    for (const [name, value] of Object.entries(credentials)) expect(headers[name]).toBe(value);
  });

  it('of Workers AI is nobody without an account, and never a made-up address', async () => {
    const { ai, upstream } = world({ vars: { WORKERS_AI_TOKEN: 'key-w' } });
    expect((await ai.handle(request('/workers-ai/v1/chat/completions', llama), context)).status).toBe(502);
    expect(upstream.calls).toEqual([]);
    expect(() => chooseUpstream({ WORKERS_AI_ACCOUNT_ID: '../evil' })).toThrow('WORKERS_AI_ACCOUNT_ID');
  });
});
