/**
 * The fuse: is spending out of line? Only what was answered and charged counts, so that the retries of a client whose
 * requests fail never trip it. Pure; the numbers stand in docs/limits.md.
 */

/**
 * The same request, charged more often than this within the window, is a loop. Twice what OpenClaw does by itself (2026.9.6
 * tries a model request up to ten times), so that even answers that break off midway, each charged in part, are not one; and
 * no person and no schedule repeats a request every half minute.
 */
export const repeatsMax = 20;
export const repeatWindowMs = 600_000;
/** Charged requests that are remembered to be compared; what is older is forgotten even within the window. */
export const bodiesKept = 256;

/** An hour at more than this many times a dear hour is out of line… */
export const rateFactor = 5;
/** …unless it costs less than this: nobody wants to be asked about it. */
export const rateFloorNanoUsd = 2_000_000_000;
/** Hours that are looked back at: the last seven days. */
export const rateHistoryMs = 7 * 86_400_000;
/** With fewer hours of use nobody knows what is usual; the budgets hold meanwhile. */
export const rateHoursMin = 12;

export interface ChargedBody {
  readonly hash: number;
  readonly atMs: number;
}

/** How often a request equal to `body` was charged within the window that ends with it, itself included. */
export function timesCharged(charged: readonly ChargedBody[], body: ChargedBody): number {
  const fromMs = body.atMs - repeatWindowMs;
  return charged.filter(({ hash, atMs }) => hash === body.hash && atMs > fromMs && atMs <= body.atMs).length;
}

/**
 * What an hour costs that is dearer than 19 of 20 (p95), of the hours in which anything was charged: idle ones say nothing
 * about how dear it is to use the assistant. Null while there are too few.
 */
export function dearHourNanoUsd(hours: readonly number[]): number | null {
  const used = hours.filter((nanoUsd) => nanoUsd > 0).toSorted((a, b) => a - b);
  return used.length < rateHoursMin ? null : (used[Math.ceil(used.length * 0.95) - 1] ?? null);
}

/** Above what an hour trips the fuse; null while nobody knows what is usual. */
export function rateThreshold(dearNanoUsd: number | null): number | null {
  return dearNanoUsd === null ? null : Math.max(rateFloorNanoUsd, dearNanoUsd * rateFactor);
}

export type Trip =
  | { readonly why: 'repeated'; readonly times: number; readonly withinMs: number }
  | { readonly why: 'rate'; readonly hourNanoUsd: number; readonly usualNanoUsd: number };

export interface FuseFacts {
  /** The most often that one of the newly charged requests was charged. */
  readonly times: number;
  /** Charged in this UTC hour; since somebody said that it may go on, when that was within the hour. */
  readonly hourNanoUsd: number;
  readonly dearNanoUsd: number | null;
}

export function judgeFuse({ times, hourNanoUsd, dearNanoUsd }: FuseFacts): Trip | null {
  if (times > repeatsMax) return { why: 'repeated', times, withinMs: repeatWindowMs };
  const above = rateThreshold(dearNanoUsd);
  if (dearNanoUsd !== null && above !== null && hourNanoUsd > above)
    return { why: 'rate', hourNanoUsd, usualNanoUsd: dearNanoUsd };
  return null;
}
