/**
 * Who pays for a model request, and so whose credential goes with it: the customer, when a key of theirs for the provider
 * is stored, else the platform. The one place that decides it. A refused key is still the customer's word: it is never
 * made up for with the platform's money unasked.
 */
import type { ModelProvider } from '../../../../control-plane/src/contract/secrets.ts';
import type { AiRefusal } from './ai-error.ts';
import { aiProviderNames, type AiProvider } from './ai-route.ts';
import { asArray, asObject, parseObject } from './json.ts';

/** A model key that is stored, without its value. */
export interface StoredModelKey {
  readonly name: string;
  readonly version: number;
  readonly provider: ModelProvider;
  readonly changedAtMs: number;
  /** When the provider last refused it, if it has not taken it since. */
  readonly refusedAtMs: number | null;
}

export type Payer = { readonly kind: 'platform' } | { readonly kind: 'customer'; readonly key: StoredModelKey };

/** Of several keys for one provider the one that was stored last counts. */
export function whoPays(provider: AiProvider, stored: readonly StoredModelKey[]): Payer {
  const [key] = stored
    .filter((candidate) => candidate.provider === provider)
    .toSorted((a, b) => b.changedAtMs - a.changedAtMs || (a.name < b.name ? -1 : 1));
  return key === undefined ? { kind: 'platform' } : { kind: 'customer', key };
}

/** The status of an error answer. Google says 400 to a key that is none, with this reason among the details: a 401. */
export function statusMeant(status: number, bodyText: string): number {
  if (status !== 400) return status;
  const details = asArray(asObject(parseObject(bodyText)?.['error'])?.['details']) ?? [];
  return details.some((detail) => asObject(detail)?.['reason'] === 'API_KEY_INVALID') ? 401 : status;
}

/**
 * Whether an error answer refuses the customer's key. AI Gateway passes a provider's answer on as it is, and says what it
 * refuses itself in a shape of its own (`error` is a list): that is about the platform's account.
 */
export function refusesKey(status: number, bodyText: string): boolean {
  if (status !== 401 && status !== 402 && status !== 403) return false;
  const body = parseObject(bodyText);
  return !Array.isArray(body?.['error']) && body?.['success'] !== false;
}

export function keyRefused(provider: AiProvider, status: number): AiRefusal {
  const name = aiProviderNames[provider];
  return {
    code: 'ai_key_refused',
    detail:
      status === 402
        ? `The account of your ${name} key cannot pay for this (${status}).`
        : `Your ${name} key was refused (${status}).`,
    next: `Replace it in the Tidepool dashboard under Secrets, or delete it there to use the platform's models again.`,
  };
}

export function keyUnreadable(provider: AiProvider): AiRefusal {
  return {
    code: 'ai_key_refused',
    detail: `Your ${aiProviderNames[provider]} key is stored but could not be opened, so no model was called.`,
    next: 'Send the message again; if that does not help, replace the key in the Tidepool dashboard under Secrets.',
  };
}
