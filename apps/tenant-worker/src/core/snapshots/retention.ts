/**
 * Which snapshots are kept: by age, thinned out; by protection; and always what a start may need. Pure: the index asks with
 * all it knows and gets the ids whose objects may go.
 *
 * What must hold: never the newest that can be read, never one that a restore points to, never one a person protected.
 * Age counts in hours, days and weeks that hold a snapshot, so that an assistant that slept for a month keeps its past and
 * a clock that jumps thins out nothing.
 */

/** The newest are kept whatever their age: the generations that a start falls back through. */
export const recentKept = 6;
export const hoursKept = 24;
export const daysKept = 14;
export const weeksKept = 8;
/** Protected by what we did (before a restore, before an upgrade, imported): beyond this the oldest are kept by age only. */
export const automaticKept = 20;
/** Protected by a person: one more is refused instead. */
export const customerProtectedMax = 30;
/** Set aside because they shrank, and those that could not be read: the newest of each, for a person to look at. */
export const asideKept = 8;
export const unreadableKept = 8;

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const weekMs = 7 * dayMs;

export type Protection = 'customer' | 'automatic';

export interface Kept {
  readonly id: string;
  /** Rises with every snapshot that is begun; clocks do not. */
  readonly seq: number;
  readonly begunAtMs: number;
  readonly complete: boolean;
  readonly protection: Protection | null;
  readonly aside: boolean;
  /** Read in vain so often that it is passed over. */
  readonly unreadable: boolean;
}

/**
 * @param needed ids that must stay: what the next start restores, and both ends of a restore under way
 * @returns ids whose objects may be removed, oldest first
 */
export function removable(all: readonly Kept[], needed: ReadonlySet<string>): string[] {
  const newestFirst = all.toSorted((a, b) => b.seq - a.seq);
  const complete = newestFirst.filter((row) => row.complete);
  const good = complete.filter((row) => !row.aside && !row.unreadable);
  const keep = new Set<string>([...needed, ...ids(good.slice(0, recentKept))]);
  for (const [lengthMs, count] of [
    [hourMs, hoursKept],
    [dayMs, daysKept],
    [weekMs, weeksKept],
  ] as const) {
    for (const id of lastOfEach(good, lengthMs, count)) keep.add(id);
  }
  const automatic = complete.filter((row) => row.protection === 'automatic').slice(0, automaticKept);
  const byPerson = complete.filter((row) => row.protection === 'customer');
  const aside = complete.filter((row) => row.aside && !row.unreadable).slice(0, asideKept);
  const unreadable = complete.filter((row) => row.unreadable).slice(0, unreadableKept);
  for (const id of ids([...automatic, ...byPerson, ...aside, ...unreadable])) keep.add(id);
  const newestSeq = complete[0]?.seq ?? 0;
  return newestFirst
    .filter((row) => !keep.has(row.id) && (row.complete || row.seq < newestSeq))
    .map((row) => row.id)
    .toReversed();
}

const ids = (rows: readonly Kept[]): string[] => rows.map((row) => row.id);

/** The newest of each of the last `count` periods that hold one. */
function lastOfEach(newestFirst: readonly Kept[], lengthMs: number, count: number): string[] {
  const periods = new Map<number, string>();
  for (const row of newestFirst) {
    const period = Math.floor(row.begunAtMs / lengthMs);
    if (periods.has(period)) continue;
    if (periods.size === count) break;
    periods.set(period, row.id);
  }
  return [...periods.values()];
}
