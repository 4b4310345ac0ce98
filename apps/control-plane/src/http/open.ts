/**
 * The platform's side of the sign-in hand-off: a browser comes from a tenant host with the hash of a state only it knows,
 * and goes back with a one-time code bound to that state, that host and this person. Unknown, foreign and malformed look
 * the same.
 */
import { tenantFor } from '../adapters/d1/tenants.ts';
import { sha256Base64Url } from '../adapters/system.ts';
import { TenantId } from '../contract/ids.ts';
import { parseSlug } from '../contract/slug.ts';
import type { Context } from '../context.ts';
import { isSafePath, isStateHash } from '../core/open-path.ts';
import { tenantOriginOf } from '../env.ts';
import { ensureMember } from '../services/tenants.ts';
import type { Session } from './app-env.ts';
import { escapeHtml, page } from './page.ts';

export async function openTenant(ctx: Context, url: URL, session: Session | null): Promise<Response> {
  const slug = url.searchParams.get('slug') ?? '';
  const stateHash = url.searchParams.get('st') ?? '';
  const path = url.searchParams.get('path') ?? '/';
  if (!parseSlug(slug).ok || !isStateHash(stateHash) || !isSafePath(path)) return refused('not_found');
  if (session === null) {
    return redirect(`/sign-in?next=${encodeURIComponent(url.pathname + url.search)}`, 302);
  }
  const found = await tenantFor(ctx.db, session.user.id, { slug });
  if (found === null) return refused('not_found');
  const role = found.role === 'member' ? 'operator' : 'owner';
  await ensureMember(ctx, found.row, session.user.id, role);
  const parentSessionHash = await sha256Base64Url(session.token);
  const granted = await ctx.tenants.grantOpen({
    tenantId: TenantId.parse(found.row.id),
    slug,
    userId: session.user.id,
    role,
    stateHash,
    parentSessionHash,
  });
  if (!granted.ok) return refused(granted.error.code, granted.error.detail, granted.error.next);
  const target = `${tenantOriginOf(ctx.config, slug)}/__tidepool/callback?code=${encodeURIComponent(granted.value.code)}&path=${encodeURIComponent(path)}`;
  return redirect(target, 303);
}

function redirect(location: string, status: 302 | 303): Response {
  return new Response(null, {
    status,
    headers: { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
  });
}

function refused(
  code: string,
  detail = 'There is no such assistant, or it is not yours.',
  next = 'Go to your assistants and open it from there.',
): Response {
  return page(
    'This assistant cannot be opened',
    `<h1>This assistant cannot be opened</h1><p>${escapeHtml(detail)}</p><p>${escapeHtml(next)}</p><p><a class="go" href="/">Your assistants</a></p><p class="soft"><code>${escapeHtml(code)}</code></p>`,
    code === 'not_found' ? 404 : 409,
  );
}
