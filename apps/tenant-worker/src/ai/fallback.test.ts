import { describe, expect, it } from 'vitest';
import {
  agentTurn,
  anthropicCost,
  anthropicEvents,
  broken,
  chat,
  encoder,
  events,
  request,
  total,
  turn,
  world,
} from '../../../../test/support/ai-dispatch-world.ts';
import {
  ask,
  asked,
  chain,
  haiku,
  haikuCost,
  opus,
  play,
  receipts,
  routed,
  silent,
  sonnet,
  status,
  yesAndClosed,
  yesAndSilent,
  type Answer,
} from '../../../../test/support/routed-world.ts';
import { ok } from '../../../control-plane/src/contract/result.ts';
import type { Payments } from './payment.ts';

/** For upstreams that never answer: a slow machine is no silent provider. */
const quick = { answerBeginsBeforeFallbackMs: 20, wholeAnswerBeforeFallbackMs: 20 };

const once = { fallbacks: [{ model: sonnet, then: [haiku] }] };

describe('a model that fails before its answer begins', () => {
  it.each<[string, Answer, string]>([
    ['because its account is refused', status(402), 'upstream_402'],
    ['because the key is refused', status(401), 'upstream_401'],
    ['because it is unknown', status(404), 'upstream_404'],
    ['because of too many requests', status(429), 'upstream_429'],
    ['because it is overloaded', status(529), 'upstream_529'],
    ['because it breaks', status(500), 'upstream_500'],
    ['because it sends us elsewhere', status(307), 'upstream_307'],
    ['because it cannot be reached', () => Promise.reject(new TypeError('fetch failed')), 'upstream_unreachable'],
    ['because it says nothing', silent, 'upstream_silent'],
  ])('%s is followed by the next, each on a receipt of its own', async (_name, answer, why) => {
    const one = world(answer === silent ? { limits: quick } : {});
    play(one, { 'claude-sonnet-4-6': answer });
    const response = await ask(one, routed(once));
    expect([response.status, response.headers.get('x-tidepool-model')]).toEqual([200, haiku]);
    expect(response.headers.get('x-tidepool-request-id')).toBe('r002');
    expect(await response.text()).toBe(events(anthropicEvents).join(''));
    const said = why === 'upstream_307' ? 'upstream_unreachable' : why;
    expect(receipts(one)).toEqual([
      { requestId: 'r001', model: 'claude-sonnet-4-6', outcome: 'failed', why: said, costNanoUsd: 0 },
      {
        requestId: 'r002',
        model: 'claude-haiku-4-5',
        outcome: 'final',
        costNanoUsd: haikuCost,
        part: { turn: 'r001', attempt: 2, asked: sonnet, after: said },
      },
    ]);
    expect(total(one.ledger)).toEqual({ spent: haikuCost, held: 0, requests: 1 });
    expect(one.settled.map(({ result }) => result)).toEqual(['released', 'charged']);
  });

  it.each([
    ['says yes and then nothing', yesAndSilent, 'upstream_silent'],
    ['says yes and closes', yesAndClosed, 'upstream_empty'],
    ['says yes and breaks', () => broken([]), 'upstream_empty'],
  ])('that %s stays held until the witness is asked, and the next answers', async (_name, answer, why) => {
    const one = world(answer === yesAndSilent ? { limits: quick } : {});
    play(one, { 'claude-sonnet-4-6': answer });
    expect(await (await ask(one, routed(once))).text()).toContain('Grüße');
    const [pending, ...others] = one.ledger.pending();
    expect([pending?.requestId, pending?.state, pending?.why, others]).toEqual(['r001', 'unknown', why, []]);
    expect(total(one.ledger)).toEqual({ spent: haikuCost, held: pending?.holdNanoUsd, requests: 1 });
  });

  it('is followed by every fallback in turn; when all fail, what became of the one asked for is said', async () => {
    const one = world();
    play(one, {
      'claude-sonnet-4-6': status(529),
      'claude-haiku-4-5': status(503),
      'claude-opus-4-6': status(500),
    });
    const response = await ask(one, routed(chain));
    expect([response.status, response.headers.get('x-tidepool-request-id')]).toEqual([529, 'r001']);
    expect(await response.text()).toContain('no 529');
    expect(receipts(one).map(({ requestId, why, part }) => [requestId, why, part?.attempt, part?.after])).toEqual([
      ['r001', 'upstream_529', undefined, undefined],
      ['r002', 'upstream_503', 2, 'upstream_529'],
      ['r003', 'upstream_500', 3, 'upstream_503'],
    ]);
    expect(total(one.ledger)).toEqual({ spent: 0, held: 0, requests: 0 });
    await Promise.all(one.alive);
  });

  it('is not waited for as long as one without a fallback', async () => {
    const one = world({ limits: { ...quick, answerBeginsMs: 60 } });
    play(one, { 'claude-sonnet-4-6': silent, 'claude-haiku-4-5': silent, 'claude-opus-4-6': silent });
    const response = await ask(one, routed(chain));
    expect(response.status).toBe(502);
    expect(receipts(one).map(({ why }) => why)).toEqual(['upstream_silent', 'upstream_silent', 'upstream_silent']);
  });

  it('bounds, prices and holds the request anew', async () => {
    const one = world();
    play(one, { 'claude-sonnet-4-6': status(529) });
    // Sonnet's bound fits whole; of Opus's dearer one only a shorter answer does.
    const tight = routed({ fallbacks: [{ model: sonnet, then: [opus] }] }, { capNanoUsd: 500_000_000 });
    await (await ask(one, tight, { ...turn, max_tokens: 30_000 })).text();
    const bounds = one.upstream.calls.map(
      ({ init }) => (JSON.parse(init.body as string) as { max_tokens: number }).max_tokens,
    );
    expect(asked(one)).toEqual(['claude-sonnet-4-6', 'claude-opus-4-6']);
    expect(bounds[0]).toBe(30_000);
    expect(bounds[1]).toBeLessThan(30_000);
    expect(total(one.ledger).spent).toBe(100 * 5000 + 20 * 25_000);
  });

  it('is passed over for a fallback that the cap does not allow, and nothing is called', async () => {
    const one = world();
    play(one, { 'claude-sonnet-4-6': status(529) });
    const tight = routed({ fallbacks: [{ model: sonnet, then: [opus, haiku] }] }, { capNanoUsd: 30_000_000 });
    await (await ask(one, tight, { ...turn, max_tokens: 1100 })).text();
    expect(asked(one)).toEqual(['claude-sonnet-4-6', 'claude-haiku-4-5']);
    expect(receipts(one)[1]?.part).toMatchObject({ attempt: 2, after: 'unaffordable' });
  });
});

describe('no other model answers', () => {
  it('after the first byte', async () => {
    const one = world();
    play(one, { 'claude-sonnet-4-6': () => broken(events(anthropicEvents.slice(0, 2))) });
    const response = await ask(one, routed(chain));
    expect(response.headers.get('x-tidepool-model')).toBe(sonnet);
    await expect(response.text()).rejects.toThrow(/broke off/);
    expect(asked(one)).toEqual(['claude-sonnet-4-6']);
    expect(receipts(one)).toMatchObject([{ outcome: 'partial', costNanoUsd: 100 * 3000 + 15_000 }]);
  });

  it.each([400, 413, 422])('after a %d: the request would be wrong anywhere', async (code) => {
    const one = world();
    play(one, { 'claude-sonnet-4-6': status(code) });
    expect((await ask(one, routed(chain))).status).toBe(code);
    expect(asked(one)).toEqual(['claude-sonnet-4-6']);
  });

  it('when the cap is reached', async () => {
    const one = world();
    const response = await ask(one, routed(chain, { capNanoUsd: 0 }), agentTurn);
    expect(response.headers.get('x-tidepool-code')).toBe('ai_cap_reached');
    expect(one.upstream.calls).toEqual([]);
  });

  it('to a client that went away meanwhile', async () => {
    const one = world();
    const client = new AbortController();
    play(one, {
      'claude-sonnet-4-6': () => {
        client.abort();
        return status(529)({});
      },
    });
    await ask(one, routed(chain), turn, { signal: client.signal });
    expect(asked(one)).toEqual(['claude-sonnet-4-6']);
    expect(total(one.ledger)).toEqual({ spent: 0, held: 0, requests: 0 });
    await Promise.all(one.alive);
  });

  it('in another format', async () => {
    const one = world();
    one.upstream.answer = status(503);
    const ctx = routed({ fallbacks: [{ model: 'openai/gpt-4o', then: [haiku] }] });
    expect((await one.ai.handle(request('/openai/chat/completions', chat), ctx)).status).toBe(503);
    expect(one.upstream.calls).toHaveLength(1);
  });
});

describe("the customer's own key", () => {
  /** Their key pays for Anthropic; nothing of theirs is stored for the others. */
  const theirs: Payments = {
    of: async (provider) =>
      ok(
        provider === 'anthropic'
          ? {
              kind: 'customer' as const,
              plain: 'sk-theirs',
              key: { name: 'k', version: 1, provider, changedAtMs: 1, refusedAtMs: null },
            }
          : { kind: 'platform' as const },
      ),
    refused: () => undefined,
    taken: () => undefined,
  };

  it('when it is refused is made up for by another model that it pays for, and not charged', async () => {
    const one = world({ payments: theirs });
    play(one, { 'claude-sonnet-4-6': status(403) });
    await (await ask(one, routed(chain))).text();
    expect(asked(one)).toEqual(['claude-sonnet-4-6', 'claude-haiku-4-5']);
    expect(total(one.ledger)).toEqual({ spent: 0, held: 0, requests: 1 });
  });

  /** The second model is the platform's to pay for. */
  function theirsAtFirst(): Payments {
    let asks = 0;
    return {
      ...theirs,
      of: async (provider) => ((asks += 1) === 1 ? theirs.of(provider) : ok({ kind: 'platform' as const })),
    };
  }

  it('when it is refused is never made up for by our money unasked', async () => {
    const one = world({ payments: theirsAtFirst() });
    play(one, { 'claude-sonnet-4-6': status(401) });
    const response = await ask(one, routed(chain), agentTurn);
    expect(await response.text()).toMatch(/Your Anthropic key was refused/);
    expect(asked(one)).toEqual(['claude-sonnet-4-6']);
  });

  it('when it is refused gives way to our money where that was chosen', async () => {
    const one = world({ payments: theirsAtFirst() });
    play(one, { 'claude-sonnet-4-6': status(401) });
    await (await ask(one, routed({ ...chain, keyRefused: 'fall_back' }))).text();
    expect(total(one.ledger)).toEqual({ spent: haikuCost, held: 0, requests: 1 });
  });
});

it('a refusal is an error, not a message, where OpenClaw has a fallback in another format to try', async () => {
  const one = world();
  one.upstream.answer = status(402);
  const mixed = routed({ fallbacks: [{ model: sonnet, then: ['openai/gpt-5.5'] }] });
  expect((await ask(one, mixed, agentTurn)).status).toBe(502);
  expect((await ask(one, routed({}), agentTurn)).status).toBe(200);
});

it('passes a first chunk on whole, also one that begins with nothing', async () => {
  const one = world();
  const chunks = ['', ...events(anthropicEvents)].map((chunk) => encoder.encode(chunk));
  one.upstream.answer = () =>
    new Response(ReadableStream.from(chunks), { headers: { 'content-type': 'text/event-stream' } });
  expect(await (await ask(one, routed(chain))).text()).toBe(events(anthropicEvents).join(''));
  expect(total(one.ledger).spent).toBe(anthropicCost);
});
