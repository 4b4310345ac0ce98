/** Refuses what comes too often, before any object is asked. The policy is core/edge/rate-policy.ts. */
import { clientKeyOf } from '../../../control-plane/src/contract/rate-limit.ts';
import type { EdgeRefusal } from '../core/edge/admission.ts';
import type { RateClass } from '../core/edge/rate-policy.ts';
import { rateChecks } from '../core/edge/rate-policy.ts';
import type { Answers } from './answers.ts';
import type { GateContext, GateDeps } from './gate.ts';

/** 429 when this request is one too many for its class, else null. Never rejects. */
export async function tooMany(deps: GateDeps, answers: Answers, request: RateClass): Promise<Response | null> {
  const waitSeconds = await deps.limits.over(rateChecks(request));
  if (waitSeconds === null) return null;
  return answers.refuse(request.kind === 'session' ? tooManyOfSession : tooManyOfClient, {
    retryAfterSeconds: waitSeconds,
  });
}

/** The same for a request without a session, by what it is. */
export function tooManyWithout(
  context: GateContext,
  kind: 'opening' | 'stranger' | 'redeem',
): Promise<Response | null> {
  const { deps, incoming, request, answers } = context;
  return tooMany(deps, answers, { kind, client: clientOf(incoming), host: request.host });
}

export function clientOf(incoming: Request): string {
  return clientKeyOf(incoming.headers.get('cf-connecting-ip'));
}

const tooManyOfClient: EdgeRefusal = {
  code: 'rate_limited',
  detail: 'More requests without a signed-in session came than this address takes in a minute.',
  next: 'Wait a minute, then open the assistant again.',
};
const tooManyOfSession: EdgeRefusal = {
  code: 'rate_limited',
  detail: 'This session asked more often than it may in a minute.',
  next: 'Wait a minute. Close tabs and programs that ask by themselves.',
};
