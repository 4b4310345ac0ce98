/**
 * The tenant host's two cookies. The Cookie header is read unit by unit: an exact name or nothing, and a name that
 * appears twice counts as absent, so a cookie planted beside ours cannot win (reference: security.md 2.2).
 */
import type { TenantOrigin } from './host.ts';

export interface CookieNames {
  readonly session: string;
  readonly state: string;
  readonly secure: boolean;
}

/**
 * On https the `__Host-` prefix pins host, path and Secure. A loopback stack speaks http, where browsers differ on
 * whether Secure (and so the prefix) may be set; there the plain name is used, and no network is crossed.
 */
export function cookieNames(origin: TenantOrigin): CookieNames {
  return origin.scheme === 'https'
    ? { session: '__Host-tidepool_session', state: '__Host-tidepool_state', secure: true }
    : { session: 'tidepool_session', state: 'tidepool_state', secure: false };
}

const headerMax = 16_384;

/** The value of the one cookie of this name, or null when absent, repeated, or with characters that ours never have. */
export function readCookie(header: string | null, name: string): string | null {
  if (header === null || header.length > headerMax) return null;
  let found: string | null = null;
  for (const part of header.split(';')) {
    const pair = trimBlank(part);
    const equals = pair.indexOf('=');
    if (equals === -1 || trimBlank(pair.slice(0, equals)) !== name) continue;
    if (found !== null) return null;
    found = trimBlank(pair.slice(equals + 1));
  }
  return found !== null && /^[A-Za-z0-9._-]{1,512}$/.test(found) ? found : null;
}

/** Space and tab only: trimming Unicode blanks is how a planted name comes to equal ours. */
function trimBlank(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && (text[start] === ' ' || text[start] === '\t')) start++;
  while (end > start && (text[end - 1] === ' ' || text[end - 1] === '\t')) end--;
  return text.slice(start, end);
}

/** A Set-Cookie value: host-only, script cannot read it, sent on top-level navigation from elsewhere and never otherwise. */
export function setCookie(
  names: CookieNames,
  which: 'session' | 'state',
  value: string,
  maxAgeSeconds: number,
): string {
  const secure = names.secure ? '; Secure' : '';
  return `${names[which]}=${value}; Path=/; Max-Age=${Math.max(0, Math.floor(maxAgeSeconds))}; HttpOnly; SameSite=Lax${secure}`;
}

export function clearCookie(names: CookieNames, which: 'session' | 'state'): string {
  return setCookie(names, which, '', 0);
}
