/**
 * Time that passes only when told. Events fire in order of time, then of their making; between two of them every promise
 * that can settle has settled. The wall clock is apart: it can be set forward and back without anything else happening.
 */
import { setImmediate } from 'node:timers/promises';

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly fn: () => void;
  cancelled: boolean;
}

export class VirtualTime {
  nowMs = 0;
  #order = 0;
  /** A binary heap, earliest first. */
  readonly #heap: Entry[] = [];
  #wallOffsetMs: number;

  constructor(wallStartMs: number) {
    this.#wallOffsetMs = wallStartMs;
  }

  /** What a program reads as the time. */
  get wallMs(): number {
    return this.nowMs + this.#wallOffsetMs;
  }

  setWall(deltaMs: number): void {
    this.#wallOffsetMs += deltaMs;
  }

  /** Calls `fn` after `delayMs`; the returned function takes it back. */
  after(delayMs: number, fn: () => void): () => void {
    const entry: Entry = { atMs: this.nowMs + Math.max(0, delayMs), order: this.#order++, fn, cancelled: false };
    this.#push(entry);
    return () => {
      entry.cancelled = true;
    };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, resolve));
  }

  /** Fires what is due until `untilMs`, calling `between` after each event has settled. */
  async advanceTo(untilMs: number, between: () => void): Promise<void> {
    await setImmediate();
    between();
    for (;;) {
      const entry = this.#heap[0];
      if (entry === undefined || entry.atMs > untilMs) break;
      this.#pop();
      if (entry.cancelled) continue;
      this.nowMs = Math.max(this.nowMs, entry.atMs);
      entry.fn();
      await setImmediate();
      between();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    heap.push(entry);
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfLater(parent, at)) break;
      at = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const child = right < heap.length && this.#later(left, right) ? right : left;
      if (child >= heap.length || !this.#swapIfLater(at, child)) break;
      at = child;
    }
  }

  #later(a: number, b: number): boolean {
    const [x, y] = [this.#heap[a], this.#heap[b]];
    return x !== undefined && y !== undefined && (x.atMs > y.atMs || (x.atMs === y.atMs && x.order > y.order));
  }

  #swapIfLater(a: number, b: number): boolean {
    const [x, y] = [this.#heap[a], this.#heap[b]];
    if (x === undefined || y === undefined || !this.#later(a, b)) return false;
    this.#heap[a] = y;
    this.#heap[b] = x;
    return true;
  }
}
