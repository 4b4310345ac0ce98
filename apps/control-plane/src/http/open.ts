/**
 * The platform's side of the sign-in hand-off: a browser comes from a tenant host with the hash of a state only it knows,
 * and goes back with a one-time code bound to that state, that host and this person. Unknown, foreign and malformed look
 * the same. Every answer is a redirect or a page: a person is looking at it.
 */
import { orgRoles } from '../contract/api.ts';
import { AppError, errorCatalogue } from '../contract/errors.ts';
import { tenantRoleOf } from '../contract/roles.ts';
import { parseSlug } from '../contract/slug.ts';
import type { Context } from '../context.ts';
import { describeError } from '../events.ts';
import { isSafePath, isStateHash } from '../core/open-path.ts';
import { tenantOriginOf } from '../env.ts';
import { parentSessionHash } from '../services/session-endings.ts';
import { membersSync } from '../services/tenant-change.ts';
import { provision } from '../services/tenant-create.ts';
import { noSuchTenant, refOf, requireTenant } from '../services/tenant-read.ts';
import { answerLate, changeDeadlineMs, within } from './deadline.ts';
import { errorPage } from './page.ts';
import { callerRate } from './rate-limit.ts';
import { findSession } from './session.ts';

export async function openTenant(ctx: Context, request: Request, requestId: string): Promise<Response> {
  try {
    return await within(changeDeadlineMs, handOff(ctx, request, requestId), answerLate);
  } catch (error) {
    const known =
      error instanceof AppError
        ? error
        : new AppError('internal', { detail: 'Something failed on our side.', next: 'Try again.', cause: error });
    const { status } = errorCatalogue[known.code];
    if (status >= 500) ctx.log('open.failed', { requestId, code: known.code, error: describeError(error) });
    return errorPage(known, { title: 'This assistant cannot be opened', requestId, nonce: ctx.system.ulid() });
  }
}

async function handOff(ctx: Context, request: Request, requestId: string): Promise<Response> {
  const url = new URL(request.url);
  const asked = parseOpen(url.searchParams);
  if (asked === null) throw noSuchTenant();
  const { session } = await findSession(ctx, request.headers, { lookUp: true });
  if (session === null) return toSignIn(url);
  await callerRate(ctx, session, 'opening');
  const found = await requireTenant(ctx, session.userId, { slug: asked.slug }, 'tenant:open');
  const role = orgRoles.find((each) => each === found.role);
  if (role === undefined) throw noSuchTenant();
  const actor = { kind: 'person', id: session.userId } as const;
  const row = await membersSync(ctx, { actor, requestId, action: 'tenant.members' }, found.row);
  const grant = {
    ...refOf(row),
    userId: session.userId,
    role: tenantRoleOf[role],
    stateHash: asked.stateHash,
    parentSessionHash: await parentSessionHash(session.token),
  };
  let granted = await ctx.tenants.grantOpen(grant);
  if (!granted.ok && granted.error.code === 'tenant_unknown' && row.report === null) {
    // The creation has not reached the cell yet.
    await provision(ctx, row);
    granted = await ctx.tenants.grantOpen(grant);
  }
  if (!granted.ok) throw new AppError(granted.error.code, { detail: granted.error.detail, next: granted.error.next });
  // Who signed out everywhere in these milliseconds gets no new session from the sign-in that has just ended.
  const still = await findSession(ctx, request.headers, { lookUp: true });
  if (still.session?.token !== session.token) return toSignIn(url);
  const back = new URLSearchParams({ code: granted.value.code, path: asked.path });
  return redirect(`${tenantOriginOf(ctx.config, asked.slug)}/__tidepool/callback?${back.toString()}`, 303);
}

/** Each part once, and only what the tenant host writes there; null otherwise. */
function parseOpen(query: URLSearchParams): { slug: string; stateHash: string; path: string } | null {
  const [slugs, states, paths] = [query.getAll('slug'), query.getAll('st'), query.getAll('path')];
  const [slug, stateHash, path = '/'] = [slugs[0], states[0], paths[0]];
  if (slugs.length !== 1 || states.length !== 1 || paths.length > 1) return null;
  if (slug === undefined || stateHash === undefined) return null;
  return parseSlug(slug).ok && isStateHash(stateHash) && isSafePath(path) ? { slug, stateHash, path } : null;
}

/** And back here after it, with all that was asked for. */
const toSignIn = (url: URL): Response =>
  redirect(`/sign-in?next=${encodeURIComponent(url.pathname + url.search)}`, 302);

function redirect(location: string, status: 302 | 303): Response {
  return new Response(null, {
    status,
    headers: { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
  });
}
