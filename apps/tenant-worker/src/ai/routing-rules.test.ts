import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  agentTurn,
  anthropicCost,
  anthropicEvents,
  broken,
  events,
  streamed,
  total,
  turn,
  world,
} from '../../../../test/support/ai-dispatch-world.ts';
import {
  ask,
  asked,
  chain,
  haiku,
  play,
  receipts,
  routed,
  sonnet,
  status,
  yesAndClosed,
  type Answer,
} from '../../../../test/support/routed-world.ts';

describe('a model that is not allowed', () => {
  const only = routed({ allowed: [sonnet] });
  it('is refused before anything is called, in words that say what to do', async () => {
    const one = world();
    const error = await ask(one, only, { ...turn, model: 'claude-opus-4-6' });
    expect([error.status, error.headers.get('x-tidepool-code')]).toEqual([404, 'ai_model_not_allowed']);
    const said = await ask(one, only, { ...agentTurn, model: 'claude-opus-4-6' });
    expect(said.status).toBe(200);
    expect(await said.text()).toMatch(/claude-opus-4-6.* is not among those that are allowed.* under Models/);
    expect([one.upstream.calls, total(one.ledger).requests]).toEqual([[], 0]);
  });

  it('is not confused with one of its releases', async () => {
    const one = world();
    expect((await ask(one, only, { ...turn, model: 'claude-sonnet-4-6-20260217' })).status).toBe(200);
  });
});

describe('rules of the people', () => {
  it('send a model no more requests a minute than they say', async () => {
    const one = world();
    const two = routed({ perMinute: [{ model: sonnet, requests: 2 }] });
    const codes: number[] = [];
    for (let n = 0; n < 3; n++) {
      const response = await ask(one, two);
      codes.push(response.status);
      await response.text();
    }
    expect(codes).toEqual([200, 200, 429]);
    expect((await ask(one, two)).headers.get('x-tidepool-code')).toBe('ai_model_rate_limited');
    one.clock.ms += 60_000;
    expect((await ask(one, two)).status).toBe(200);
  });

  it('let a fallback answer above such a limit, as the first attempt of its turn', async () => {
    const one = world();
    const ctx = routed({ ...chain, perMinute: [{ model: sonnet, requests: 1 }] });
    await (await ask(one, ctx)).text();
    await (await ask(one, ctx)).text();
    expect(asked(one)).toEqual(['claude-sonnet-4-6', 'claude-haiku-4-5']);
    expect(receipts(one)[1]).toMatchObject({
      requestId: 'r002',
      part: { turn: 'r002', attempt: 1, asked: sonnet, after: 'rate_limited' },
    });
  });

  it('let a cheaper model answer from a share of the cap on, and the one asked for when that fails', async () => {
    const one = world();
    const ctx = routed({ economy: { abovePercent: 50, model: haiku } }, { capNanoUsd: 60_000_000 });
    await (await ask(one, ctx)).text();
    one.ledger.reserve({
      requestId: 'x',
      holdNanoUsd: 35_000_000,
      provider: 'p',
      model: 'm',
      capNanoUsd: 60_000_000,
      periodKey: '2026-11',
      byok: false,
    });
    await (await ask(one, ctx)).text();
    play(one, { 'claude-haiku-4-5': status(503) });
    await (await ask(one, ctx)).text();
    expect(asked(one)).toEqual(['claude-sonnet-4-6', 'claude-haiku-4-5', 'claude-haiku-4-5', 'claude-sonnet-4-6']);
    const parts = receipts(one).map(({ part }) => part && [part.turn, part.attempt, part.asked, part.after]);
    expect(parts).toEqual([
      undefined,
      ['r002', 1, sonnet, 'economy'],
      ['r003', 1, sonnet, 'economy'],
      ['r003', 2, null, 'upstream_503'],
    ]);
  });
});

describe('answers that are kept', () => {
  const kept = routed({ ...chain, answerMinutes: 5 });

  it('are given again to the very same request, free, on a receipt that says so', async () => {
    const one = world();
    const first = await (await ask(one, kept)).text();
    const { model, ...rest } = turn;
    const again = await ask(one, kept, { ...rest, model });
    expect([await again.text(), again.headers.get('content-type')]).toEqual([first, 'text/event-stream']);
    expect(asked(one)).toHaveLength(1);
    expect(total(one.ledger)).toEqual({ spent: anthropicCost, held: 0, requests: 2 });
    expect(receipts(one)[1]).toMatchObject({ costNanoUsd: 0, part: { attempt: 1, after: 'kept_answer' } });
    await Promise.all(one.alive);
  });

  it('are not given to another request, after their time, or to those who did not ask for it', async () => {
    const one = world();
    await (await ask(one, kept)).text();
    await (await ask(one, kept, { ...turn, max_tokens: 999 })).text();
    await (await ask(one, routed({}))).text();
    expect(asked(one)).toHaveLength(3);
    one.clock.ms += 5 * 60_000;
    await (await ask(one, kept)).text();
    expect(asked(one)).toHaveLength(4);
  });

  it('are never those that broke off, or of another model', async () => {
    const one = world();
    play(one, { 'claude-sonnet-4-6': () => broken(events(anthropicEvents.slice(0, 2))) });
    await expect((await ask(one, kept)).text()).rejects.toThrow();
    play(one, { 'claude-sonnet-4-6': status(529) });
    await (await ask(one, kept)).text();
    await (await ask(one, kept)).text();
    expect(asked(one)).toHaveLength(5);
  });
});

describe('over any sequence of failures', () => {
  const names = ['claude-sonnet-4-6', 'claude-haiku-4-5', 'claude-opus-4-6'] as const;
  const rates = {
    'claude-sonnet-4-6': [3000, 15_000],
    'claude-haiku-4-5': [1000, 5000],
    'claude-opus-4-6': [5000, 25_000],
  } as const;
  const fate = fc.oneof(
    { weight: 2, arbitrary: fc.constant('answers' as const) },
    fc.constantFrom('refused', 'overloaded', 'wrong', 'unreachable', 'closed', 'cut' as const),
  );

  it('what is charged is what the upstream says it served, and every attempt has one end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            fates: fc.array(fate, { minLength: 3, maxLength: 3 }),
            input: fc.nat(5000),
            output: fc.nat(900),
          }),
          { maxLength: 8 },
        ),
        async (turns) => {
          const one = world();
          /** The upstream's own log: what it served, in its own words. */
          const served: number[] = [];
          let calls = 0;
          for (const { fates, input, output } of turns) {
            const usage = (model: (typeof names)[number], tokensOut: number): void => {
              served.push(input * rates[model][0] + tokensOut * rates[model][1]);
            };
            const list = [
              { type: 'message_start', message: { id: 'm', usage: { input_tokens: input, output_tokens: 1 } } },
              { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: output + 1 } },
              { type: 'message_stop' },
            ];
            const acts: Record<string, Answer> = {};
            for (const [n, model] of names.entries()) {
              acts[model] = (init) => {
                calls += 1;
                switch (fates[n]) {
                  case 'refused':
                    return status(403)(init);
                  case 'overloaded':
                    return status(529)(init);
                  case 'wrong':
                    return status(400)(init);
                  case 'unreachable':
                    return Promise.reject(new TypeError('fetch failed'));
                  case 'closed':
                    return yesAndClosed(init);
                  case 'cut':
                    usage(model, 1);
                    return broken(events(list.slice(0, 1)));
                  default:
                    usage(model, output + 1);
                    return streamed(events(list));
                }
              };
            }
            play(one, acts);
            const response = await ask(one, routed(chain));
            // Some of the scripts break off: what that costs is looked at below.
            await response.text().catch(() => undefined);
          }
          await Promise.all(one.alive);
          const { spentNanoUsd, heldNanoUsd } = one.ledger.periodTotal('2026-11');
          const pending = one.ledger.pending();
          expect(spentNanoUsd).toBe(served.reduce((sum, cost) => sum + cost, 0));
          expect(heldNanoUsd).toBe(pending.reduce((sum, hold) => sum + hold.holdNanoUsd, 0));
          expect(one.settled).toHaveLength(calls);
          expect(new Set(one.settled.map(({ requestId }) => requestId)).size).toBe(calls);
          expect(pending.every(({ state }) => state === 'unknown')).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });
});
