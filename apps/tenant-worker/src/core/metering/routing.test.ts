import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainRouting, type ModelRouting, type TenantModels } from '../../../../control-plane/src/contract/models.ts';
import { aiProviders, formatsOf, routeFor, type AiProvider, type AiRoute } from './ai-route.ts';
import {
  attemptsFor,
  failureName,
  failureOf,
  mayUse,
  nextAttempt,
  openClawFallbacks,
  type AttemptFailure,
} from './routing.ts';

const sonnet = 'anthropic/claude-sonnet-4-6';
const haiku = 'anthropic/claude-haiku-4-5';
const opus = 'anthropic/claude-opus-4-6';
const gpt = 'openai/gpt-5.5';

function models(routing: Partial<ModelRouting> = {}): TenantModels {
  return { primary: sonnet, utility: haiku, routing: { ...plainRouting, ...routing } };
}

function route(provider: AiProvider, format: AiRoute['format']): AiRoute {
  const found = routeFor(provider, { format, named: { model: 'm', streaming: true } }, 'gemini-3-pro');
  if (found === null) throw new Error(`${provider} does not speak ${format}`);
  return found;
}

const messages = route('anthropic', 'anthropic-messages');
const asked = { ref: sonnet, model: 'claude-sonnet-4-6', route: messages };
const refs = (of: TenantModels, spentPercent: number | null = null): string[] =>
  attemptsFor(of, asked, spentPercent).candidates.map(({ ref }) => ref);

describe('what may answer', () => {
  it('is every model until somebody lists them, and then those', () => {
    expect(mayUse({ primary: sonnet, utility: haiku }, gpt)).toBe(true);
    expect(mayUse(models({ allowed: [sonnet] }), sonnet)).toBe(true);
    expect(mayUse(models({ allowed: [sonnet] }), haiku)).toBe(false);
  });

  it('is the model that was asked for, then its fallbacks in their order, each once', () => {
    expect(refs(models())).toEqual([sonnet]);
    const chain = { model: sonnet, then: [haiku, opus, haiku, sonnet] };
    expect(refs(models({ fallbacks: [{ model: haiku, then: [opus] }, chain] }))).toEqual([sonnet, haiku, opus]);
  });

  it('keeps to the format of the request: what needs another one is left to OpenClaw', () => {
    const mixed = models({ fallbacks: [{ model: sonnet, then: [gpt, haiku] }] });
    expect(refs(mixed)).toEqual([sonnet, haiku]);
    expect(openClawFallbacks(mixed)).toEqual([gpt]);
    expect(openClawFallbacks(models())).toEqual([]);
  });

  it('crosses providers where they speak one format, and says a Gemini model in the path', () => {
    const chat = { ref: 'openai/gpt-4o', model: 'gpt-4o', route: route('openai', 'openai-chat') };
    const then = ['openrouter/openai/gpt-4o', 'workers-ai/@cf/openai/gpt-oss-120b', 'google/gemini-3-pro'];
    const policy = models({ fallbacks: [{ model: 'openai/gpt-4o', then }] });
    expect(attemptsFor(policy, chat, null).candidates.map(({ ref, model }) => [ref, model])).toEqual([
      ['openai/gpt-4o', 'gpt-4o'],
      ['openrouter/openai/gpt-4o', 'openai/gpt-4o'],
      ['workers-ai/@cf/openai/gpt-oss-120b', '@cf/openai/gpt-oss-120b'],
    ]);
    const gemini = { ref: 'google/gemini-2.5-pro', model: 'gemini-2.5-pro', route: route('google', 'google-gemini') };
    const next = models({ fallbacks: [{ model: gemini.ref, then: ['google/gemini-3-flash', haiku] }] });
    expect(attemptsFor(next, gemini, null).candidates.map((one) => one.route.upstreamPath)).toEqual([
      expect.stringContaining('/gemini-3-pro:streamGenerateContent'),
      '/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse',
    ]);
  });

  it('goes to an address that its provider has for this very format', () => {
    const anyRoute = fc.constantFrom(
      ...aiProviders.flatMap((provider) => formatsOf(provider).map((format) => route(provider, format))),
    );
    const anyRef = fc.constantFrom(sonnet, haiku, gpt, 'openai/gpt-4o', 'nobody/model', 'no-slash');
    fc.assert(
      fc.property(anyRoute, anyRef, fc.array(anyRef, { minLength: 1, maxLength: 4 }), (from, ref, then) => {
        const policy = models({ fallbacks: [{ model: ref, then }], economy: { abovePercent: 50, model: gpt } });
        const { candidates } = attemptsFor(policy, { ref, model: 'm', route: from }, 80);
        expect(candidates.map((one) => one.route.format)).toEqual(candidates.map(() => from.format));
        expect(new Set(candidates.map((one) => one.ref)).size).toBe(candidates.length);
        expect(candidates.length).toBeLessThanOrEqual(6);
        expect(candidates.map((one) => one.ref)).toContain(ref);
      }),
    );
  });

  it('is the cheaper model first from the share of the cap on that the rule names', () => {
    const thrifty = models({
      economy: { abovePercent: 80, model: haiku },
      fallbacks: [{ model: sonnet, then: [opus] }],
    });
    expect(refs(thrifty, 79.9)).toEqual([sonnet, opus]);
    expect(refs(thrifty, 80)).toEqual([haiku, sonnet, opus]);
    expect(attemptsFor(thrifty, asked, 80).rule).toBe('economy');
    const unfit = models({ economy: { abovePercent: 80, model: gpt } });
    expect(attemptsFor(unfit, asked, 99)).toMatchObject({ candidates: [asked], rule: null });
  });
});

describe('what follows a failure', () => {
  it.each<[number, boolean, AttemptFailure['kind'], 'next' | 'next_own_key' | 'never']>([
    [401, false, 'account_refused', 'next'],
    [402, false, 'account_refused', 'next'],
    [403, false, 'account_refused', 'next'],
    [401, true, 'key_refused', 'next_own_key'],
    [402, true, 'key_refused', 'next_own_key'],
    [404, false, 'model_unknown', 'next'],
    [408, false, 'overloaded', 'next'],
    [429, true, 'overloaded', 'next'],
    [500, false, 'overloaded', 'next'],
    [503, false, 'overloaded', 'next'],
    [529, false, 'overloaded', 'next'],
    [307, false, 'unreachable', 'next'],
    [400, false, 'request_refused', 'never'],
    [413, false, 'request_refused', 'never'],
    [422, true, 'request_refused', 'never'],
  ])('status %d (own key: %s) is %s: %s', (status, ofKey, kind, next) => {
    const failure = failureOf(status, ofKey);
    expect(failure.kind).toBe(kind);
    expect(nextAttempt(failure, models(), true)).toBe(next);
  });

  it('makes up for a refused key with our money only when that was asked for', () => {
    const failure = failureOf(401, true);
    expect(nextAttempt(failure, models(), true)).toBe('next_own_key');
    expect(nextAttempt(failure, models({ keyRefused: 'fall_back' }), true)).toBe('next');
  });

  it('never gets around the cap: what does not fit ends the turn, a fallback that does not fit is passed over', () => {
    expect(nextAttempt({ kind: 'unaffordable' }, models(), true)).toBe('never');
    expect(nextAttempt({ kind: 'unaffordable' }, models(), false)).toBe('next');
  });

  it('has a short name', () => {
    expect(failureName({ kind: 'silent' })).toBe('upstream_silent');
    expect(failureName(failureOf(529, false))).toBe('upstream_529');
    expect(failureName({ kind: 'key_refused', status: null })).toBe('key_unreadable');
  });
});
