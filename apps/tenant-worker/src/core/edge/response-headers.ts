/**
 * What a container's answer may say to a browser. The container is not trusted: it may not set cookies, loosen a
 * policy, choose caching, name other origins, or imitate our own markers. An allow-list is kept and ours are set.
 */
const kept = [
  'content-type',
  'content-language',
  'content-disposition',
  'content-encoding',
  'content-range',
  'accept-ranges',
  'etag',
  'last-modified',
  'vary',
  'allow',
  'retry-after',
  'x-request-id',
] as const;

const valueMax = 8_192;

export interface ResponseFacts {
  /** `https://nora.tenants.example` */
  readonly origin: string;
  readonly path: string;
  readonly status: number;
}

export type ResponseVerdict =
  | { readonly kind: 'pass'; readonly headers: [name: string, value: string][] }
  /** The answer must not reach the browser at all. */
  | { readonly kind: 'refuse'; readonly why: 'redirect' };

/**
 * Our policy beside the gateway's own; a browser enforces both, so it can only tighten. It closes what the gateway's
 * leaves open: sockets, images and frames from any host, through which a page could carry data out.
 */
export function tenantContentPolicy(origin: string): string {
  const socket = origin.replace(/^http/, 'ws');
  return [
    "frame-ancestors 'none'",
    `connect-src 'self' ${socket} data:`,
    "img-src 'self' data: blob:",
    "frame-src 'self' blob:",
    "form-action 'self'",
    "base-uri 'none'",
    "object-src 'none'",
  ].join('; ');
}

/** @param incoming looks up a response header by lower-case name; several of one name come joined with a comma */
export function filterResponseHeaders(
  incoming: (name: string) => string | null,
  facts: ResponseFacts,
): ResponseVerdict {
  const headers: [string, string][] = [];
  for (const name of kept) {
    const value = incoming(name);
    if (value !== null && value.length <= valueMax) headers.push([name, value]);
  }
  const location = incoming('location');
  if (location !== null) {
    const target = ownLocation(location, facts.origin);
    if (target === null) return { kind: 'refuse', why: 'redirect' };
    headers.push(['location', target]);
  }
  const policy = incoming('content-security-policy');
  if (policy !== null && policy.length <= valueMax) headers.push(['content-security-policy', policy]);
  headers.push(['content-security-policy', tenantContentPolicy(facts.origin)]);
  headers.push(...commonHeaders(facts.origin));
  headers.push(['cache-control', cacheControl(facts, incoming('cache-control'))]);
  return { kind: 'pass', headers };
}

/** What a page of a tenant may ask a browser for: talking to the assistant, and nothing else of the machine. */
const permissionsPolicy = [
  'camera=(self)',
  'microphone=(self)',
  ...[
    'accelerometer',
    'bluetooth',
    'browsing-topics',
    'display-capture',
    'geolocation',
    'gyroscope',
    'hid',
    'identity-credentials-get',
    'magnetometer',
    'midi',
    'payment',
    'publickey-credentials-get',
    'serial',
    'usb',
    'xr-spatial-tracking',
  ].map((feature) => `${feature}=()`),
].join(', ');

/** Set on every answer from a tenant host, the container's and our own pages alike. */
export function commonHeaders(origin: string): [name: string, value: string][] {
  const headers: [string, string][] = [
    ['x-content-type-options', 'nosniff'],
    ['referrer-policy', 'no-referrer'],
    ['cross-origin-opener-policy', 'same-origin'],
    ['cross-origin-resource-policy', 'same-origin'],
    ['origin-agent-cluster', '?1'],
    ['x-frame-options', 'DENY'],
    ['permissions-policy', permissionsPolicy],
  ];
  if (origin.startsWith('https:')) headers.push(['strict-transport-security', 'max-age=31536000']);
  return headers;
}

/** For what never changes under its name: it may stay in the browser, and nowhere else. */
export const immutable = 'private, max-age=31536000, immutable';

/** Hashed files of the Control UI may stay in the browser; nothing may stay anywhere else. */
function cacheControl(facts: ResponseFacts, theirs: string | null): string {
  const hashed = facts.status === 200 && /^\/assets\/[A-Za-z0-9._/-]+-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$/.test(facts.path);
  return hashed && theirs !== null && theirs.includes('immutable') ? immutable : 'private, no-store';
}

/** A redirect target within our own origin, as a path where it was absolute; null for anything that could lead away. */
export function ownLocation(location: string, origin: string): string | null {
  if (location.length > 2_048 || !/^[\x21-\x7e]*$/.test(location) || location.includes('\\')) return null;
  if (location.startsWith(`${origin}/`)) {
    const path = location.slice(origin.length);
    return path.startsWith('//') ? null : path;
  }
  if (location.startsWith('//')) return null;
  // A colon before the first of / ? # makes it a scheme.
  return /^[^:/?#]*:/.test(location) ? null : location;
}
