/**
 * Passes an answer's bytes from the upstream to the client and always reads the upstream to its end, since the usage is
 * at the end: a client that goes away stops the passing on, not the reading. What bounds the reading is in `RelayLimits`.
 * Backpressure is kept: nothing is read while the client has not taken what was read before.
 */
import type { Clock } from '../ports.ts';

export interface RelayLimits {
  /** An upstream silent for this long is given up. Providers send keep-alives far more often. */
  readonly upstreamSilentMs: number;
  /** A client that takes nothing for this long, though bytes wait for it, counts as gone. */
  readonly clientStalledMs: number;
  /** How long and how much is read on for a client that is gone. */
  readonly drainMs: number;
  readonly drainBytes: number;
  /** One whole answer. Above what a Durable Object keeps a request alive for, nothing would be gained. */
  readonly answerMs: number;
}

export interface RelayInput {
  readonly upstream: ReadableStreamDefaultReader<Uint8Array>;
  /** What was read of it already, to see that it begins. */
  readonly first: Uint8Array | null;
  /** Ends the upstream call. */
  readonly abort: (why: string) => void;
  /** Sees every byte; returns what the client gets of it. */
  readonly pass: (bytes: Uint8Array) => Uint8Array;
  /** Called once, when nothing more will be read and before the client sees the end. Returns last bytes for it. */
  readonly onEnd: (end: RelayEnd) => Uint8Array;
  readonly limits: RelayLimits;
  readonly clock: Clock;
}

export interface RelayEnd {
  /** The upstream ended by itself. */
  readonly whole: boolean;
  /** Why not, for the log. */
  readonly why: string | null;
}

export interface Relay {
  readonly stream: ReadableStream<Uint8Array>;
  /** Resolves after `onEnd`; never rejects. */
  readonly ended: Promise<void>;
}

const WATCH_EVERY_MS = 1_000;

export function startRelay(input: RelayInput): Relay {
  const client = new ClientSide();
  const stream = new ReadableStream<Uint8Array>(
    {
      start: (controller) => client.open(controller),
      pull: () => client.wanted(),
      cancel: () => client.gone(),
    },
    { highWaterMark: 1 },
  );
  return { stream, ended: pump(input, client) };
}

async function pump(input: RelayInput, client: ClientSide): Promise<void> {
  const { clock, limits } = input;
  const reader = input.upstream;
  let begun = input.first;
  const startedAtMs = clock.nowMs();
  let heardAtMs = startedAtMs;
  let waitingSinceMs: number | null = null;
  let drained = 0;
  let why: string | null = null;

  function giveUp(reason: string): void {
    if (why !== null) return;
    why = reason;
    input.abort(reason);
    // Some fetches do not end a body on abort; cancelling the reader does.
    void reader.cancel(reason).catch(() => undefined);
  }

  const watch = setInterval(() => {
    const nowMs = clock.nowMs();
    if (nowMs - startedAtMs > limits.answerMs) giveUp('answer_too_long');
    if (waitingSinceMs !== null) {
      if (nowMs - waitingSinceMs > limits.clientStalledMs) client.giveUp();
    } else if (nowMs - heardAtMs > limits.upstreamSilentMs) giveUp('upstream_silent');
    const goneSinceMs = client.goneSinceMs(nowMs);
    if (goneSinceMs !== null && nowMs - goneSinceMs > limits.drainMs) giveUp('drain_time');
  }, WATCH_EVERY_MS);

  try {
    for (;;) {
      const { done, value } = begun === null ? await reader.read() : { done: false as const, value: begun };
      begun = null;
      if (done || why !== null) break;
      heardAtMs = clock.nowMs();
      const bytes = input.pass(value);
      if (client.isGone) {
        drained += value.byteLength;
        if (drained > limits.drainBytes) giveUp('drain_bytes');
        continue;
      }
      waitingSinceMs = heardAtMs;
      await client.take(bytes);
      waitingSinceMs = null;
      heardAtMs = clock.nowMs();
    }
  } catch {
    why ??= 'upstream_cut';
  } finally {
    clearInterval(watch);
  }
  const rest = input.onEnd({ whole: why === null, why });
  client.close(rest, why);
}

/** The client's end of the relay: a queue of one chunk, and whether anybody is still there. */
class ClientSide {
  isGone = false;
  #goneSinceMs: number | null = null;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #wake: (() => void) | null = null;

  open(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  /** The client asks for more. */
  wanted(): void {
    this.#wake?.();
    this.#wake = null;
  }

  gone(): void {
    this.isGone = true;
    this.wanted();
  }

  /** Counts a client that takes nothing as gone. Its stream ends in an error: it must never see a gap. */
  giveUp(): void {
    this.gone();
    this.#controller?.error(new Error('the answer was not read for too long'));
  }

  /** Since when nobody is there, as first noticed by the watch; null while somebody is. */
  goneSinceMs(nowMs: number): number | null {
    if (this.isGone) this.#goneSinceMs ??= nowMs;
    return this.#goneSinceMs;
  }

  /** Hands bytes over and waits until there is room for more, or nobody is there. */
  async take(bytes: Uint8Array): Promise<void> {
    if (this.isGone || !this.#controller || bytes.byteLength === 0) return;
    this.#controller.enqueue(bytes);
    if ((this.#controller.desiredSize ?? 0) > 0) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  close(rest: Uint8Array, why: string | null): void {
    if (!this.#controller) return;
    try {
      if (why !== null) this.#controller.error(new Error(`the model's answer broke off (${why})`));
      else {
        if (rest.byteLength > 0 && !this.isGone) this.#controller.enqueue(rest);
        this.#controller.close();
      }
    } catch {
      // The client cancelled: its end is already closed and nobody reads it.
    }
  }
}
