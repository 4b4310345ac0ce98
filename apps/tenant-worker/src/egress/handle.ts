/**
 * One intercepted request from arrival to record: read it one way, decide by the policy, carry or refuse, and say what
 * became of it. A policy that cannot be read lets nothing out.
 */
import { decide } from '../core/egress/decide.ts';
import type { Decision, Injection } from '../core/egress/decide.ts';
import { readTarget } from '../core/egress/target.ts';
import type { TargetRead } from '../core/egress/target.ts';
import { tracePath } from '../core/egress/trace.ts';
import type { EgressSeen } from '../modules/egress-journal.ts';
import type { Clock } from '../ports.ts';
import { forward } from './forward.ts';
import type { Carried, ForwardLimits } from './forward.ts';
import type { AddedHeader } from './headers.ts';
import type { EgressRules } from './policy-cache.ts';
import { policyMaxAgeMs, refusalMaxAgeMs } from './policy-cache.ts';
import { refuseByFault, refuseByRule } from './refuse.ts';

export interface EgressDeps {
  readonly clock: Clock;
  readonly ownZones: readonly string[];
  /** Where the owner answers. */
  readonly page: string;
  /** The policy, at most so old. Null: this run was replaced. @throws when it cannot be read */
  readonly rules: (maxAgeMs: number) => Promise<EgressRules | null>;
  /** The header with the secret in it; null when it was replaced or removed meanwhile. */
  readonly secret: (injection: Injection) => Promise<AddedHeader | null>;
  readonly send: (url: string, init: RequestInit) => Promise<Response>;
  /** Takes one of the tenant's places; false when all are taken. */
  readonly enter: () => boolean;
  readonly leave: () => void;
  readonly seen: (seen: Omit<EgressSeen, 'logged'>) => void;
  readonly keepAlive: (work: Promise<unknown>) => void;
  readonly fault: (event: string, error: unknown) => void;
  readonly limits?: ForwardLimits;
}

export async function handleEgress(request: Request, deps: EgressDeps): Promise<Response> {
  const read = readRequest(request);
  const host = read.ok ? read.target.host.text : read.host;
  let decision: Decision;
  try {
    const decided = await decideOn(read, deps);
    if (decided === null)
      return Response.json(
        { error: 'incarnation_stale', message: 'This container run was replaced.' },
        { status: 409 },
      );
    decision = decided;
  } catch (error) {
    deps.fault('egress.policy_unreadable', error);
    return refuseByFault('policy_unavailable', host);
  }
  const record = (carried: Carried): void => {
    const { path, prefix } = tracePath(read.ok ? read.target.path : '/');
    const { effect, rule, reason } = decision;
    const method = request.method.slice(0, 20);
    deps.seen({ atMs: deps.clock.nowMs(), host, method, path, pathPrefix: prefix, effect, rule, reason, ...carried });
  };
  if (decision.effect === 'ask' || decision.effect === 'deny' || !read.ok) {
    record({ status: 403, bytesOut: 0, bytesIn: 0 });
    if (decision.effect !== 'ask' && decision.effect !== 'deny') throw new Error('an unreadable request was allowed');
    return refuseByRule(decision, { host, method: request.method.slice(0, 20), page: deps.page });
  }
  const recordEnd = async (ended: Promise<Carried>): Promise<void> => {
    const carried = await ended;
    deps.leave();
    record(carried);
  };
  if (!deps.enter()) return refuseByFault('too_many', host);
  let isHeld = true;
  try {
    const added = decision.effect === 'inject' ? await deps.secret(decision.injection) : null;
    if (decision.effect === 'inject' && added === null) return refuseByFault('secret_unavailable', host);
    const forwarded = await forward(request, read.target, {
      send: deps.send,
      added,
      ...(deps.limits ? { limits: deps.limits } : {}),
    });
    if (forwarded.kind === 'failed') {
      record(forwarded.carried);
      return refuseByFault(forwarded.fault, host);
    }
    isHeld = false;
    deps.keepAlive(recordEnd(forwarded.ended));
    return forwarded.response;
  } finally {
    if (isHeld) deps.leave();
  }
}

/** A refusal is said only by a policy that is fresh. */
async function decideOn(read: TargetRead, deps: EgressDeps): Promise<Decision | null> {
  for (const maxAgeMs of [policyMaxAgeMs, refusalMaxAgeMs]) {
    const rules = await deps.rules(maxAgeMs);
    if (rules === null) return null;
    const decision = decide({ ...rules, ownZones: deps.ownZones }, read, deps.clock.nowMs());
    if (decision.effect === 'allow' || decision.effect === 'inject' || maxAgeMs === refusalMaxAgeMs) return decision;
  }
  return null;
}

/** The platform's parser first (names in other scripts become punycode), then ours: both must read the same host. */
function readRequest(request: Request): TargetRead {
  const url = URL.parse(request.url);
  if (url === null) return { ok: false, why: 'host', host: '' };
  return readTarget({
    method: request.method,
    url: url.href,
    hostHeader: request.headers.get('host'),
    isWebSocket: request.headers.get('upgrade')?.toLowerCase() === 'websocket',
  });
}
