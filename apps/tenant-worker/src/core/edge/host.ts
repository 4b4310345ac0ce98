/**
 * Which tenant a request is for, decided by the exact bytes of its Host. One canonical spelling per tenant is served;
 * any other (upper case, trailing dot, default port written out, userinfo, another port) is another host and is refused,
 * because browsers, caches and OpenClaw would each treat it as a different origin.
 */
import { parseSlug } from '../../../../control-plane/src/contract/slug.ts';

/** The TENANT_ORIGIN template, taken apart once. */
export interface TenantOrigin {
  readonly scheme: 'http' | 'https';
  /** Everything after the slug: `.tenants.example` or `.localhost:8787`. */
  readonly suffix: string;
}

const template = /^(https?):\/\/\{slug\}((?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+)(:\d{1,5})?$/;

/**
 * Reads a template such as `https://{slug}.tenants.example`.
 * @throws when it is not one, or when it would send cookies over the network unencrypted (plain http is for loopback names)
 */
export function parseTenantOrigin(text: string): TenantOrigin {
  const match = template.exec(text);
  if (match === null) throw new Error('TENANT_ORIGIN must look like https://{slug}.tenants.example, without a path');
  const [, scheme, name = '', port = ''] = match;
  if (scheme === 'http' && name !== '.localhost' && !name.endsWith('.localhost')) {
    throw new Error(
      'TENANT_ORIGIN may use http only under localhost: session cookies must not cross a network in the open',
    );
  }
  if (port === (scheme === 'https' ? ':443' : ':80')) throw new Error('TENANT_ORIGIN must leave the default port out');
  return { scheme: scheme === 'http' ? 'http' : 'https', suffix: `${name}${port}` };
}

export function tenantHost(origin: TenantOrigin, slug: string): string {
  return `${slug}${origin.suffix}`;
}

export function tenantUrlOrigin(origin: TenantOrigin, slug: string): string {
  return `${origin.scheme}://${slug}${origin.suffix}`;
}

export type HostVerdict =
  | { readonly kind: 'tenant'; readonly slug: string; readonly host: string }
  /** A well-formed host under our suffix whose label can never be a tenant. */
  | { readonly kind: 'no_such_tenant' }
  /** Not one of our hosts, or not in its canonical spelling. */
  | { readonly kind: 'not_ours' };

/**
 * @param hostHeader the Host header exactly as received
 * @param urlAuthority the authority part of the request's URL; both must say the same
 */
export function parseHost(origin: TenantOrigin, hostHeader: string | null, urlAuthority: string): HostVerdict {
  if (hostHeader === null || hostHeader !== urlAuthority || hostHeader.length > 253) return { kind: 'not_ours' };
  if (!hostHeader.endsWith(origin.suffix)) return { kind: 'not_ours' };
  const label = hostHeader.slice(0, hostHeader.length - origin.suffix.length);
  // Only what could stand in a canonical host is looked at further; dots would be another name, not ours.
  if (!/^[a-z0-9-]+$/.test(label)) return { kind: 'not_ours' };
  const slug = parseSlug(label);
  // A look-alike of a name that became protected later may belong to somebody already: the object knows.
  if (!slug.ok && slug.error.code !== 'slug_confusable') return { kind: 'no_such_tenant' };
  return { kind: 'tenant', slug: label, host: hostHeader };
}

export interface UrlParts {
  readonly scheme: string;
  readonly authority: string;
  /** Starts with `/`. */
  readonly path: string;
  /** With its `?`, or empty. */
  readonly search: string;
}

/** Splits an absolute http(s) URL without repairing it; null for anything else. The fragment is dropped. */
export function splitUrl(url: string): UrlParts | null {
  const match = /^(https?):\/\/([^/?#]*)(\/[^?#]*)?(\?[^#]*)?(?:#.*)?$/s.exec(url);
  if (match === null) return null;
  const [, scheme = '', authority = '', path = '/', search = ''] = match;
  return { scheme, authority, path, search: search === '?' ? '' : search };
}
