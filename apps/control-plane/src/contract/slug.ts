/**
 * Slug rules: what may be a tenant's address. Pure; used by the API, the gate and the dashboard, so all three agree.
 * A slug is a permanent name on the open internet: it must not impersonate us, a provider, or a machine role,
 * and must not be mistaken for another host form (punycode, port-prefixed preview hosts, JavaScript prototype keys).
 */
import type { Result } from './result.ts';
import { err, ok } from './result.ts';

export const slugMinLength = 3;
export const slugMaxLength = 40;

const grammar = /^[a-z0-9](?:[a-z0-9-]{1,38}[a-z0-9])$/;

const reserved = new Set(
  (
    'tidepool openclaw clawd moltbot app api www admin administrator root support help helpdesk staff team security abuse ' +
    'billing payment payments invoice invoices account accounts auth login signin sign-in signup sign-up logout oauth sso ' +
    'mail email smtp imap pop pop3 webmail mx ns ns1 ns2 dns wpad autoconfig autodiscover ftp ssh vpn cdn static assets ' +
    'hooks webhook webhooks ai browser gateway keeper tenant tenants internal local localhost intranet status docs doc blog ' +
    'dev development test testing stage staging prod production beta alpha demo preview sandbox console dashboard portal ' +
    'constructor prototype __proto__ hasownproperty tostring valueof null undefined true false ' +
    'official verify verification trust legal privacy terms dmca postmaster hostmaster webmaster noreply no-reply'
  ).split(' '),
);

/** Names whose look-alikes are refused: ours, and those a phisher would want. */
const protectedNames = [
  'tidepool',
  'openclaw',
  'cloudflare',
  'anthropic',
  'openai',
  'google',
  'github',
  'stripe',
  'paypal',
  'telegram',
  'discord',
  'microsoft',
  'amazon',
  'facebook',
  'whatsapp',
  'slack',
  'apple',
];

/** Folds characters that look alike in common fonts, and drops hyphens. */
export function skeleton(slug: string): string {
  return slug
    .replaceAll('-', '')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
    .replaceAll('cl', 'd')
    .replaceAll('0', 'o')
    .replaceAll('1', 'l')
    .replaceAll('i', 'l')
    .replaceAll('3', 'e')
    .replaceAll('4', 'a')
    .replaceAll('5', 's')
    .replaceAll('7', 't')
    .replaceAll('8', 'b');
}

/** True when one insertion, deletion or substitution (or none) turns `a` into `b`. */
export function withinOneEdit(a: string, b: string): boolean {
  if (a === b) return true;
  if (Math.abs(a.length - b.length) > 1) return false;
  let i = 0;
  while (i < a.length && i < b.length && a[i] === b[i]) i++;
  const restA = a.slice(i);
  const restB = b.slice(i);
  return restA.slice(1) === restB.slice(1) || restA.slice(1) === restB || restA === restB.slice(1);
}

function confusableWith(slug: string): string | undefined {
  const folded = skeleton(slug);
  return protectedNames.find((name) => {
    const target = skeleton(name);
    if (folded === target) return true;
    if (target.length >= 6 && withinOneEdit(folded, target)) return true;
    return slug.split('-').some((part) => part !== '' && skeleton(part) === target);
  });
}

/**
 * Judges the raw string a person typed. Nothing is trimmed, folded or decoded here: an address that needs
 * repair to be valid is refused, so that what is shown is what is stored.
 */
export function parseSlug(raw: string): Result<string> {
  if (raw.length < slugMinLength || raw.length > slugMaxLength || !grammar.test(raw)) {
    return err({
      code: 'slug_malformed',
      detail: `An address has ${slugMinLength} to ${slugMaxLength} lower-case letters, digits and hyphens, and starts and ends with a letter or digit.`,
      next: 'Choose another address, such as nora-7f3k.',
    });
  }
  if (raw.includes('--') || /^\d+$/.test(raw) || /^\d{4,5}-/.test(raw)) {
    return err({
      code: 'slug_malformed',
      detail: 'An address may not contain two hyphens in a row, be only digits, or start with a port-like number.',
      next: 'Choose another address, such as nora-7f3k.',
    });
  }
  if (reserved.has(raw)) {
    return err({ code: 'slug_reserved', detail: `The address ${raw} is reserved.`, next: 'Choose another address.' });
  }
  const protectedName = confusableWith(raw);
  if (protectedName !== undefined) {
    return err({
      code: 'slug_confusable',
      detail: `The address ${raw} looks like ${protectedName}, which is protected.`,
      next: 'Choose an address that cannot be mistaken for it.',
    });
  }
  return ok(raw);
}

/** Makes a first suggestion from a display name; the caller adds a random suffix and asks `parseSlug`. */
export function slugBaseFrom(name: string): string {
  const base = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 24)
    .replace(/-+$/, '');
  return base.length >= 2 ? base : 'assistant';
}
