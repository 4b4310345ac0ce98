/**
 * How long this kind of work took before, as seen from this device: the source of "usually about 14 s".
 * Kept in the browser's storage, bounded, parsed when read; without storage there is no hint.
 */
import { z } from 'zod';
import type { Operation, OperationKind } from '../../../control-plane/src/contract/tenant-rpc.ts';

const keptMax = 9;
const key = 'tidepool.timings';

const Stored = z.record(z.string(), z.array(z.object({ id: z.string(), ms: z.number().nonnegative() })).max(keptMax));
export type Timings = z.infer<typeof Stored>;

/** Adds a finished, successful operation once; the oldest of its kind falls out. */
export function withTiming(timings: Timings, operation: Operation): Timings {
  const { id, kind, finishedAtMs, startedAtMs, error } = operation;
  const before = timings[kind] ?? [];
  if (finishedAtMs === null || error !== null || before.some((entry) => entry.id === id)) return timings;
  return { ...timings, [kind]: [...before, { id, ms: Math.max(0, finishedAtMs - startedAtMs) }].slice(-keptMax) };
}

/** The median, or null when nothing of this kind was seen. */
export function usualMs(timings: Timings, kind: OperationKind): number | null {
  const sorted = (timings[kind] ?? []).map((entry) => entry.ms).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

export function readTimings(): Timings {
  try {
    const parsed = Stored.safeParse(JSON.parse(localStorage.getItem(key) ?? '{}'));
    return parsed.success ? parsed.data : {};
  } catch {
    // No storage or not ours: no hint.
    return {};
  }
}

export function rememberTiming(operation: Operation): void {
  const before = readTimings();
  const after = withTiming(before, operation);
  if (after === before) return;
  try {
    localStorage.setItem(key, JSON.stringify(after));
  } catch {
    // Only the hint is lost.
  }
}
