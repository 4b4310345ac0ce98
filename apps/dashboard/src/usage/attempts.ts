/** Attempts of a turn in words: why one failed, and why another model answered. Pure. */
import type { z } from 'zod';
import type { Receipt } from '../../../control-plane/src/contract/receipt.ts';

type Row = z.infer<typeof Receipt>;

const reasons: Readonly<Record<string, string>> = {
  upstream_401: 'the provider refused the key',
  upstream_402: 'the provider wanted credit',
  upstream_403: 'the provider refused the account',
  upstream_404: 'the provider has no such model',
  upstream_408: 'the provider was too slow',
  upstream_429: 'the provider limited the requests',
  upstream_503: 'the provider was overloaded',
  upstream_529: 'the provider was overloaded',
  upstream_unreachable: 'the provider could not be reached',
  upstream_silent: 'the provider said nothing in time',
  upstream_empty: 'the provider broke off before its first word',
  key_unreadable: 'the stored key could not be opened',
  not_configured: 'no access to the provider is configured',
  rate_limited: 'the limit that you set was reached',
  unaffordable: 'it did not fit into what is left of the cap',
  not_drafted: 'the request cannot be put to it',
  written_off: 'nobody knew of it after three days',
  witness_knows_nothing: 'the provider’s own log knows nothing of it',
  witness_says_failed: 'the provider’s own log says that it failed',
};

/** Why an attempt failed, to go on after a colon or a dash. */
export function reasonText(code: string): string {
  const known = reasons[code];
  if (known !== undefined) return known;
  const status = /^upstream_(\d{3})$/.exec(code)?.[1];
  return status === undefined ? code : `the provider answered ${status}`;
}

const nameOf = (ref: string): string => ref.slice(ref.indexOf('/') + 1);

/** What there is to say about a request besides its numbers, as one line; null for an ordinary one. */
export function attemptText({ outcome, why, part }: Pick<Row, 'outcome' | 'why' | 'part'>): string | null {
  const failed = outcome === 'failed' && why !== undefined ? `Failed: ${reasonText(why)}.` : null;
  if (part === undefined) return failed;
  if (part.after === 'kept_answer') return 'Answered from what was kept of the same request.';
  const place = part.attempt > 1 ? `Attempt ${part.attempt}` : null;
  const asked = part.asked === null ? null : `instead of ${nameOf(part.asked)}`;
  const because =
    part.after === null ? null : part.after === 'economy' ? 'near the cap' : `after ${reasonText(part.after)}`;
  const words = [place, asked, because].filter((word) => word !== null).join(', ');
  const line = words === '' ? null : `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
  return [line, failed].filter((one) => one !== null).join(' ') || null;
}
