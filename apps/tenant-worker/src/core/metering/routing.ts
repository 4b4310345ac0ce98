/**
 * Which models may answer a request, in which order, and what happens after a failure. Pure: the dispatcher walks what is
 * decided here, docs/metering.md has it in words.
 *
 * The rule of formats: an attempt keeps the wire format of the request, since its bytes go to the client as they come. A
 * model takes over within a turn only where its provider speaks that format; what needs another format is left to
 * OpenClaw's own fallbacks (`openClawFallbacks`), which asks again by itself in the other format.
 */
import { routingOf, type TenantModels } from '../../../../control-plane/src/contract/models.ts';
import { unreachable } from '../../../../control-plane/src/contract/result.ts';
import { formatsOf, parseProvider, routeFor, type AiProvider, type AiRoute } from './ai-route.ts';

/** A model that an attempt may go to. */
export interface Candidate {
  /** `provider/model`, the model by its id in the price table. */
  readonly ref: string;
  readonly model: string;
  readonly route: AiRoute;
}

export function modelRefOf(provider: AiProvider, modelId: string): string {
  return `${provider}/${modelId}`;
}

/** Whether the people of this assistant allow the model. Asked before anything is reserved or called. */
export function mayUse(models: TenantModels, ref: string): boolean {
  const { allowed } = routingOf(models);
  return allowed === null || allowed.includes(ref);
}

/**
 * The model that was asked for and then its fallbacks, each once. Above the economy rule's share of the cap its model comes
 * first and the one that was asked for takes over from it; `rule` says so.
 */
export function attemptsFor(
  models: TenantModels,
  asked: Candidate,
  spentPercent: number | null,
): { readonly candidates: readonly Candidate[]; readonly rule: 'economy' | null } {
  const { fallbacks, economy } = routingOf(models);
  const chain = fallbacks.find(({ model }) => model === asked.ref)?.then ?? [];
  const following = chain.flatMap((ref) => candidateFor(ref, asked.route) ?? []);
  const cheaper =
    economy !== null && spentPercent !== null && spentPercent >= economy.abovePercent && economy.model !== asked.ref
      ? candidateFor(economy.model, asked.route)
      : null;
  const all = cheaper === null ? [asked, ...following] : [cheaper, asked, ...following];
  const seen = new Set<string>();
  const candidates = all.filter(({ ref }) => !seen.has(ref) && seen.add(ref));
  return { candidates, rule: cheaper === null ? null : 'economy' };
}

/** Why an attempt came to nothing. None of these is possible after the first byte of an answer. */
export type AttemptFailure =
  /** The provider, or the gateway before it, refused the platform's own account. */
  | { readonly kind: 'account_refused'; readonly status: number }
  /** It refused the customer's key, or that key could not be opened. */
  | { readonly kind: 'key_refused'; readonly status: number | null }
  | { readonly kind: 'model_unknown' }
  /** The request itself is wrong: it would be wrong anywhere. */
  | { readonly kind: 'request_refused'; readonly status: number }
  | { readonly kind: 'overloaded'; readonly status: number }
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'silent' }
  /** It said yes and then nothing more: closed or broken before the first byte. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'not_configured' }
  | { readonly kind: 'rate_limited' }
  /** Its most would pass the cap or another budget, or spending is paused. */
  | { readonly kind: 'unaffordable' }
  /** It would pass the budget of this model alone. */
  | { readonly kind: 'model_budget' }
  /** The request cannot be put to this model: no price, or something in it that has none. */
  | { readonly kind: 'not_drafted' }
  /** The platform would pay where only the customer's own keys may. */
  | { readonly kind: 'not_own_key' };

/** The failure for receipts and logs: at most 64 characters. */
export function failureName(failure: AttemptFailure): string {
  switch (failure.kind) {
    case 'account_refused':
    case 'request_refused':
    case 'overloaded':
      return `upstream_${failure.status}`;
    case 'key_refused':
      return failure.status === null ? 'key_unreadable' : `upstream_${failure.status}`;
    case 'model_unknown':
      return 'upstream_404';
    case 'unreachable':
      return 'upstream_unreachable';
    case 'silent':
      return 'upstream_silent';
    case 'empty':
      return 'upstream_empty';
    case 'not_configured':
    case 'rate_limited':
    case 'unaffordable':
    case 'model_budget':
    case 'not_drafted':
    case 'not_own_key':
      return failure.kind;
    default:
      return unreachable(failure);
  }
}

/** What an error status of an upstream means. `ofKey`: it is the customer's key that it refuses. */
export function failureOf(status: number, ofKey: boolean): AttemptFailure {
  if (status === 401 || status === 402 || status === 403)
    return { kind: ofKey ? 'key_refused' : 'account_refused', status };
  if (status === 404) return { kind: 'model_unknown' };
  if (status === 408 || status === 429 || status >= 500) return { kind: 'overloaded', status };
  return status >= 400 ? { kind: 'request_refused', status } : { kind: 'unreachable' };
}

/** `next_own_key`: only a model that another key of the customer's pays for; their refused key is their word. */
export type Next = 'next' | 'next_own_key' | 'never';

/** Whether another model may answer after this failure. `isFirst`: of the turn, so that a cap is never got around. */
export function nextAttempt(failure: AttemptFailure, models: TenantModels, isFirst: boolean): Next {
  switch (failure.kind) {
    case 'account_refused':
    case 'model_unknown':
    case 'overloaded':
    case 'unreachable':
    case 'silent':
    case 'empty':
    case 'not_configured':
    case 'rate_limited':
    case 'model_budget':
    case 'not_drafted':
    case 'not_own_key':
      return 'next';
    case 'key_refused':
      return routingOf(models).keyRefused === 'fall_back' ? 'next' : 'next_own_key';
    case 'unaffordable':
      return isFirst ? 'never' : 'next';
    case 'request_refused':
      return 'never';
    default:
      return unreachable(failure);
  }
}

/** Fallbacks of the default model that OpenClaw has to try itself: their providers do not speak all that its own does. */
export function openClawFallbacks(models: TenantModels): string[] {
  const spoken = formatsOfRef(models.primary);
  const chain = routingOf(models).fallbacks.find(({ model }) => model === models.primary)?.then ?? [];
  return chain.filter((ref) => {
    const theirs = formatsOfRef(ref);
    return spoken.some((format) => !theirs.includes(format));
  });
}

function formatsOfRef(ref: string): readonly string[] {
  const provider = parseProvider(ref.slice(0, ref.indexOf('/')));
  return provider === null ? [] : formatsOf(provider).filter((format) => format !== 'openai-embeddings');
}

function candidateFor(ref: string, asked: AiRoute): Candidate | null {
  const slash = ref.indexOf('/');
  const provider = parseProvider(ref.slice(0, slash));
  const model = ref.slice(slash + 1);
  const route = provider === null ? null : routeFor(provider, asked, model);
  return route === null ? null : { ref, model, route };
}
