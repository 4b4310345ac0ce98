/** Addresses of assistants as the create page shows them. Pure; the suffix is passed in. */
import { parseSlug, slugBaseFrom, slugMaxLength } from '../../../control-plane/src/contract/slug.ts';

/**
 * A first suggestion for a name: the name itself where it is a valid address, else with a suffix.
 * @param suffix four lower-case letters or digits, not all digits
 */
export function suggestSlug(name: string, suffix: string): string {
  // Accents go, so that "Ängström" becomes "angstrom" and not "a-ngstro-m".
  const base = slugBaseFrom(name.normalize('NFKD').replace(/\p{M}/gu, ''));
  // Everybody whose name has no Latin letters would get the same one: it takes a suffix.
  if (base !== 'assistant' && parseSlug(base).ok) return base;
  const suffixed = `${base}-${suffix}`;
  return parseSlug(suffixed).ok ? suffixed : `assistant-${suffix}`;
}

/** What a typing person means: lower case, spaces as hyphens, nothing the address could never hold. */
export function slugWhileTyping(raw: string): string {
  return raw
    .toLowerCase()
    .replace(/[\s_]+/g, '-')
    .replace(/[^a-z0-9-]/g, '')
    .slice(0, slugMaxLength);
}

/**
 * How the full address will read, from the address of any assistant that exists or, before the first, from where
 * this page is: `app.example.com` says nothing about the tenant domain, so only local hosts are spelled out.
 */
export function addressPreview(
  slug: string,
  sample: { slug: string; origin: string } | undefined,
  pageOrigin: string,
): string | null {
  if (sample !== undefined && sample.origin.includes(`//${sample.slug}.`)) {
    return sample.origin.replace(`//${sample.slug}.`, `//${slug}.`);
  }
  const page = new URL(pageOrigin);
  if (page.hostname === 'localhost')
    return `${page.protocol}//${slug}.localhost${page.port === '' ? '' : `:${page.port}`}`;
  return null;
}
