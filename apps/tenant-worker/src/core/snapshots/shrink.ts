/**
 * Whether a new snapshot lost so much against the newest that it must not take its place unasked: a state that was wiped
 * by accident looks exactly like one that was tidied up. It is kept, aside, until a person accepts it or the assistant
 * shows the same state again.
 *
 * The way out, so that nothing is blocked for ever: the same run shows a state of about the same size again, at least
 * `confirmAfterMs` after it was first set aside. It then takes its place, and what it replaces stays protected.
 */

export interface Size {
  readonly files: number;
  /** Uncompressed; null for snapshots that did not count it. */
  readonly bytes: number | null;
  readonly sessions: number | null;
}

export interface SetAside extends Size {
  readonly incarnation: number;
  readonly begunAtMs: number;
}

/** Below these a state is too small for its changes to say anything. */
const filesMin = 20;
const bytesMin = 4 * 1024 * 1024;
const sessionsMin = 4;
/** What is left, as a part of what was there, when it is suspicious. */
const filesLeft = 0.5;
const bytesLeft = 0.2;
const sessionsLeft = 0.5;
/** Sizes within this part of each other are "about the same". */
const alike = 0.1;
export const confirmAfterMs = 60_000;

const fell = (before: number | null, after: number | null, min: number, left: number): boolean =>
  before !== null && after !== null && before >= min && after < before * left;

export function shrank(before: Size, after: Size): boolean {
  return (
    fell(before.files, after.files, filesMin, filesLeft) ||
    fell(before.bytes, after.bytes, bytesMin, bytesLeft) ||
    fell(before.sessions, after.sessions, sessionsMin, sessionsLeft)
  );
}

const near = (a: number | null, b: number | null): boolean =>
  a === null || b === null || Math.abs(a - b) <= Math.max(a, b) * alike;

/**
 * @param newest what it would take the place of, or null when there is none
 * @param earlier those set aside before it
 */
export function mustWaitAside(newest: Size | null, made: SetAside, earlier: readonly SetAside[]): boolean {
  if (newest === null || !shrank(newest, made)) return false;
  return !earlier.some(
    (row) =>
      row.incarnation === made.incarnation &&
      // A clock that was set back says nothing about how long it has been.
      Math.abs(made.begunAtMs - row.begunAtMs) >= confirmAfterMs &&
      near(row.files, made.files) &&
      near(row.bytes, made.bytes) &&
      near(row.sessions, made.sessions),
  );
}
