/** Every model that has a price at a moment, as a person chooses among them. */
import type { ModelChoice } from '../../../../control-plane/src/contract/models.ts';
import { ModelRef } from '../../../../control-plane/src/contract/models.ts';
import { aiProviders, formatsOf, type AiProvider } from './ai-route.ts';
import { findPrice, type PriceTable } from './price-table.ts';
import { modelRefOf } from './routing.ts';

/** Pico-USD for a token is this many nano-USD for a million. */
const NANO_PER_MILLION = 1_000;

export function modelChoices(
  table: PriceTable,
  nowMs: number,
  paidBy: (provider: AiProvider) => ModelChoice['paidBy'],
): ModelChoice[] {
  return aiProviders.flatMap((provider) => {
    const payer = paidBy(provider);
    const models = table.providers[provider]?.models ?? [];
    return models.flatMap(({ id }): ModelChoice[] => {
      const priced = findPrice(table, provider, id, nowMs);
      const ref = modelRefOf(provider, id);
      // A name that finds another entry's price, or none, is no name to ask for.
      if (priced?.modelId !== id || !ModelRef.safeParse(ref).success) return [];
      const { base, longContext } = priced.price;
      return [
        {
          ref,
          provider,
          model: id,
          kind: /embedding/.test(id) ? 'embedding' : 'chat',
          formats: [...formatsOf(provider)],
          contextTokens: priced.contextTokens,
          inputNanoUsd: base.input * NANO_PER_MILLION,
          cacheReadNanoUsd: base.cacheRead * NANO_PER_MILLION,
          outputNanoUsd: base.output * NANO_PER_MILLION,
          dearerAboveTokens: longContext[0]?.aboveInputTokens ?? null,
          paidBy: payer,
        },
      ];
    });
  });
}
