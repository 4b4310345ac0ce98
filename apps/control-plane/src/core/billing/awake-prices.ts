/**
 * What an awake minute costs by instance size, as dated data. Plans include and bill awake time of the default size;
 * another size counts as so much more or less of it, so that there is one number of hours on every page and invoice.
 * Editions are added, never edited.
 */
import { defaultSizeKey } from '../../contract/usage-totals.ts';

interface AwakePrices {
  readonly fromMs: number;
  /** Nano-USD a minute: of any size, and for each vCPU, GiB of memory and GB of disk. */
  readonly base: number;
  readonly perVcpu: number;
  readonly perGib: number;
  readonly perGb: number;
}

/**
 * Oldest first. The default size (1 vCPU, 3 GiB, 4 GB) comes to 1,000,000: `awakeMinuteNanoUsd`. The parts are in about
 * the proportion of what they cost (core/billing/rates.ts): memory most, since it's paid for all the time.
 */
const editions: readonly [AwakePrices, ...AwakePrices[]] = [
  { fromMs: Date.UTC(2026, 10, 1), base: 100_000, perVcpu: 180_000, perGib: 220_000, perGb: 15_000 },
];

export interface Size {
  readonly vcpu: number;
  readonly gib: number;
  readonly gb: number;
}

/** The size behind a key of the contract's form. */
export function sizeOfKey(key: string): Size {
  const [vcpu = 0, mib = 0, mb = 0] = key.split('-').map(Number);
  return { vcpu, gib: mib / 1_024, gb: mb / 1_000 };
}

/** Nano-USD for an awake minute of that size at that time. */
export function awakeMinutePrice(sizeKey: string, atMs: number): number {
  const prices = editions.findLast(({ fromMs }) => fromMs <= atMs) ?? editions[0];
  const { vcpu, gib, gb } = sizeOfKey(sizeKey);
  return Math.round(prices.base + vcpu * prices.perVcpu + gib * prices.perGib + gb * prices.perGb);
}

/**
 * Awake time counted in the default size. What isn't told by size is of the default one; begun milliseconds are given
 * away.
 */
export function standardAwakeMs(
  awake: { readonly awakeMs: number; readonly bySize: Readonly<Record<string, number>> },
  atMs: number,
): number {
  const standard = awakeMinutePrice(defaultSizeKey, atMs);
  let ms = awake.awakeMs;
  for (const [size, ofSizeMs] of Object.entries(awake.bySize)) {
    if (size !== defaultSizeKey) ms += (ofSizeMs * awakeMinutePrice(size, atMs)) / standard - ofSizeMs;
  }
  return Math.floor(ms);
}
