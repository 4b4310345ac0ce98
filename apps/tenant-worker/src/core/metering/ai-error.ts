/**
 * Refusals on the model path, in the provider's own error format, so that OpenClaw shows the sentence in the chat.
 * Shapes: docs of Anthropic ("Errors": `{type:"error", error:{type, message}}`), OpenAI ("Error codes":
 * `{error:{message, type, param, code}}`; Workers AI answers its OpenAI clients alike), Google (`google.rpc.Status` as
 * JSON: `{error:{code, message, status}}`) and OpenRouter (`{error:{code, message, metadata}}`).
 */
import { unreachable } from '../../../../control-plane/src/contract/result.ts';
import type { AiProvider } from './ai-route.ts';

export type AiRefusalCode =
  | 'ai_path_not_allowed'
  | 'ai_request_invalid'
  | 'ai_not_supported'
  | 'ai_model_unpriced'
  | 'ai_model_not_allowed'
  | 'ai_model_rate_limited'
  | 'ai_cap_reached'
  | 'ai_day_budget_reached'
  | 'ai_model_budget_reached'
  | 'ai_organisation_limit_reached'
  | 'ai_spend_paused'
  | 'ai_busy'
  | 'ai_duplicate'
  | 'ai_upstream_unreachable'
  | 'ai_upstream_misconfigured'
  | 'ai_key_refused'
  | 'ai_ledger_unavailable'
  | 'body_too_large';

/** What happened and what to do next; read by a person, in the chat. Never vendor text, never a secret. */
export interface AiRefusal {
  readonly code: AiRefusalCode;
  readonly detail: string;
  readonly next: string;
}

interface Rendering {
  readonly status: number;
  readonly anthropicType: string;
  readonly openAiType: string;
}

const outOfMoney: Rendering = { status: 402, anthropicType: 'billing_error', openAiType: 'insufficient_quota' };

const renderings: Record<AiRefusalCode, Rendering> = {
  ai_path_not_allowed: { status: 404, anthropicType: 'not_found_error', openAiType: 'invalid_request_error' },
  ai_request_invalid: { status: 400, anthropicType: 'invalid_request_error', openAiType: 'invalid_request_error' },
  ai_not_supported: { status: 400, anthropicType: 'invalid_request_error', openAiType: 'invalid_request_error' },
  ai_model_unpriced: { status: 404, anthropicType: 'not_found_error', openAiType: 'invalid_request_error' },
  ai_cap_reached: outOfMoney,
  ai_day_budget_reached: outOfMoney,
  ai_model_budget_reached: outOfMoney,
  ai_organisation_limit_reached: outOfMoney,
  ai_spend_paused: outOfMoney,
  ai_model_not_allowed: { status: 404, anthropicType: 'not_found_error', openAiType: 'invalid_request_error' },
  ai_model_rate_limited: { status: 429, anthropicType: 'rate_limit_error', openAiType: 'rate_limit_error' },
  ai_busy: { status: 429, anthropicType: 'rate_limit_error', openAiType: 'rate_limit_error' },
  ai_duplicate: { status: 409, anthropicType: 'invalid_request_error', openAiType: 'invalid_request_error' },
  ai_upstream_unreachable: { status: 502, anthropicType: 'api_error', openAiType: 'server_error' },
  ai_upstream_misconfigured: { status: 502, anthropicType: 'api_error', openAiType: 'server_error' },
  ai_key_refused: { status: 401, anthropicType: 'authentication_error', openAiType: 'invalid_request_error' },
  ai_ledger_unavailable: { status: 503, anthropicType: 'overloaded_error', openAiType: 'server_error' },
  body_too_large: { status: 413, anthropicType: 'request_too_large', openAiType: 'invalid_request_error' },
};

/** The name of a status in `google.rpc.Code`. */
function googleStatus(status: number): string {
  if (status >= 500) return 'UNAVAILABLE';
  const names: Record<number, string> = {
    401: 'UNAUTHENTICATED',
    402: 'RESOURCE_EXHAUSTED',
    404: 'NOT_FOUND',
    409: 'ALREADY_EXISTS',
    429: 'RESOURCE_EXHAUSTED',
  };
  return names[status] ?? 'INVALID_ARGUMENT';
}

/** Status and JSON body of a refusal, as `provider` itself would send it. */
export function renderAiError(
  provider: AiProvider,
  refusal: AiRefusal,
  requestId: string,
): { status: number; body: Record<string, unknown> } {
  const { status, anthropicType, openAiType } = renderings[refusal.code];
  const message = `${refusal.detail} ${refusal.next}`;
  switch (provider) {
    case 'anthropic':
      return { status, body: { type: 'error', error: { type: anthropicType, message }, request_id: requestId } };
    case 'openai':
    case 'workers-ai':
      return { status, body: { error: { message, type: openAiType, param: null, code: refusal.code } } };
    case 'google':
      return { status, body: { error: { code: status, message, status: googleStatus(status) } } };
    case 'openrouter':
      return { status, body: { error: { code: status, message, metadata: { reason: refusal.code } } } };
    default:
      return unreachable(provider);
  }
}

export function pathNotAllowed(method: string, path: string): AiRefusal {
  return {
    code: 'ai_path_not_allowed',
    detail: `${printable(method, 10)} ${printable(path, 80)} is not open on the model API.`,
    next: 'Use POST with /v1/messages (Anthropic), /chat/completions (OpenAI, OpenRouter, Workers AI), /responses or /embeddings (OpenAI), or models/{model}:generateContent (Google).',
  };
}

export function modelUnpriced(provider: AiProvider, model: string): AiRefusal {
  return {
    code: 'ai_model_unpriced',
    detail: `The model "${printable(model, 80)}" of ${provider} has no price in Tidepool, so it was not called.`,
    next: 'Choose another model in the assistant settings, or ask the operator to add its price.',
  };
}

export function modelNotAllowed(ref: string): AiRefusal {
  return {
    code: 'ai_model_not_allowed',
    detail: `The model "${printable(ref, 120)}" is not among those that are allowed for this assistant, so it was not called.`,
    next: 'Choose another model in this conversation, or allow it in the Tidepool dashboard under Models.',
  };
}

export function modelRateLimited(ref: string, perMinute: number): AiRefusal {
  return {
    code: 'ai_model_rate_limited',
    detail: `This assistant may send ${perMinute} requests a minute to ${printable(ref, 120)}, and has.`,
    next: 'Wait a minute, or raise the limit in the Tidepool dashboard under Models.',
  };
}

export function requestInvalid(detail: string): AiRefusal {
  return { code: 'ai_request_invalid', detail, next: 'Correct the request and send it again.' };
}

/** Input is shown back only as plain characters: it may come from anywhere. */
function printable(text: string, charsMax: number): string {
  return text.replace(/[^ -~]/g, '?').slice(0, charsMax);
}
