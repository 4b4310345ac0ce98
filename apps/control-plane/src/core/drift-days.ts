/**
 * Which day is compared next, and which pieces of the gateway's log belong to it. A day is compared twice: in the next
 * morning, and when nothing of it can be pending any more; the second comparison takes the place of the first.
 */

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** An entry is written when its request ends: a request may take 14 minutes. */
export const overlapMs = 15 * 60_000;
/** The queue and the gateway have the night to bring what is late. */
const firstAfterMs = 6 * hourMs;
/** No hold is pending for longer: it is written off after three days at the latest. */
const secondAfterMs = 3 * dayMs + firstAfterMs;
/** Days further back are left alone: after a long pause of ours the newest say enough. */
const lookBackDays = 8;

export const slicesOfDay = 24;

export const dayOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);
export const dayStartMs = (day: string): number => Date.parse(`${day}T00:00:00Z`);

/** The piece of the log that is read as the n-th: an hour, with what came before it once more. */
export function sliceOf(day: string, slice: number): { readonly fromMs: number; readonly toMs: number } {
  const fromMs = dayStartMs(day) + slice * hourMs;
  const last = slice === slicesOfDay - 1;
  return { fromMs: fromMs - overlapMs, toMs: fromMs + hourMs + (last ? overlapMs : 0) };
}

export interface KnownDay {
  readonly day: string;
  /** The comparison that is through; 0 = none yet. */
  readonly donePass: number;
}

/** The oldest comparison that is due and not begun. */
export function dueDay(
  known: readonly KnownDay[],
  nowMs: number,
): { readonly day: string; readonly pass: 1 | 2 } | null {
  for (let back = lookBackDays; back >= 1; back--) {
    const day = dayOf(nowMs - back * dayMs);
    const endMs = dayStartMs(day) + dayMs;
    const donePass = known.find((each) => each.day === day)?.donePass ?? 0;
    if (donePass === 0 && nowMs >= endMs + firstAfterMs) return { day, pass: nowMs >= endMs + secondAfterMs ? 2 : 1 };
    if (donePass === 1 && nowMs >= endMs + secondAfterMs) return { day, pass: 2 };
  }
  return null;
}
