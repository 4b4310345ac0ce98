/**
 * The headers a container sees. They are rebuilt, never filtered: an allow-list is copied, then ours are set. This is
 * the only place that writes the identity headers; it is called after the session was checked for this very host.
 */
import { operatorScopes } from '../../../../control-plane/src/contract/roles.ts';
import type { MemberRole } from '../../../../control-plane/src/contract/tenant-rpc.ts';

/** Trusted by the gateway because of who sends them: it takes `user` as signed in and requires `proof` to be there. */
export const identityHeaders = {
  user: 'x-tidepool-user',
  proof: 'x-tidepool-proof',
  scopes: 'x-openclaw-scopes',
} as const;

const allowed = [
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'pragma',
  'content-type',
  'content-encoding',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range',
  'user-agent',
  'sec-fetch-site',
  'sec-fetch-mode',
  'sec-fetch-dest',
  'dnt',
  'x-request-id',
] as const;

const allowedOnUpgrade = ['sec-websocket-protocol'] as const;

/** A header longer than this is dropped; the gateway would refuse the whole request. */
const valueMax = 4_096;

export function scopesFor(role: MemberRole): string {
  return operatorScopes[role].join(',');
}

export interface RebuildFacts {
  /** Canonical host of the tenant, from the template and the slug. */
  readonly host: string;
  /** `https://nora.tenants.example` */
  readonly origin: string;
  readonly clientIp: string;
  readonly principal: { readonly userId: string; readonly role: MemberRole };
  readonly isWebSocket: boolean;
}

/** @param incoming looks up a request header by lower-case name; several of one name come joined, as the platform gives them */
export function rebuildRequestHeaders(
  incoming: (name: string) => string | null,
  facts: RebuildFacts,
): [name: string, value: string][] {
  const headers: [string, string][] = [];
  const copy = (name: string): void => {
    const value = incoming(name);
    if (value !== null && value.length <= valueMax) headers.push([name, value]);
  };
  for (const name of allowed) copy(name);
  // The admission has compared it; a value other than ours is not passed on even so.
  if (incoming('origin') === facts.origin) headers.push(['origin', facts.origin]);
  if (facts.isWebSocket) {
    for (const name of allowedOnUpgrade) copy(name);
    // The platform writes Connection and the handshake's key itself.
    headers.push(['upgrade', 'websocket']);
  }
  headers.push(
    ['host', facts.host],
    ['x-forwarded-host', facts.host],
    ['x-forwarded-proto', facts.origin.startsWith('https:') ? 'https' : 'http'],
    ['x-forwarded-for', facts.clientIp],
    [identityHeaders.user, facts.principal.userId],
    [identityHeaders.proof, '1'],
    [identityHeaders.scopes, scopesFor(facts.principal.role)],
  );
  return headers;
}

/** Stands for a client on the same machine: OpenClaw refuses forwarded loopback addresses (RFC 5737 documentation range). */
const localClientIp = '192.0.2.1';

/** The client's address as the platform saw it, or a stand-in when it is absent, malformed or loopback. */
export function clientIpFrom(connectingIp: string | null): string {
  if (connectingIp === null) return localClientIp;
  const v4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(connectingIp);
  if (v4 !== null) {
    const fine = v4.slice(1).every((part) => Number(part) <= 255) && v4[1] !== '127' && v4[1] !== '0';
    return fine ? connectingIp : localClientIp;
  }
  const v6 = /^[0-9a-f:]{2,39}$/i.test(connectingIp) && connectingIp.includes(':');
  // `::` and `::1` in any spelling, which have no digit other than 0 before the last group.
  return v6 && !/^[0:]*:0*1?$/.test(connectingIp) ? connectingIp : localClientIp;
}
