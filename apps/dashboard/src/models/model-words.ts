/** Models in words: what they cost, and how one takes over from another. Pure. */
import type { ModelChoice } from '../../../control-plane/src/contract/models.ts';
import { modelProviderNames } from '../../../control-plane/src/contract/secrets.ts';
import { formatUsd } from '../ui/format.ts';

const providers: Readonly<Record<string, string>> = {
  ...modelProviderNames,
  'workers-ai': 'Cloudflare Workers AI',
};

export const providerName = (provider: string): string => providers[provider] ?? provider;

export type Prices = Pick<ModelChoice, 'inputNanoUsd' | 'outputNanoUsd'>;

/** "$3.00 in, $15.00 out": for a million tokens. */
export function priceText({ inputNanoUsd, outputNanoUsd }: Prices, locale?: string): string {
  const options = locale === undefined ? {} : { locale };
  return `${formatUsd(inputNanoUsd, options)} in, ${formatUsd(outputNanoUsd, options)} out`;
}

/** What else there is to know of a price, as one sentence; empty when nothing is. */
export function priceNote({ dearerAboveTokens, paidBy, provider }: ModelChoice, locale?: string): string {
  const notes = [
    paidBy === 'own_key' ? `Your own ${providerName(provider)} key pays for it.` : '',
    dearerAboveTokens === null
      ? ''
      : `Requests with more than ${new Intl.NumberFormat(locale).format(dearerAboveTokens)} tokens cost more.`,
  ];
  return notes.filter((note) => note !== '').join(' ');
}

/**
 * How a fallback takes over: within the request, when both providers speak a format in common; else OpenClaw asks again in
 * the other one, which it does for its default model only.
 */
export function takesOver(from: ModelChoice | undefined, to: ModelChoice | undefined): 'at_once' | 'asked_again' {
  if (from === undefined || to === undefined) return 'asked_again';
  return from.formats.some((format) => format !== 'openai-embeddings' && to.formats.includes(format))
    ? 'at_once'
    : 'asked_again';
}

/** The list with one entry a place further up (-1) or down (1); itself when there is no such place. */
export function moved<T>(list: readonly T[], at: number, by: -1 | 1): readonly T[] {
  const to = at + by;
  const one = list[at];
  const other = list[to];
  if (one === undefined || other === undefined) return list;
  return list.map((entry, index) => (index === at ? other : index === to ? one : entry));
}

/** Models grouped by provider, in the order in which the providers come. */
export function byProvider(choices: readonly ModelChoice[]): readonly (readonly [string, readonly ModelChoice[]])[] {
  const groups = new Map<string, ModelChoice[]>();
  for (const choice of choices) groups.set(choice.provider, [...(groups.get(choice.provider) ?? []), choice]);
  return [...groups];
}
