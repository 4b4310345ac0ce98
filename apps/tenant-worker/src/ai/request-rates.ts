/**
 * Requests to each model within the last minute, for the limits that the people of an assistant set. Kept in memory: a new
 * life of the object begins with none, which lets at most one more minute's worth through.
 */
import type { Clock } from '../ports.ts';

const WINDOW_MS = 60_000;

export class RequestRates {
  readonly #clock: Clock;
  readonly #times = new Map<string, number[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a request to `model` unless `perMinute` of them were within the last minute. */
  take(model: string, perMinute: number): boolean {
    const nowMs = this.#clock.nowMs();
    const recent = (this.#times.get(model) ?? []).filter((atMs) => nowMs - atMs < WINDOW_MS);
    const isOpen = recent.length < perMinute;
    if (isOpen) recent.push(nowMs);
    this.#times.set(model, recent);
    return isOpen;
  }
}
