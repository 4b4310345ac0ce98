import { describe, expect, it, vi } from 'vitest';
import { openNodeSql } from '../../../../test/support/node-sql.ts';
import { Ledger, LEDGER_MIGRATIONS } from '../modules/ledger.ts';
import { migrate } from '../modules/migrate.ts';
import type { Clock } from '../ports.ts';
import {
  aiLimits,
  createAiDispatch,
  type AiContext,
  type AiDispatch,
  type AiLimits,
  type AiSettled,
} from './dispatch.ts';
import { chooseUpstream, type UpstreamVars } from './upstream.ts';

const encoder = new TextEncoder();
const startMs = Date.parse('2026-11-21T12:00:00Z');
const context: AiContext = { tenantId: 'ten_1', slug: 'ada', incarnation: 1, capNanoUsd: 5_000_000_000 };

interface Upstream {
  readonly calls: { readonly url: string; readonly init: RequestInit }[];
  answer: (init: RequestInit) => Response | Promise<Response>;
}

interface World {
  readonly ai: AiDispatch;
  readonly ledger: Ledger;
  readonly upstream: Upstream;
  readonly settled: AiSettled[];
  readonly faults: string[];
  readonly alive: Promise<unknown>[];
  readonly clock: Clock & { ms: number };
}

function world(over: { limits?: Partial<AiLimits>; vars?: UpstreamVars } = {}): World {
  const clock = { ms: startMs, nowMs: (): number => clock.ms };
  const sql = openNodeSql();
  migrate(sql, LEDGER_MIGRATIONS, startMs);
  const ledger = new Ledger(sql, clock);
  const upstream: Upstream = { calls: [], answer: () => streamed(events(anthropicEvents)) };
  const settled: AiSettled[] = [];
  const faults: string[] = [];
  const alive: Promise<unknown>[] = [];
  let ids = 0;
  const ai = createAiDispatch({
    ledger,
    upstream: chooseUpstream(over.vars ?? { ANTHROPIC_API_KEY: 'key-a', OPENAI_API_KEY: 'key-o' }),
    fetch: async (url, init) => {
      upstream.calls.push({ url, init });
      return upstream.answer(init);
    },
    clock,
    ids: { ulid: () => `r${String((ids += 1)).padStart(3, '0')}` },
    limits: { ...aiLimits, ...over.limits },
    onSettled: (one) => settled.push(one),
    keepAlive: (work) => alive.push(work),
    onFault: (event) => faults.push(event),
  });
  return { ai, ledger, upstream, settled, faults, alive, clock };
}

const anthropicEvents = [
  {
    type: 'message_start',
    message: { id: 'msg_1', model: 'claude-sonnet-4-6', usage: { input_tokens: 100, output_tokens: 1 } },
  },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Grüße' } },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 20 } },
  { type: 'message_stop' },
];
const anthropicCost = 100 * 3000 + 20 * 15_000;

function events(list: readonly Record<string, unknown>[]): string[] {
  return list.map((event) => `event: ${String(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`);
}

function streamed(chunks: readonly string[], headers: Record<string, string> = {}): Response {
  return new Response(ReadableStream.from(chunks.map((chunk) => encoder.encode(chunk))), {
    headers: { 'content-type': 'text/event-stream', ...headers },
  });
}

/** An answer that breaks off after these chunks. */
function broken(chunks: readonly string[]): Response {
  const left = [...chunks];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = left.shift();
      if (chunk === undefined) controller.error(new Error('connection lost'));
      else controller.enqueue(encoder.encode(chunk));
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}

const turn = {
  model: 'claude-sonnet-4-6',
  max_tokens: 1000,
  stream: true,
  messages: [{ role: 'user', content: 'Hello' }],
};
const agentTurn = { ...turn, tools: [{ name: 'exec', input_schema: { type: 'object' } }] };
const chat = { model: 'gpt-4o', stream: true, messages: [{ role: 'user', content: 'Hello' }] };

function request(path: string, body: unknown, headers: Record<string, string> = {}): Request {
  return new Request(`http://ai.tidepool.internal${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

function total(ledger: Ledger): { spent: number; held: number; requests: number } {
  const { spentNanoUsd, heldNanoUsd, requests } = ledger.periodTotal('2026-11');
  return { spent: spentNanoUsd, held: heldNanoUsd, requests };
}

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
  const inbound = {
    authorization: 'Bearer sentinel',
    'x-api-key': 'sentinel',
    cookie: 'a=b',
    'cf-aig-custom-cost': '{"total_cost":0}',
    'cf-aig-metadata': '{"tenant":"ten_other"}',
    'x-tidepool-internal-incarnation': '7',
    'x-forwarded-for': '10.0.0.1',
    'anthropic-version': '2023-06-01',
    'anthropic-beta': 'fast-mode-2026-02-01,interleaved-thinking-2025-05-14',
    'user-agent': 'Anthropic/JS 0.125.0',
    accept: 'application/json',
    'x-stainless-os': 'Linux',
  };

  async function sentWith(
    vars: UpstreamVars,
    path: string,
    body: unknown,
  ): Promise<{ url: string; headers: Record<string, string> }> {
    const { ai, upstream } = world({ vars });
    await (await ai.handle(request(path, body, inbound), context)).text();
    const [call] = upstream.calls;
    expect(call?.init).toMatchObject({ method: 'POST', redirect: 'manual' });
    return { url: call?.url ?? '', headers: Object.fromEntries(new Headers(call?.init.headers)) };
  }

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

describe('when less is left than the answer may cost', () => {
  it('asks for a shorter answer that fits, and refuses when that would be too short', async () => {
    const { ai, ledger, upstream } = world();
    const long = { ...turn, max_tokens: 32_000 };
    const tight = { ...context, capNanoUsd: 100_000_000 };
    await (await ai.handle(request('/anthropic/v1/messages', long), tight)).text();
    const sent = JSON.parse(upstream.calls[0]?.init.body as string) as { max_tokens: number };
    expect(sent.max_tokens).toBeGreaterThan(5000);
    expect(sent.max_tokens).toBeLessThan(100_000_000 / 15_000);
    expect(total(ledger)).toEqual({ spent: anthropicCost, held: 0, requests: 1 });
    const refused = await ai.handle(request('/anthropic/v1/messages', long), { ...context, capNanoUsd: 20_000_000 });
    expect(refused.status).toBe(402);
  });
});

describe('a client that goes away', () => {
  it('is charged the whole answer, which is read to its end', async () => {
    const { ai, ledger, alive, settled } = world();
    const response = await ai.handle(request('/anthropic/v1/messages', turn), context);
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await Promise.all(alive);
    expect(total(ledger)).toEqual({ spent: anthropicCost, held: 0, requests: 1 });
    expect(settled).toHaveLength(1);
  });

  it('is given up after so many bytes, and charged what was said until then', async () => {
    const { ai, ledger, upstream, alive } = world({ limits: { drainBytes: 100_000 } });
    let sent = 0;
    upstream.answer = () => {
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          sent += 1;
          controller.enqueue(
            encoder.encode(sent === 1 ? (events(anthropicEvents)[0] ?? '') : `: ${'x'.repeat(9998)}\n`),
          );
        },
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    };
    const response = await ai.handle(request('/anthropic/v1/messages', turn), context);
    await response.body?.cancel();
    await Promise.all(alive);
    expect(sent).toBeLessThan(16);
    expect(ledger.receipts({ limit: 1, before: null })).toMatchObject([
      { outcome: 'partial', inputTokens: 100, outputTokens: 1 },
    ]);
  });

  it('that only stops reading holds the upstream back, and counts as gone after a while', async () => {
    vi.useFakeTimers();
    try {
      const { ai, ledger, upstream, alive, clock } = world();
      let pulled = 0;
      const all = [
        ...events(anthropicEvents.slice(0, 2)),
        ...Array.from({ length: 50 }, () => ': pad\n\n'),
        ...events(anthropicEvents.slice(2)),
      ];
      upstream.answer = () => {
        const body = new ReadableStream<Uint8Array>(
          {
            pull(controller) {
              const chunk = all[pulled];
              pulled += 1;
              if (chunk === undefined) controller.close();
              else controller.enqueue(encoder.encode(chunk));
            },
          },
          { highWaterMark: 0 },
        );
        return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
      };
      const response = await ai.handle(request('/anthropic/v1/messages', turn), context);
      await vi.advanceTimersByTimeAsync(60_000);
      expect(pulled).toBeLessThan(5);
      clock.ms += aiLimits.clientStalledMs + 1000;
      await vi.advanceTimersByTimeAsync(5_000);
      await Promise.all(alive);
      expect(total(ledger)).toEqual({ spent: anthropicCost, held: 0, requests: 1 });
      await expect(response.text()).rejects.toThrow(/not read for too long/);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('an upstream that fails', () => {
  it('midway is charged what it had said, and the client sees that the answer broke off', async () => {
    const { ai, ledger, upstream } = world();
    upstream.answer = () => broken(events(anthropicEvents.slice(0, 2)));
    const response = await ai.handle(request('/anthropic/v1/messages', turn), context);
    await expect(response.text()).rejects.toThrow(/broke off/);
    expect(ledger.receipts({ limit: 1, before: null })).toMatchObject([
      { outcome: 'partial', inputTokens: 100, outputTokens: 1, costNanoUsd: 100 * 3000 + 15_000 },
    ]);
  });

  it('before it said any usage leaves the hold pending, uncharged', async () => {
    const { ai, ledger, upstream, settled } = world();
    upstream.answer = () => broken(['data: {"id":"c1","model":"gpt-4o","choices":[{"delta":{"content":"Hi"}}]}\n\n']);
    const response = await ai.handle(request('/openai/chat/completions', chat), context);
    await expect(response.text()).rejects.toThrow(/broke off/);
    const [pending] = ledger.pending();
    expect(pending).toMatchObject({ requestId: 'r001', state: 'unknown', why: 'upstream_cut' });
    expect(total(ledger)).toEqual({ spent: 0, held: pending?.holdNanoUsd, requests: 0 });
    expect(settled).toMatchObject([{ result: 'unknown' }]);
  });

  it.each([
    [
      'with an error of the request',
      400,
      '{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long"}}',
    ],
    ['with an overload', 529, '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'],
  ])('%s is not charged, and its words go on', async (_name, status, body) => {
    const { ai, ledger, upstream } = world();
    upstream.answer = () =>
      new Response(body, { status, headers: { 'retry-after': '3', 'content-type': 'application/json' } });
    const response = await ai.handle(request('/anthropic/v1/messages', turn), context);
    expect([response.status, await response.text(), response.headers.get('retry-after')]).toEqual([status, body, '3']);
    expect(total(ledger)).toEqual({ spent: 0, held: 0, requests: 0 });
  });

  it.each([401, 402, 403])('with %d is about our own account: its words stay here', async (status) => {
    const { ai, ledger, upstream } = world();
    upstream.answer = () => Response.json({ error: { message: 'Incorrect API key provided: key-a' } }, { status });
    for (const [body, expected] of [
      [turn, 502],
      [agentTurn, 200],
    ] as const) {
      const response = await ai.handle(request('/anthropic/v1/messages', body), context);
      expect([response.status, response.headers.get('x-tidepool-code')]).toEqual([
        expected,
        'ai_upstream_misconfigured',
      ]);
      expect(await response.text()).not.toContain('key-a');
    }
    expect(total(ledger)).toEqual({ spent: 0, held: 0, requests: 0 });
  });

  it.each<[string, Upstream['answer']]>([
    ['cannot be reached', () => Promise.reject(new TypeError('fetch failed'))],
    [
      'sends us elsewhere',
      () => new Response(null, { status: 307, headers: { location: 'https://elsewhere.example/' } }),
    ],
    ['has an error without end', () => new Response('x'.repeat(100_000), { status: 500 })],
  ])('because it %s is not charged', async (_name, answer) => {
    const { ai, ledger, upstream, settled } = world();
    upstream.answer = answer;
    const response = await ai.handle(request('/anthropic/v1/messages', turn), context);
    expect([response.status, response.headers.get('x-tidepool-code')]).toEqual([502, 'ai_upstream_unreachable']);
    expect(total(ledger)).toEqual({ spent: 0, held: 0, requests: 0 });
    expect(settled).toEqual([{ requestId: 'r001', result: 'released', costNanoUsd: 0 }]);
  });

  it('by saying nothing for too long is given up', async () => {
    vi.useFakeTimers();
    try {
      const { ai, ledger, upstream, alive, clock } = world();
      upstream.answer = () =>
        new Response(
          new ReadableStream<Uint8Array>({
            start: (controller) => controller.enqueue(encoder.encode(events(anthropicEvents)[0] ?? '')),
          }),
          { headers: { 'content-type': 'text/event-stream' } },
        );
      const response = await ai.handle(request('/anthropic/v1/messages', turn), context);
      const text = response.text().catch((error: unknown) => String(error));
      await vi.advanceTimersByTimeAsync(2_000);
      clock.ms += aiLimits.upstreamSilentMs + 1000;
      await vi.advanceTimersByTimeAsync(5_000);
      await Promise.all(alive);
      expect(await text).toMatch(/upstream_silent/);
      expect(ledger.receipts({ limit: 1, before: null })).toMatchObject([{ outcome: 'partial', inputTokens: 100 }]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a ledger that fails', () => {
  it('at the reservation lets nothing out', async () => {
    const { ai, ledger, upstream, faults } = world();
    vi.spyOn(ledger, 'reserve').mockImplementation(() => {
      throw new Error('disk full');
    });
    const response = await ai.handle(request('/anthropic/v1/messages', turn), context);
    expect([response.status, response.headers.get('x-tidepool-code')]).toEqual([503, 'ai_ledger_unavailable']);
    expect([upstream.calls.length, faults]).toEqual([0, ['ai.dispatch_failed']]);
  });

  it('at the settlement keeps the hold for the second witness', async () => {
    const { ai, ledger, faults, alive } = world();
    vi.spyOn(ledger, 'settle').mockImplementation(() => {
      throw new Error('disk full');
    });
    expect(await (await ai.handle(request('/anthropic/v1/messages', turn), context)).text()).toContain('Grüße');
    await Promise.all(alive);
    expect(faults).toEqual(['ai.settle_failed']);
    expect(ledger.pending()).toMatchObject([{ requestId: 'r001', state: 'held' }]);
  });
});
