/**
 * The answers that this module gives instead of the provider: what happened, what to do next, in the provider's format.
 */
import { renderAiError, type AiRefusal } from '../core/metering/ai-error.ts';
import { describeRequest } from '../core/metering/ai-request.ts';
import type { AiProvider, AiRoute } from '../core/metering/ai-route.ts';
import { isForPeople, renderNotice } from '../core/metering/notice.ts';

/** The error itself, with the provider's status and shape. */
export function refuse(provider: AiProvider, refusal: AiRefusal, requestId: string): Response {
  const { status, body } = renderAiError(provider, refusal, requestId);
  return Response.json(body, { status, headers: refusalHeaders(refusal, requestId) });
}

/** To an agent's turn the refusal is a message in the chat; to anything else it is the error. */
export function refuseTurn(
  refused: { route: AiRoute; bodyText: string; requestId: string; nowMs: number },
  refusal: AiRefusal,
): Response {
  const { route, requestId, nowMs } = refused;
  const shape = isForPeople(refusal) ? describeRequest(route, refused.bodyText) : null;
  const notice = shape?.offersTools
    ? renderNotice({ format: route.format, ...shape, requestId, nowMs, refusal })
    : null;
  if (!notice) return refuse(route.provider, refusal, requestId);
  const headers = { ...refusalHeaders(refusal, requestId), 'content-type': notice.contentType };
  return new Response(notice.body, { headers });
}

function refusalHeaders(refusal: AiRefusal, requestId: string): Record<string, string> {
  return { 'cache-control': 'no-store', 'x-tidepool-request-id': requestId, 'x-tidepool-code': refusal.code };
}

export const upstreamUnreachable: AiRefusal = {
  code: 'ai_upstream_unreachable',
  detail: 'The model provider did not answer; nothing was charged.',
  next: 'Send the message again in a moment.',
};
export const ledgerUnavailable: AiRefusal = {
  code: 'ai_ledger_unavailable',
  detail: 'The spending ledger is not available, so no model was called.',
  next: 'Send the message again in a moment.',
};
export const duplicateRequest: AiRefusal = {
  code: 'ai_duplicate',
  detail: 'This request id was used before; nothing was called or charged.',
  next: 'Send the request again.',
};

export function busy(concurrentMax: number): AiRefusal {
  return {
    code: 'ai_busy',
    detail: `${concurrentMax} model requests of this assistant are already under way.`,
    next: 'Wait for one to end.',
  };
}

export function tooLarge(bytesMax: number): AiRefusal {
  return {
    code: 'body_too_large',
    detail: `The request is larger than ${Math.floor(bytesMax / 1024 / 1024)} MiB.`,
    next: 'Send fewer or smaller attachments, or start a new conversation.',
  };
}

export function noUpstream(provider: AiProvider): AiRefusal {
  return {
    code: 'ai_upstream_misconfigured',
    detail: `No access to ${provider} is configured on this platform.`,
    next: 'Choose a model of another provider, or ask the operator to configure this one.',
  };
}

export function misconfigured(status: number): AiRefusal {
  return {
    code: 'ai_upstream_misconfigured',
    detail: `The model provider refused the platform's own account (${status}); nothing was charged.`,
    next: 'Ask the operator to check the provider key and its credit.',
  };
}
