/**
 * One intercepted request in one canonical form. The decision is made on this form and the request that leaves is rebuilt
 * from it, so that no other reader of the same bytes can see another host or path. What cannot be read one way only is
 * refused, with the reason.
 */
import {
  classifyIpv4,
  classifyIpv6,
  formatIpv4,
  formatIpv6,
  looksLikeIpv4,
  parseIpv4,
  parseIpv6,
  type AddressClass,
} from './address.ts';

export type TargetHost =
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'address'; readonly text: string; readonly address: AddressClass };

export type Malformed = 'scheme' | 'userinfo' | 'host' | 'port' | 'path' | 'method' | 'too_long' | 'host_mismatch';

export interface Target {
  readonly scheme: 'http' | 'https';
  readonly method: string;
  readonly host: TargetHost;
  /** Canonical, begins with a slash, without query. */
  readonly path: string;
  /** With its question mark, or empty. Takes no part in any decision. */
  readonly query: string;
  /** The path has separators or dots in disguise: no rule may allow by its prefix. */
  readonly pathIsAmbiguous: boolean;
  readonly isWebSocket: boolean;
}

export type TargetRead =
  | { readonly ok: true; readonly target: Target }
  | { readonly ok: false; readonly why: Malformed; readonly host: string };

export interface RequestLine {
  readonly method: string;
  readonly url: string;
  /** The Host header as the container sent it; must name the same host. Null where there is none. */
  readonly hostHeader: string | null;
  readonly isWebSocket: boolean;
}

const urlCharsMax = 16_384;

/** A host in one spelling: lower case, no trailing dot, addresses in their usual form; null when it is none. */
export function readHost(raw: string): TargetHost | null {
  if (raw.startsWith('[')) {
    const groups = raw.endsWith(']') ? parseIpv6(raw.slice(1, -1)) : null;
    return groups && { kind: 'address', text: `[${formatIpv6(groups)}]`, address: classifyIpv6(groups) };
  }
  const text = raw.toLowerCase().replace(/\.$/, '');
  if (text.length === 0 || text.length > 253) return null;
  if (looksLikeIpv4(text)) {
    const value = parseIpv4(text);
    return value === null ? null : { kind: 'address', text: formatIpv4(value), address: classifyIpv4(value) };
  }
  // Anything beyond ASCII was turned into punycode before; what is left of it is not a name.
  const isName = text.split('.').every((label) => /^[a-z0-9_-]{1,63}$/.test(label));
  return isName ? { kind: 'name', text } : null;
}

function refuse(why: Malformed, host = ''): TargetRead {
  return { ok: false, why, host: host.slice(0, 253) };
}

/**
 * Reads scheme, host, port and path of an absolute address. By hand on purpose: the platform's parser ran before, and
 * both must agree on what is allowed out.
 */
export function readTarget(line: RequestLine): TargetRead {
  if (line.url.length > urlCharsMax) return refuse('too_long');
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#\\]*)([^?#]*)(\?[^#]*)?/i.exec(line.url);
  const [, schemeText = '', authority = '', rawPath = '', query = ''] = match ?? [];
  const scheme = schemeText.toLowerCase();
  if (scheme !== 'http' && scheme !== 'https') return refuse('scheme', authority);
  if (authority.includes('@')) return refuse('userinfo', authority.slice(authority.lastIndexOf('@') + 1));
  const [, hostText = '', port = ''] = /^(.*?)(?::(\d*))?$/.exec(authority) ?? [];
  const host = readHost(hostText);
  if (host === null) return refuse('host', hostText);
  if (port !== '' && Number(port) !== (scheme === 'https' ? 443 : 80)) return refuse('port', host.text);
  // CONNECT asks for a tunnel; TRACE answers with the request, an added secret included.
  if (!/^(?!(?:CONNECT|TRACE|TRACK)$)[A-Z]{1,20}$/.test(line.method)) return refuse('method', host.text);
  if (line.hostHeader !== null && !namesSameHost(line.hostHeader, host, scheme))
    return refuse('host_mismatch', host.text);
  const path = readPath(rawPath);
  if (path === null) return refuse('path', host.text);
  return {
    ok: true,
    target: { scheme, method: line.method, host, query, isWebSocket: line.isWebSocket, ...path },
  };
}

function namesSameHost(header: string, host: TargetHost, scheme: 'http' | 'https'): boolean {
  const [, name = '', port = ''] = /^(.*?)(?::(\d*))?$/.exec(header) ?? [];
  const isDefaultPort = port === '' || Number(port) === (scheme === 'https' ? 443 : 80);
  return isDefaultPort && readHost(name)?.text === host.text;
}

/** Decodes what needs no encoding and resolves dots. Null for control characters and what is not a path. */
function readPath(raw: string): { path: string; pathIsAmbiguous: boolean } | null {
  if (raw !== '' && !raw.startsWith('/')) return null;
  if (/[^\x21-\x7e]/.test(raw) || /%(?![0-9a-f]{2})/i.test(raw)) return null;
  const decoded = raw.replaceAll(/%([0-9a-f]{2})/gi, (whole, hex: string) => {
    const char = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9._~-]/.test(char) ? char : whole.toUpperCase();
  });
  const kept: string[] = [];
  const segments = decoded.split('/').slice(1);
  for (const [i, segment] of segments.entries()) {
    const isLast = i === segments.length - 1;
    if (segment === '..') kept.pop();
    if (segment !== '.' && segment !== '..') kept.push(segment);
    else if (isLast) kept.push('');
  }
  const path = `/${kept.join('/')}`;
  // Another server may read these as a separator, decode twice, cut a parameter, or join empty segments.
  const pathIsAmbiguous = /%2F|%5C|%25|%00|\\|;|\/\//.test(path);
  return { path, pathIsAmbiguous };
}

/** The address that leaves: nothing in it but what was decided on. */
export function targetUrl(target: Target): string {
  return `${target.scheme}://${target.host.text}${target.path}${target.query}`;
}
