/**
 * What a person types into a dollar field, and the text of a stored amount. Pure. Amounts are integer nano-USD and never
 * become a float.
 */
import { decimalFromNano } from '../../../control-plane/src/contract/money.ts';
import { formatCap } from './format.ts';

/** `Amount` is number, or also null where an empty field means something. */
export type ParsedUsd<Amount extends number | null = number> =
  | { readonly ok: true; readonly nanoUsd: Amount }
  | { readonly ok: false; readonly reason: string };

const nanoPerUsd = 1_000_000_000n;
/** A million dollars: a slip of the keyboard more than a wish. */
const usualMaxNanoUsd = 1_000_000_000_000_000;

/**
 * The decimal sign is a point; a comma is refused rather than guessed, because "1,500" means two different sums to two
 * people.
 */
export function parseUsd(raw: string, maxNanoUsd: number = usualMaxNanoUsd): ParsedUsd {
  const text = raw.trim().replace(/^\$\s*/, '');
  if (text === '') return { ok: false, reason: 'Enter an amount in US dollars, such as 20.' };
  if (text.includes(',')) return { ok: false, reason: 'Write the amount without commas, such as 1500 or 12.50.' };
  const match = /^(\d{1,9})(?:\.(\d{0,9}))?$/.exec(text);
  if (!match) return { ok: false, reason: 'Enter digits with at most nine decimals, such as 20 or 12.50.' };
  const nano = BigInt(match[1] ?? '0') * nanoPerUsd + BigInt((match[2] ?? '').padEnd(9, '0'));
  if (nano > BigInt(maxNanoUsd)) return { ok: false, reason: `It can be at most ${formatCap(maxNanoUsd)}.` };
  return { ok: true, nanoUsd: Number(nano) };
}

/** The same where an empty field means that there is none. */
export function parseUsdOrNone(raw: string): ParsedUsd<number | null> {
  return raw.trim() === '' ? { ok: true, nanoUsd: null } : parseUsd(raw);
}

/** The text of a dollar field for a stored amount: no trailing zeros; empty for none. */
export function usdFieldText(nanoUsd: number | null): string {
  if (nanoUsd === null) return '';
  const [whole = '0', fraction = ''] = decimalFromNano(nanoUsd).split('.');
  const kept = fraction.replace(/0+$/, '');
  return kept === '' ? whole : `${whole}.${kept.padEnd(2, '0')}`;
}
