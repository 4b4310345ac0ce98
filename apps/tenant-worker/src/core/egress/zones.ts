/** The domains that are ours, from where the platform and its tenants are served. A container reaches none of them. */
import { sharedSuffixes } from './presets.ts';

/**
 * The platform's host, the domain above it (its siblings are ours too) unless strangers have names there, and the
 * domain of all tenants with its hooks.
 */
export function ownZonesOf(origins: { readonly platform: string; readonly tenant: string }): string[] {
  const platform = hostOf(origins.platform);
  const tenants = hostOf(origins.tenant.replace('{slug}.', ''));
  const above = platform.split('.').slice(1).join('.');
  const siblings = above.includes('.') && !sharedSuffixes.has(above) ? [above] : [];
  return [...new Set([platform, ...siblings, tenants])];
}

function hostOf(origin: string): string {
  return (/^https?:\/\/([^/:]+)/.exec(origin)?.[1] ?? '').toLowerCase();
}
