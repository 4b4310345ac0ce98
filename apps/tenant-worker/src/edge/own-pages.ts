/**
 * The pages under /__tidepool/ and the way to signing in. A sign-in starts here with a random state in a cookie, goes to
 * the dashboard, and ends here with a one-time code; only the browser that holds the state can use the code.
 */
import { clearCookie, cookieNames, readCookie, setCookie } from '../core/edge/cookies.ts';
import { isPagePath } from '../core/edge/path.ts';
import { toStatusView } from '../core/edge/pages/status.ts';
import { refusals } from '../core/edge/admission.ts';
import type { EdgeRefusal } from '../core/edge/admission.ts';
import type { Result } from '../../../control-plane/src/contract/result.ts';
import type { Admission, NewSession } from '../tenant-api.ts';
import type { GateContext } from './gate.ts';
import { tooManyWithout } from './rate-limit.ts';
import { callTenant } from './tenant-call.ts';
import { sha256, signToken, toBase64Url, verifyToken } from './tokens.ts';

/** How long a person may take to sign in at the dashboard. */
const stateLifeSeconds = 600;
const stateShape = /^[A-Za-z0-9_-]{43}$/;

/**
 * There is no session. A person opening a page is sent to the dashboard; anything else is told. No object is called, and
 * the answer is the same whether or not the tenant exists.
 */
export async function signInFirst(context: GateContext): Promise<Response> {
  const { deps, incoming, request, answers } = context;
  const names = cookieNames(deps.tenantOrigin);
  const opens = request.isNavigation && request.own === null;
  const refused = await tooManyWithout(context, opens ? 'opening' : 'stranger');
  if (refused !== null) return refused;
  if (request.own === 'sign-out') return answers.redirect(deps.platformOrigin, 303, [clearCookie(names, 'session')]);
  if (!opens) return answers.refuse(refusals.unauthenticated);
  // A second tab keeps the first one's state, so that both can finish.
  const held = readCookie(incoming.headers.get('cookie'), names.state);
  const state = held !== null && stateShape.test(held) ? held : toBase64Url(deps.random(32));
  const asked = `${request.path}${request.search}`;
  const query = new URLSearchParams({
    slug: request.slug,
    st: await sha256(state),
    path: isPagePath(asked) ? asked : '/',
  });
  return answers.redirect(`${deps.platformOrigin}/open?${query.toString()}`, 302, [
    setCookie(names, 'state', state, stateLifeSeconds),
  ]);
}

/** `GET /__tidepool/callback?code&path`: turns a code into a session, once. */
export async function redeemCode(context: GateContext): Promise<Response> {
  const { deps, incoming, request, answers } = context;
  const names = cookieNames(deps.tenantOrigin);
  const query = new URLSearchParams(request.search);
  const asked = query.get('path') ?? '/';
  const path = isPagePath(asked) ? asked : '/';
  const refuse = (refusal: EdgeRefusal): Response =>
    answers.refuse(refusal, {
      action: { label: 'Sign in again', href: path },
      headers: [['set-cookie', clearCookie(names, 'state')]],
    });

  const nowMs = deps.clock.nowMs();
  const code = query.getAll('code').length === 1 ? (query.get('code') ?? '') : '';
  const facts = await verifyToken(deps.keys, { purpose: 'code', host: request.host, text: code, nowMs });
  const refused = await tooManyWithout(context, facts === null ? 'stranger' : 'redeem');
  if (refused !== null) return refused;
  if (facts === null) return refuse(codeInvalid);
  const state = readCookie(incoming.headers.get('cookie'), names.state);
  if (state === null || !stateShape.test(state)) return refuse(otherBrowser);

  const id = toBase64Url(deps.random(32));
  let redeemed: Result<NewSession>;
  try {
    // Not repeated on failure: the first call may have used the code up.
    redeemed = await deps.tenant(request.slug).redeem({
      codeHash: facts.hash,
      stateHash: await sha256(state),
      sessionHash: await sha256(id),
      host: request.host,
    });
  } catch {
    return refuse(interrupted);
  }
  if (!redeemed.ok) return refuse(redeemed.error);
  const { expiresAtMs } = redeemed.value;
  const token = await signToken(deps.keys, { purpose: 'session', host: request.host, id, expiresAtMs });
  return answers.redirect(path, 303, [
    setCookie(names, 'session', token, (expiresAtMs - nowMs) / 1000),
    clearCookie(names, 'state'),
  ]);
}

/** `status` and `wake`, for somebody admitted. */
export async function answerOwnPage(
  context: GateContext,
  session: { sessionHash: string; admission: Admission & { kind: 'admitted' } },
): Promise<Response> {
  const { deps, request, answers } = context;
  const { sessionHash, admission } = session;
  const nowMs = deps.clock.nowMs();
  if (request.own !== 'wake') {
    return answers.json(toStatusView(admission.progress, { ready: admission.route !== null, nowMs }));
  }
  try {
    const progress = await callTenant(() => deps.tenant(request.slug).wakeFor({ sessionHash, why: 'request' }));
    if (progress === null) return answers.refuse(refusals.unauthenticated);
    return answers.json(toStatusView(progress, { ready: false, nowMs }), 202);
  } catch {
    return answers.refuse(interrupted, { retryAfterSeconds: 2 });
  }
}

/** Ends the session here and everywhere it is remembered. The cookie goes even when the object cannot be told. */
export async function signOut(context: GateContext, sessionHash: string): Promise<Response> {
  const { deps, request, answers } = context;
  const cleared = [clearCookie(cookieNames(deps.tenantOrigin), 'session')];
  try {
    await callTenant(() => deps.tenant(request.slug).signOut({ sessionHash }));
  } catch {
    return answers.refuse(interrupted, { headers: cleared.map((cookie) => ['set-cookie', cookie] as const) });
  }
  return answers.redirect(deps.platformOrigin, 303, cleared);
}

const codeInvalid: EdgeRefusal = {
  code: 'handoff_invalid',
  detail: 'This sign-in link is not valid here, or is older than a minute.',
  next: 'Sign in again to get a fresh one.',
};
const otherBrowser: EdgeRefusal = {
  code: 'handoff_invalid',
  detail: 'This sign-in was not started in this browser, was finished already, or took too long.',
  next: 'Sign in again from here.',
};
const interrupted: EdgeRefusal = {
  code: 'upstream_unavailable',
  detail: 'The part of Tidepool that knows this assistant did not answer.',
  next: 'Try again in a few seconds.',
};
