/**
 * The first half of every request to a tenant host: what it is and whether it may go on, from its own bytes alone.
 * The order is cheap to expensive and each step can only refuse (reference: security.md 2.4). Nothing here knows whether
 * the tenant exists; the second half (the session, then the object) is in edge/gate.ts.
 */
import type { ErrorCode } from '../../../../control-plane/src/contract/errors.ts';
import type { HostVerdict, TenantOrigin } from './host.ts';
import { parseHost, splitUrl, tenantUrlOrigin } from './host.ts';
import { checkPath, stripQuery, urlMaxLength } from './path.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The platform's own limit for a request body is the same on the smallest plan. */
export const bodyMaxBytes = 100 * 1024 * 1024;

/** Our own pages and the method each takes. */
const ownPages = { callback: 'GET', status: 'GET', 'tab.js': 'GET', wake: 'POST', 'sign-out': 'POST' } as const;
export type OwnPage = keyof typeof ownPages;

export interface RequestFacts {
  readonly method: string;
  readonly url: string;
  /** Looks up a header by lower-case name. */
  readonly header: (name: string) => string | null;
}

/** A request that passed everything that can be checked without knowing who sends it. */
export interface TenantRequest {
  readonly slug: string;
  readonly host: string;
  readonly origin: string;
  readonly method: string;
  readonly path: string;
  /** With credentials in it removed. */
  readonly search: string;
  readonly isWebSocket: boolean;
  /** A page is opened: may be redirected to sign in, and gets pages instead of problems. */
  readonly isNavigation: boolean;
  /** Somebody did this. Only such a request keeps an assistant awake, and only such a navigation wakes one. */
  readonly isAct: boolean;
  readonly own: OwnPage | null;
}

export interface EdgeRefusal {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly next: string;
}

export type EdgeVerdict =
  | { readonly kind: 'go'; readonly request: TenantRequest }
  /** The same page without the credentials that were in its address. */
  | { readonly kind: 'clean_url'; readonly location: string; readonly request: TenantRequest }
  | { readonly kind: 'refuse'; readonly refusal: EdgeRefusal; readonly isNavigation: boolean };

/** Decides over one request. Total: every input gets one of the verdicts. */
export function judgeRequest(facts: RequestFacts, tenantOrigin: TenantOrigin): EdgeVerdict {
  const isNavigation = looksLikeNavigation(facts);
  const refuse = (refusal: EdgeRefusal): EdgeVerdict => ({ kind: 'refuse', refusal, isNavigation });

  if (!methods.includes(facts.method)) return refuse(refusals.method);
  if (facts.url.length > urlMaxLength) return refuse(refusals.urlTooLong);
  const url = splitUrl(facts.url);
  if (url === null) return refuse(refusals.malformed);
  const host: HostVerdict = parseHost(tenantOrigin, facts.header('host'), url.authority);
  if (host.kind === 'not_ours' || url.scheme !== tenantOrigin.scheme) return refuse(refusals.host);
  if (host.kind === 'no_such_tenant') return refuse(refusals.unknownTenant);

  const path = checkPath(url.path);
  if (path.kind === 'malformed') return refuse(refusals.malformed);
  if (path.kind === 'blocked') return refuse(refusals.path);
  const own = path.kind === 'own' ? ownPageOf(path.name) : null;
  if (path.kind === 'own' && own === null) return refuse(refusals.path);
  if (own !== null && facts.method !== ownPages[own]) return refuse(refusals.method);

  const origin = tenantUrlOrigin(tenantOrigin, host.slug);
  const isWebSocket = facts.header('upgrade') !== null;
  const crossSite = judgeOrigin(facts, { origin, isWebSocket });
  if (crossSite !== null) return refuse(crossSite);
  if (isWebSocket && own !== null) return refuse(refusals.path);

  // A body of unknown length is counted while it streams.
  if (Number(facts.header('content-length') ?? '0') > bodyMaxBytes) return refuse(refusals.bodyTooLarge);

  const search = own === null ? stripQuery(url.search) : url.search;
  const { slug, host: name } = host;
  const { method } = facts;
  const isAct = isNavigation ? !isOwnReload(facts) : method !== 'GET' && method !== 'HEAD';
  const request = { slug, host: name, origin, method, path: url.path, search, isWebSocket, isNavigation, isAct, own };
  if (search !== url.search && isNavigation) return { kind: 'clean_url', location: `${url.path}${search}`, request };
  return { kind: 'go', request };
}

function ownPageOf(name: string): OwnPage | null {
  switch (name) {
    case 'callback':
    case 'status':
    case 'tab.js':
    case 'wake':
    case 'sign-out':
      return name;
    default:
      return null;
  }
}

/**
 * Who may cause a request. A socket or a change needs our exact Origin. A read may come without one, but a browser that
 * says it is for another site's page is believed; following a link to a page here is what a navigation is.
 */
function judgeOrigin(facts: RequestFacts, at: { origin: string; isWebSocket: boolean }): EdgeRefusal | null {
  const origin = facts.header('origin');
  const isRead = facts.method === 'GET' || facts.method === 'HEAD';
  if (at.isWebSocket) {
    if (facts.header('upgrade')?.toLowerCase() !== 'websocket') return refusals.malformed;
    if (facts.method !== 'GET') return refusals.method;
    if (origin !== at.origin) return refusals.origin;
    return facts.header('sec-websocket-version') === '13' ? null : refusals.websocket;
  }
  if (!isRead) return origin === at.origin ? null : refusals.origin;
  if (origin !== null && origin !== at.origin) return refusals.origin;
  const site = facts.header('sec-fetch-site');
  if (site === null || site === 'same-origin' || site === 'none') return null;
  const isTopLevel = facts.header('sec-fetch-mode') === 'navigate' && facts.header('sec-fetch-dest') === 'document';
  return isTopLevel ? null : refusals.origin;
}

/** True for a person opening a page; false for a prefetch, a frame, a script's request, and any change. */
function looksLikeNavigation(facts: RequestFacts): boolean {
  if (facts.method !== 'GET' || facts.header('upgrade') !== null) return false;
  if (facts.header('sec-purpose') !== null || facts.header('purpose') !== null) return false;
  const mode = facts.header('sec-fetch-mode');
  const dest = facts.header('sec-fetch-dest');
  if (mode !== null || dest !== null) return mode === 'navigate' && dest === 'document';
  return facts.header('accept')?.includes('text/html') === true;
}

/**
 * True for a page of this very host that opens itself again without anybody having touched it, as the Control UI does when
 * its files changed. Browsers that do not mark a person's touch (Safari) count so as well; there a button wakes.
 */
function isOwnReload(facts: RequestFacts): boolean {
  return facts.header('sec-fetch-site') === 'same-origin' && facts.header('sec-fetch-user') !== '?1';
}

export const refusals = {
  method: {
    code: 'method_not_allowed',
    detail: 'This address does not take that method.',
    next: 'Use the method that the page or the documentation names.',
  },
  urlTooLong: { code: 'bad_request', detail: `An address may have ${urlMaxLength} characters.`, next: 'Shorten it.' },
  malformed: {
    code: 'bad_request',
    detail: 'The request cannot be read in one way only.',
    next: 'Open the assistant from the dashboard.',
  },
  host: {
    code: 'host_unknown',
    detail: 'No assistant is served under this host name.',
    next: 'Check the address: lower case, no trailing dot, no extra port.',
  },
  unknownTenant: {
    code: 'tenant_unknown',
    detail: 'There is no assistant at this address.',
    next: 'Check the address, or open the assistant from the dashboard.',
  },
  path: { code: 'path_blocked', detail: 'This path is not open.', next: 'Open the assistant from the dashboard.' },
  origin: {
    code: 'origin_forbidden',
    detail: 'Another site sent this request.',
    next: 'Open the assistant itself and try there.',
  },
  websocket: {
    code: 'websocket_required',
    detail: 'Only version 13 of the WebSocket protocol is served.',
    next: 'Use a current browser or client.',
  },
  unauthenticated: {
    code: 'unauthenticated',
    detail: 'This needs a signed-in browser.',
    next: 'Open the assistant in a browser window to sign in.',
  },
  bodyTooLarge: {
    code: 'body_too_large',
    detail: 'A request body may have 100 MiB.',
    next: 'Send a smaller file, or let the assistant fetch it.',
  },
} as const satisfies Record<string, EdgeRefusal>;
