import { describe, expect, it, vi } from 'vitest';
import { aiLimits } from './dispatch.ts';
import { QUEUE_BYTES } from './relay.ts';
import {
  encoder,
  context,
  type Upstream,
  world,
  anthropicEvents,
  anthropicCost,
  events,
  broken,
  turn,
  agentTurn,
  chat,
  request,
  total,
} from '../../../../test/support/ai-dispatch-world.ts';

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
    // Ten that were read for nobody, what may wait for a client, and one on its way at each end.
    expect(sent).toBeLessThan(10 + Math.ceil(QUEUE_BYTES / 10_000) + 3);
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
        ...Array.from({ length: 50 }, () => `: ${'pad'.repeat(10_000)}\n\n`),
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
      expect(pulled).toBeLessThan(8); // the two events, what may wait, and one on its way
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
