/**
 * A host as an owner writes it, brought into the one spelling that decisions compare. Refuses what looks like a rule and
 * would allow something else than it says.
 */
import { err, ok } from '../../../../control-plane/src/contract/result.ts';
import type { Result } from '../../../../control-plane/src/contract/result.ts';
import { sharedSuffixes } from './presets.ts';
import { readHost } from './target.ts';

/**
 * @param text a host or `*.` and a domain; ASCII: names in other scripts were turned into punycode before
 */
export function readHostPattern(text: string): Result<string, string> {
  const isWildcard = text.startsWith('*.');
  const host = readHost(isWildcard ? text.slice(2) : text);
  if (host === null)
    return err('This is not a host. Write a name such as api.example.com, without https://, port or path.');
  if (host.kind === 'address') {
    if (isWildcard) return err('An address has no subdomains.');
    return host.address === 'public' ? ok(host.text) : err('This address is not on the public internet.');
  }
  if (!host.text.includes('.')) return err('This is not a public name: it has no dot.');
  if (isWildcard && sharedSuffixes.has(host.text))
    return err(`Anybody can have a name under ${host.text}. Name the hosts that you mean.`);
  return ok(isWildcard ? `*.${host.text}` : host.text);
}
