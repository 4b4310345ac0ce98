/**
 * Collects what was seen of each run and hands it on about once a second, so that a busy assistant does not call its
 * object once per request. Plain data: the request that finds the buffer idle sends it. An isolate that ends takes at
 * most that second's counts with it; refusals are in the Worker's log at once.
 */
import type { EgressSeen } from '../modules/egress-journal.ts';

export const collectMs = 1_000;
/** A sender that did not come back within this was cut off with its request; the next one takes over. */
const senderLostMs = 10_000;
const bufferMax = 500;
/** An allowed request is logged when none of its host was within this. */
const sampleMs = 60_000;
const sampledHostsMax = 5_000;

interface Buffer {
  seen: EgressSeen[];
  dropped: number;
  sendingSinceMs: number | null;
}

export class JournalBuffer {
  readonly #buffers = new Map<string, Buffer>();
  readonly #sampled = new Map<string, number>();

  /** Adds; true when the caller is to wait `collectMs` and then send what `take` gives. */
  add(run: string, seen: Omit<EgressSeen, 'logged'>): boolean {
    const buffer = this.#buffers.get(run) ?? { seen: [], dropped: 0, sendingSinceMs: null };
    this.#buffers.set(run, buffer);
    if (buffer.seen.length >= bufferMax) buffer.dropped++;
    else buffer.seen.push({ ...seen, logged: this.#isLogged(run, seen) });
    if (buffer.sendingSinceMs !== null && seen.atMs - buffer.sendingSinceMs < senderLostMs) return false;
    buffer.sendingSinceMs = seen.atMs;
    return true;
  }

  take(run: string): { seen: readonly EgressSeen[]; dropped: number } {
    const buffer = this.#buffers.get(run);
    this.#buffers.delete(run);
    return buffer ?? { seen: [], dropped: 0 };
  }

  /** Every refusal, every failure, everything with a secret; of the rest one per host and minute. */
  #isLogged(run: string, { host, effect, status, atMs }: Omit<EgressSeen, 'logged'>): boolean {
    if (effect !== 'allow' || status === null || status >= 400) return true;
    const key = `${run} ${host}`;
    const last = this.#sampled.get(key);
    if (last !== undefined && atMs - last < sampleMs) return false;
    if (this.#sampled.size >= sampledHostsMax) this.#sampled.clear();
    this.#sampled.set(key, atMs);
    return true;
  }
}
