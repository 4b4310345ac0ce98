/** Amounts for people. */

/** Nano-USD as dollars: cents, or as many digits as a small amount needs to be seen (at most six). */
export function formatUsd(nanoUsd: number): string {
  const dollars = nanoUsd / 1e9;
  if (nanoUsd === 0 || dollars >= 1) return `$${dollars.toFixed(2)}`;
  return `$${dollars.toFixed(6).replace(/(\.\d\d\d*?)0+$/, '$1')}`;
}

/** The period a moment belongs to: its UTC month, `2026-11`. */
export function periodOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 7);
}
