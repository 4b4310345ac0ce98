import { calcPrice, findProvider, type MatchLogic } from '@pydantic/genai-prices';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importPrices } from '../../../../../local/prices/import.ts';
import { providerRules } from '../../../../../local/prices/provider-rules.ts';
import { costNanoUsd } from './price.ts';
import { findPrice, priceTableAt, priceTables, type PriceTable } from './price-table.ts';
import leftOut from './prices/2026-11-21.left-out.json' with { type: 'json' };
import { noUsage } from './usage.ts';

const nowMs = Date.parse('2026-11-21T12:00:00Z');
const table = priceTableAt(priceTables, nowMs);

function equalsIn(match: MatchLogic): string[] {
  if ('equals' in match) return [match.equals];
  return 'or' in match ? match.or.flatMap(equalsIn) : [];
}

function sourceOf(provider: string): string {
  return Object.entries(providerRules).find(([id]) => id === provider)?.[1].source ?? provider;
}

function solInputOn(day: string): number | undefined {
  return findPrice(table, 'openai', 'gpt-5.6-sol', Date.parse(`${day}T00:00:00Z`))?.price.base.input;
}

function emptyTable(version: string): PriceTable {
  return { version, effectiveFrom: version, source: '', providers: {} };
}

describe('the newest table', () => {
  it('is what the import makes today from the installed package', () => {
    const newest = priceTables.at(-1);
    const imported = importPrices(newest?.version ?? '', newest?.effectiveFrom ?? '');
    expect([newest, leftOut]).toEqual([imported.table, imported.leftOut]);
  });

  it('holds only whole, non-negative, safe numbers', () => {
    for (const provider of Object.values(table.providers)) {
      for (const model of provider.models) {
        for (const dated of model.prices) {
          for (const rates of [dated.base, ...dated.longContext]) {
            for (const rate of Object.values(rates))
              expect(Number.isSafeInteger(rate) && rate >= 0, model.id).toBe(true);
          }
        }
      }
    }
  });

  it('charges for every model what the source charges, at a small and a long context', () => {
    let compared = 0;
    for (const [providerId, provider] of Object.entries(table.providers)) {
      for (const model of provider.models) {
        const name = equalsIn(model.match as MatchLogic)[0] ?? model.id;
        const priced = findPrice(table, providerId, name, nowMs);
        if (!priced) continue;
        for (const input of [1000, 300_000]) {
          const theirs = calcPrice({ input_tokens: input, cache_read_tokens: 400, output_tokens: 77 }, name, {
            providerId: sourceOf(providerId),
            timestamp: new Date(nowMs),
          });
          const ours = costNanoUsd({ ...noUsage, input: input - 400, cacheRead: 400, output: 77 }, priced.price);
          expect([name, ours]).toEqual([name, Math.round((theirs?.total_price ?? Number.NaN) * 1e9)]);
          compared += 1;
        }
      }
    }
    expect(compared).toBeGreaterThan(500);
  });
});

describe('findPrice', () => {
  it.each([
    ['anthropic', 'claude-sonnet-4-6', 'claude-sonnet-4-6'],
    ['anthropic', 'claude-haiku-4-5-20251001', 'claude-haiku-4-5'],
    ['anthropic', 'claude-sonnet-4-20250514', 'claude-sonnet-4-0'],
    ['anthropic', 'Claude-Opus-4-8', 'claude-opus-4-8'],
    ['anthropic', 'claude-3-5-haiku-latest', 'claude-3-5-haiku-latest'],
    ['openai', 'gpt-5.5', 'gpt-5.5'],
    ['openai', 'gpt-5.5-2026-04-23', 'gpt-5.5'],
    ['openai', 'gpt-5.5-20260423', 'gpt-5.5'],
    ['openai', 'gpt-5.6-luna-2027-01-01', 'gpt-5.6-luna'],
    ['openai', 'text-embedding-3-small', 'text-embedding-3-small'],
    ['google', 'gemini-2.5-pro', 'gemini-2.5-pro'],
    ['google', 'gemini-2.5-flash-lite', 'gemini-2.5-flash-lite'],
    ['google', 'gemini-3.1-pro-preview', 'gemini-3.1-pro-preview'],
    ['google', 'gemini-3.8-flash', 'gemini-3.8-flash'],
    ['openrouter', 'anthropic/claude-sonnet-4.6', 'anthropic/claude-sonnet-4.6'],
    ['workers-ai', '@cf/zai-org/glm-4.7-flash', '@cf/zai-org/glm-4.7-flash'],
  ])('%s %s is %s', (provider, name, id) => {
    expect(findPrice(table, provider, name, nowMs)?.modelId).toBe(id);
  });

  it.each([
    ['anthropic', 'claude-sonnet-5-5', 'a later model that begins like a known one'],
    ['anthropic', 'claude-haiku-4-5-turbo', 'a variant that begins like a known one'],
    ['anthropic', 'gpt-5.5', 'the other provider'],
    ['openai', 'gpt-4o-mini-search-preview', 'a model with a fee per call'],
    ['openai', 'ft:gpt-4o-2024-08-06:acme::abc', 'a fine-tuned model'],
    ['openai', 'gpt-realtime', 'audio'],
    ['openai', '', 'no name'],
    ['google', 'gemini-2.5-pro-exp-03-25', 'a variant that begins like a known one'],
    ['google', 'gemini-2.5-pro-preview-tts', 'spoken answers'],
    ['google', 'claude-sonnet-4-6', "another maker's model, which the Gemini API does not serve"],
    ['google', 'gemini-embedding-001', 'embeddings, which have no open path'],
    ['openrouter', 'openrouter/auto', 'a router'],
    ['openrouter', 'anthropic/claude-sonnet-4.6:online', 'a variant with a fee'],
    ['openrouter', 'anthropic/claude-sonnet-4.6:beta', 'a variant'],
    ['workers-ai', '@cf/baai/bge-m3', 'embeddings, which have no open path'],
    ['cloudflare', '@cf/zai-org/glm-4.7-flash', 'the name of the source, not ours'],
    ['nobody', 'gpt-5.5', 'an unknown provider'],
    ['constructor', 'gpt-5.5', 'a name every object has'],
  ])('%s %s has no price: %s', (provider, name) => {
    expect(findPrice(table, provider, name, nowMs)).toBeNull();
  });

  it('never prices a name that the source would price otherwise', () => {
    const names = table.providers['anthropic']?.models.map((model) => model.id) ?? [];
    const suffix = fc.oneof(
      fc.constantFrom('', '-latest', '-20260101', '@20260101', '-5', '-fast', ':free'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.constantFrom(...names), suffix, (id, rest) => {
        const ours = findPrice(table, 'anthropic', id + rest, nowMs);
        if (!ours) return;
        const theirs = calcPrice({ input_tokens: 1_000_000, output_tokens: 0 }, id + rest, {
          provider: findProvider({ providerId: 'anthropic' }),
          timestamp: new Date(nowMs),
        });
        expect(costNanoUsd({ ...noUsage, input: 1_000_000 }, ours.price)).toBe(
          Math.round((theirs?.total_price ?? Number.NaN) * 1e9),
        );
      }),
    );
  });

  it.each(['openrouter', 'workers-ai'])('knows every model of %s by exact names only', (provider) => {
    for (const model of table.providers[provider]?.models ?? []) {
      const names = equalsIn(model.match as MatchLogic);
      expect(names.length, model.id).toBeGreaterThan(0);
      for (const name of names) {
        expect(name).toMatch(/^[^:]+\/[^:]+$/);
        expect(findPrice(table, provider, name, nowMs)?.modelId).toBe(model.id);
        expect(findPrice(table, provider, `${name}-20270101`, nowMs)?.modelId ?? null).toBeNull();
      }
    }
  });

  it('takes the price of the day', () => {
    expect(['2026-08-20', '2026-08-21'].map(solInputOn)).toEqual([5_000_000, 4_000_000]);
  });
});

describe('priceTableAt', () => {
  const tables = [emptyTable('2026-11-01'), emptyTable('2026-12-01')];

  it.each([
    ['2026-10-01T00:00:00Z', '2026-11-01'],
    ['2026-11-30T23:59:59Z', '2026-11-01'],
    ['2026-12-01T00:00:00Z', '2026-12-01'],
  ])('at %s it is %s', (moment, version) => {
    expect(priceTableAt(tables, Date.parse(moment)).version).toBe(version);
  });
});
