/**
 * What a refused request gets instead of an answer: a body that says what happened and what an agent can tell its owner.
 * Fixed text and the canonical host only; nothing of the request comes back.
 */
import { canAllow } from '../core/egress/decide.ts';
import type { Decision } from '../core/egress/decide.ts';
import { reasonTexts } from '../core/egress/explain.ts';

export type EgressFault =
  | 'policy_unavailable'
  | 'too_many'
  | 'body_too_large'
  | 'silent'
  | 'unreachable'
  | 'secret_unavailable';

const faults: Record<EgressFault, { status: number; message: string }> = {
  policy_unavailable: {
    status: 503,
    message: 'The network policy could not be read, so nothing left. Try again soon.',
  },
  too_many: { status: 429, message: 'Too many requests of this assistant are under way. Wait for one to end.' },
  body_too_large: { status: 413, message: 'A request may carry 100 MiB.' },
  silent: { status: 504, message: 'The host took the request and did not answer in time.' },
  unreachable: { status: 502, message: 'The host could not be reached, or its address is not on the public internet.' },
  secret_unavailable: { status: 503, message: 'The secret for this request cannot be read now, so nothing was sent.' },
};

export interface Refused {
  readonly host: string;
  readonly method: string;
  /** The page where the owner answers. */
  readonly page: string;
}

export function refuseByRule(
  decision: Extract<Decision, { effect: 'ask' | 'deny' }>,
  { host, method, page }: Refused,
): Response {
  const { rule, reason } = decision;
  const ask = canAllow(reason)
    ? `Ask the owner to allow ${method} on ${host}: the Network page of this assistant lists it (${page}). Then try again.`
    : 'Nobody can allow this. Choose another way.';
  const message = `The network policy refused ${method} ${host}. ${reasonTexts[reason]} ${ask}`;
  return answer(403, { error: 'egress_denied', message, host, rule, reason, ask });
}

export function refuseByFault(fault: EgressFault, host: string): Response {
  const { status, message } = faults[fault];
  return answer(status, { error: `egress_${fault}`, message, host });
}

function answer(status: number, body: Record<string, string>): Response {
  return Response.json(body, {
    status,
    headers: { 'cache-control': 'no-store', 'x-tidepool-code': body['error'] ?? '' },
  });
}
