/**
 * From a request's cookies to a session. Reads take the session from its cookie while that is fresh (60 s, no query);
 * changes and the hand-off look it up, so that an ended session ends there at once.
 */
import { cookieNames } from '../adapters/auth.ts';
import type { Context } from '../context.ts';
import type { Session } from './app-env.ts';

export interface FoundSession {
  readonly session: Session | null;
  /** Set-Cookie lines that refresh or clear the browser's copy; they belong on the answer. */
  readonly setCookies: readonly string[];
}

export async function findSession(
  ctx: Context,
  incoming: Headers,
  options: { readonly lookUp: boolean },
): Promise<FoundSession> {
  const headers = unambiguous(ctx, incoming);
  if (!headers.has('cookie')) return { session: null, setCookies: [] };
  const found = await ctx.auth.api.getSession({
    headers,
    query: options.lookUp ? { disableCookieCache: true } : {},
    returnHeaders: true,
  });
  const setCookies = found.headers.getSetCookie();
  if (found.response === null) return { session: null, setCookies };
  return { session: { userId: found.response.user.id, token: found.response.session.token }, setCookies };
}

/**
 * The headers without cookies when one of ours is there twice: a neighbouring host may have planted one of them, and
 * nobody can tell which.
 */
export function unambiguous(ctx: Context, incoming: Headers): Headers {
  const names = (incoming.get('cookie') ?? '').split(';').map((pair) => pair.split('=')[0]?.trim());
  const twice = Object.values(cookieNames(ctx.config)).some((ours) => names.filter((name) => name === ours).length > 1);
  if (!twice) return incoming;
  const headers = new Headers(incoming);
  headers.delete('cookie');
  return headers;
}
