/**
 * Every request to a tenant host enters here. It goes on only with a session that this cell signed for this very host,
 * and only then is any object called. The order: the request's own bytes, the token's MAC, the cached route or the
 * tenant's object, and last the sandbox object, which relays to the container.
 */
import type { ErrorCode } from '../../../control-plane/src/contract/errors.ts';
import type { RateLimits } from '../../../control-plane/src/contract/rate-limit.ts';
import { unreachable } from '../../../control-plane/src/contract/result.ts';
import type { TenantStateKind } from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { EdgeRefusal, TenantRequest } from '../core/edge/admission.ts';
import { bodyMaxBytes, judgeRequest, refusals } from '../core/edge/admission.ts';
import { cookieNames, readCookie } from '../core/edge/cookies.ts';
import type { TenantOrigin } from '../core/edge/host.ts';
import { toStatusView } from '../core/edge/pages/status.ts';
import { parseRefusal, refusalHeader } from '../core/edge/refusal.ts';
import { clientIpFrom, rebuildRequestHeaders } from '../core/edge/request-headers.ts';
import type { Clock } from '../ports.ts';
import type { Admission, LiveRoute, TenantGate } from '../tenant-api.ts';
import { sandboxHeaders } from '../tenant-api.ts';
import type { AdmissionCache, CachedAdmission } from './admission-cache.ts';
import { Answers } from './answers.ts';
import { limitBody } from './body-limit.ts';
import type { ControlUiFiles } from './control-ui.ts';
import { answerFile, answerPage } from './control-ui.ts';
import { toHeaders } from './headers.ts';
import { answerOwnPage, redeemCode, signInFirst, signOut } from './own-pages.ts';
import { clientOf, tooMany } from './rate-limit.ts';
import { callTenant } from './tenant-call.ts';
import type { KeySource } from './tokens.ts';
import { toBase64Url, verifyToken } from './tokens.ts';

export interface GateDeps {
  /** `https://app.tidepool.example`, without a path. */
  readonly platformOrigin: string;
  readonly tenantOrigin: TenantOrigin;
  readonly keys: KeySource;
  readonly clock: Clock;
  readonly cache: AdmissionCache;
  readonly limits: RateLimits;
  readonly controlUi: ControlUiFiles;
  /** The Control UI's page with our script in it; other documents unchanged. */
  withTabScript(page: Response): Response;
  random(bytes: number): Uint8Array;
  /** A fresh stub of the tenant's object; making one calls nothing. */
  tenant(slug: string): TenantGate;
  sandbox(route: LiveRoute): { fetch(request: Request): Promise<Response> };
  /** Told of a failure that nothing here expects, with the id that the person sees. */
  failed?(error: unknown, requestId: string): void;
}

/** One request on its way through the gate. */
export interface GateContext {
  readonly deps: GateDeps;
  readonly incoming: Request;
  readonly request: TenantRequest;
  readonly answers: Answers;
}

/** Answers one request to a tenant host. Never rejects. */
export async function handleTenantRequest(incoming: Request, deps: GateDeps): Promise<Response> {
  const header = (name: string): string | null => incoming.headers.get(name);
  const verdict = judgeRequest({ method: incoming.method, url: incoming.url, header }, deps.tenantOrigin);
  const requestId = toBase64Url(deps.random(12));
  const answers = new Answers({
    platformOrigin: deps.platformOrigin,
    origin: verdict.kind === 'refuse' ? deps.platformOrigin : verdict.request.origin,
    requestId,
    nonce: toBase64Url(deps.random(16)),
    isNavigation: verdict.kind === 'refuse' ? verdict.isNavigation : verdict.request.isNavigation,
  });
  switch (verdict.kind) {
    case 'refuse': {
      const stranger = { kind: 'stranger', client: clientOf(incoming), host: null } as const;
      return (await tooMany(deps, answers, stranger)) ?? answers.refuse(verdict.refusal);
    }
    case 'clean_url': {
      const opening = { kind: 'opening', client: clientOf(incoming), host: verdict.request.host } as const;
      return (await tooMany(deps, answers, opening)) ?? answers.redirect(verdict.location, 303);
    }
    case 'go':
      try {
        return await withSession({ deps, incoming, request: verdict.request, answers });
      } catch (error) {
        deps.failed?.(error, requestId);
        return answers.refuse(unexpected);
      }
    default:
      return unreachable(verdict);
  }
}

async function withSession(context: GateContext): Promise<Response> {
  const { deps, incoming, request, answers } = context;
  if (deps.cache.isDeleted(request.slug)) return answers.gone(request.path);
  if (request.own === 'callback') return redeemCode(context);

  const token = readCookie(incoming.headers.get('cookie'), cookieNames(deps.tenantOrigin).session);
  if (token === null) return signInFirst(context);
  const key = `${request.host} ${token}`;
  const nowMs = deps.clock.nowMs();
  const cached = deps.cache.get(key, nowMs);
  if (cached !== null && request.own === null) {
    const { release, route } = cached;
    const file = await answerFile(context, { release, gatewayRuns: route !== null });
    if (file !== null) return file;
    if (route !== null) {
      const answer = await forward(context, { ...cached, route });
      if (answer.kind === 'answered') return answer.response;
      deps.cache.drop(key);
      if (!answer.mayRepeat) return answers.refuse(moved, { retryAfterSeconds: 1 });
    }
  }

  const sessionHash =
    cached?.sessionHash ??
    (await verifyToken(deps.keys, { purpose: 'session', host: request.host, text: token, nowMs }))?.hash;
  if (sessionHash === undefined) return signInFirst(context);
  const refused = await tooMany(deps, answers, { kind: 'session', sessionHash });
  if (refused !== null) return refused;
  if (request.own === 'sign-out') {
    deps.cache.drop(key);
    return signOut(context, sessionHash);
  }
  if (request.own === 'tab.js') return answers.tabScript();
  return await admitted(context, { sessionHash, key });
}

/** The session's MAC is ours: the tenant's object says whether it still stands and where to send the request. */
async function admitted(context: GateContext, session: { sessionHash: string; key: string }): Promise<Response> {
  const { deps, request, answers } = context;
  const { sessionHash } = session;
  let admission: Admission;
  try {
    admission = await callTenant(() => deps.tenant(request.slug).admit({ sessionHash }));
  } catch {
    return answers.refuse(tenantUnavailable, { retryAfterSeconds: 2, retries: true });
  }
  switch (admission.kind) {
    case 'unknown_tenant':
      return answers.refuse(refusals.unknownTenant);
    case 'deleted':
      deps.cache.markDeleted(request.slug);
      return answers.gone(request.path);
    case 'no_session':
      return signInFirst(context);
    case 'admitted':
      break;
  }
  if (request.own !== null) return answerOwnPage(context, { sessionHash, admission });
  const { principal, sessionExpiresAtMs, route, release } = admission;
  const entry = { sessionHash, principal, sessionExpiresAtMs, route, release };
  deps.cache.set(session.key, entry, deps.clock.nowMs());
  const file = await answerFile(context, { release, gatewayRuns: route !== null });
  if (file !== null) return file;
  if (route === null) return notAwake(context, { sessionHash, admission });
  const answer = await forward(context, { ...entry, route });
  if (answer.kind === 'answered') return answer.response;
  deps.cache.drop(session.key);
  return answers.refuse(moved, { retryAfterSeconds: 1, retries: true });
}

type Forwarded =
  | { readonly kind: 'answered'; readonly response: Response }
  /** The run was replaced, or it saw the session end: ask the tenant again. */
  | { readonly kind: 'stale'; readonly mayRepeat: boolean };

/** Sends the request to the sandbox object with rebuilt headers. */
async function forward(
  context: GateContext,
  entry: CachedAdmission & { readonly route: LiveRoute },
): Promise<Forwarded> {
  const { deps, incoming, request, answers } = context;
  const { host, origin, isWebSocket } = request;
  const headers = toHeaders([
    ...rebuildRequestHeaders((name) => incoming.headers.get(name), {
      host,
      origin,
      clientIp: clientIpFrom(incoming.headers.get('cf-connecting-ip')),
      principal: entry.principal,
      isWebSocket,
    }),
    [sandboxHeaders.act, request.isAct ? '1' : '0'],
    [sandboxHeaders.incarnation, String(entry.route.incarnation)],
    [sandboxHeaders.sessionHash, entry.sessionHash],
    [sandboxHeaders.sessionExpiresAtMs, String(entry.sessionExpiresAtMs)],
  ]);
  // A page that our script is put into comes as plain text; the platform compresses it on its way out.
  if (request.isNavigation) headers.set('accept-encoding', 'identity');
  const limited = limitBody(incoming, bodyMaxBytes);
  const init: RequestInit & { duplex?: 'half' } = { method: request.method, headers, redirect: 'manual' };
  if (limited.body !== null) Object.assign(init, { body: limited.body, duplex: 'half' });
  // Built from parts that were each checked: a join with a base URL could read a host out of the path.
  const outgoing = new Request(`http://${host}${request.path}${request.search}`, init);
  let response: Response;
  try {
    response = await deps.sandbox(entry.route).fetch(outgoing);
  } catch {
    if (limited.exceeded()) return answered(answers.refuse(refusals.bodyTooLarge));
    return limited.body === null
      ? { kind: 'stale', mayRepeat: true }
      : answered(answers.refuse(unreachableGateway, { retryAfterSeconds: 2 }));
  }
  if (limited.exceeded()) {
    await response.body?.cancel();
    return answered(answers.refuse(refusals.bodyTooLarge));
  }
  const refusal = parseRefusal(response.headers.get(refusalHeader));
  if (refusal === null) return answered(request.isNavigation ? withScript(deps, response) : response);
  switch (refusal) {
    case 'incarnation_stale':
    case 'session_expired':
      return { kind: 'stale', mayRepeat: limited.body === null };
    case 'too_many_sockets':
      return answered(answers.refuse(tooManySockets, { retryAfterSeconds: 10 }));
    case 'unreachable':
      return answered(answers.refuse(unreachableGateway, { retryAfterSeconds: 2, retries: true }));
    default:
      return unreachable(refusal);
  }
}

function withScript(deps: GateDeps, response: Response): Response {
  const isPage = response.status === 200 && response.headers.get('content-type')?.startsWith('text/html') === true;
  return isPage && !response.headers.has('content-encoding') ? deps.withTabScript(response) : response;
}

function answered(response: Response): Forwarded {
  return { kind: 'answered', response };
}

/**
 * Nobody is there to answer. A person who opens a page wakes the assistant and watches; a socket or a script's request
 * is told to come back, so that a forgotten tab never wakes anything by trying again.
 */
async function notAwake(
  context: GateContext,
  session: { sessionHash: string; admission: Admission & { kind: 'admitted' } },
): Promise<Response> {
  const { deps, request, answers } = context;
  let { progress } = session.admission;
  if (!request.isNavigation) {
    const refusal = notAwakeRefusal(progress.state);
    return answers.refuse(refusal, { retryAfterSeconds: progress.state === 'asleep' ? 30 : 3 });
  }
  if (request.isAct && wakesOnOpening.includes(progress.state)) {
    try {
      const { sessionHash } = session;
      const woken = await callTenant(() => deps.tenant(request.slug).wakeFor({ sessionHash, why: 'navigation' }));
      if (woken === null) return signInFirst(context);
      progress = woken;
    } catch {
      return answers.refuse(tenantUnavailable, { retryAfterSeconds: 2, retries: true });
    }
  }
  const view = toStatusView(progress, { ready: false, nowMs: deps.clock.nowMs() });
  const page = showsControlUi.includes(progress.state)
    ? await answerPage(context, session.admission.release, view)
    : null;
  return page ?? answers.waiting(view);
}

/** A start that is under way needs no second word; one that may not begin gets none. */
const wakesOnOpening: readonly TenantStateKind[] = ['asleep', 'draining', 'awake'];

/**
 * The Control UI's own page, whose socket connects as soon as there is a gateway; until then our script says on it what is
 * happening. A first start has no conversation to show yet, and a problem needs the page that explains it.
 */
const showsControlUi: readonly TenantStateKind[] = ['asleep', 'waking', 'awake', 'draining'];

function notAwakeRefusal(state: TenantStateKind): EdgeRefusal {
  const codes: Partial<Record<TenantStateKind, ErrorCode>> = {
    asleep: 'tenant_asleep',
    suspended: 'tenant_suspended',
    needs_operator: 'tenant_needs_operator',
    deleting: 'tenant_deleted',
    deleted: 'tenant_deleted',
    absent: 'tenant_unknown',
  };
  return {
    code: codes[state] ?? 'tenant_waking',
    detail: `The assistant is ${state.replace('_', ' ')}.`,
    next: 'Open it in a browser window to see more.',
  };
}

const unexpected: EdgeRefusal = {
  code: 'internal',
  detail: 'Something failed on our side. Nothing of the assistant was changed.',
  next: 'Try again. If it stays so, tell support the id below.',
};
const moved: EdgeRefusal = {
  code: 'tenant_waking',
  detail: 'The assistant was restarted just now.',
  next: 'Send the request again in a moment.',
};
const tenantUnavailable: EdgeRefusal = {
  code: 'upstream_unavailable',
  detail: 'The part of Tidepool that knows this assistant did not answer.',
  next: 'Try again in a few seconds. Nothing was lost.',
};
const unreachableGateway: EdgeRefusal = {
  code: 'tenant_unreachable',
  detail: 'The assistant is running but did not give a usable answer.',
  next: 'Try again in a few seconds. If it stays so, its page in the dashboard shows why.',
};
const tooManySockets: EdgeRefusal = {
  code: 'rate_limited',
  detail: 'This assistant has as many open connections as it may have.',
  next: 'Close some tabs that show it.',
};
