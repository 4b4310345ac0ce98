/** Money as text. Amounts are integer nano-USD and never become a float. */

const nanoPerUsd = 1_000_000_000n;

/** Integer nano-USD as an exact decimal string, e.g. 1_500 → "0.000001500". */
export function decimalFromNano(nanoUsd: number): `${number}` {
  const nano = BigInt(Math.trunc(nanoUsd));
  const sign = nano < 0n ? '-' : '';
  const abs = nano < 0n ? -nano : nano;
  const digits = `${abs / nanoPerUsd}.${String(abs % nanoPerUsd).padStart(9, '0')}`;
  // Digits, one dot and an optional sign by construction.
  return `${sign}${digits}` as `${number}`;
}
