/**
 * Passes an answer's bytes from the upstream to the client and always reads the upstream to its end, since the usage is
 * at the end: a client that goes away stops the passing on, not the reading. What bounds the reading is in `RelayLimits`.
 * Backpressure is kept: nothing is read while `QUEUE_BYTES` wait for the client. What comes while it has not asked is given
 * to it in one piece once it does.
 */
import type { Clock } from '../ports.ts';
import type { BodyReader, Piece } from './body-reader.ts';

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
  readonly upstream: BodyReader;
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

/** Bytes that wait for the client before the upstream is held back; one piece of the upstream may come on top. */
export const QUEUE_BYTES = 64 * 1024;

export function startRelay(input: RelayInput): Relay {
  const client = new ClientSide(input.clock);
  const stream = new ReadableStream<Uint8Array>(
    {
      start: (controller) => client.open(controller),
      pull: () => client.asks(),
      cancel: () => client.gone(),
    },
    // Nothing is queued there: it asks when somebody reads, and gets all there is.
    { highWaterMark: 0 },
  );
  return { stream, ended: pump(input, client) };
}

async function pump(input: RelayInput, client: ClientSide): Promise<void> {
  const { clock, limits } = input;
  const reader = input.upstream;
  let begun = input.first;
  const startedAtMs = clock.nowMs();
  let heardAtMs = startedAtMs;
  let isReading = false;
  let drained = 0;
  let why: string | null = null;

  function giveUp(reason: string): void {
    if (why !== null) return;
    why = reason;
    input.abort(reason);
    // Some fetches do not end a body on abort; cancelling the reader does. It rejects when the body broke by itself.
    void reader.cancel(reason).catch(() => undefined);
  }

  const watch = setInterval(() => {
    const nowMs = clock.nowMs();
    if (nowMs - startedAtMs > limits.answerMs) giveUp('answer_too_long');
    const waitingSinceMs = client.waitingSinceMs;
    if (waitingSinceMs !== null && nowMs - waitingSinceMs > limits.clientStalledMs) client.giveUp();
    if (isReading && nowMs - heardAtMs > limits.upstreamSilentMs) giveUp('upstream_silent');
    const goneSinceMs = client.goneSinceMs(nowMs);
    if (goneSinceMs !== null && nowMs - goneSinceMs > limits.drainMs) giveUp('drain_time');
  }, WATCH_EVERY_MS);

  try {
    for (;;) {
      heardAtMs = clock.nowMs();
      isReading = true;
      const piece: Piece = begun === null ? await reader.read() : { done: false, value: begun };
      isReading = false;
      begun = null;
      if (piece.done || why !== null) break;
      const { value } = piece;
      const bytes = input.pass(value);
      if (client.isGone) {
        drained += value.byteLength;
        if (drained > limits.drainBytes) giveUp('drain_bytes');
        continue;
      }
      const room = client.take(bytes);
      if (room !== null) await room;
    }
  } catch {
    why ??= 'upstream_cut';
  } finally {
    clearInterval(watch);
  }
  const rest = input.onEnd({ whole: why === null, why });
  client.end(rest, why);
}

/** The client's end of the relay: what waits for it, and whether anybody is still there. */
class ClientSide {
  isGone = false;
  readonly #clock: Clock;
  #goneSinceMs: number | null = null;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  /** It asked, and has got nothing yet. */
  #isAsking = false;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Since when bytes wait that nobody asks for. */
  #waitingSinceMs: number | null = null;
  #room: (() => void) | null = null;
  /** Nothing comes after what waits. `why`: it is not the whole answer. */
  #end: { readonly why: string | null } | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  asks(): void {
    this.#isAsking = true;
    this.#give();
  }

  gone(): void {
    this.isGone = true;
    this.#empty();
  }

  /** Counts a client that takes nothing as gone. Its stream ends in an error: it must never see a gap. */
  giveUp(): void {
    this.gone();
    this.#controller?.error(new Error('the answer was not read for too long'));
  }

  get waitingSinceMs(): number | null {
    return this.#waitingSinceMs;
  }

  /** Since when nobody is there, as first noticed by the watch; null while somebody is. */
  goneSinceMs(nowMs: number): number | null {
    if (this.isGone) this.#goneSinceMs ??= nowMs;
    return this.#goneSinceMs;
  }

  /** Hands bytes over. Not null: too much waits; resolves when there is room, or nobody is there. */
  take(bytes: Uint8Array): Promise<void> | null {
    if (this.isGone || bytes.byteLength === 0) return null;
    this.#add(bytes);
    this.#give();
    if (this.#waitingBytes < QUEUE_BYTES) return null;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#room = resolve;
    return promise;
  }

  /** Nothing more comes: the client gets what waits, and then the end. */
  end(rest: Uint8Array, why: string | null): void {
    if (this.isGone) return;
    if (why === null && rest.byteLength > 0) this.#add(rest);
    this.#end = { why };
    this.#give();
  }

  #add(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.byteLength;
    this.#waitingSinceMs ??= this.#clock.nowMs();
  }

  /** Answers what the client asked for, as far as there is something. */
  #give(): void {
    if (!this.#isAsking) return;
    if (this.#waitingBytes > 0) {
      const bytes = joined(this.#waiting, this.#waitingBytes);
      this.#isAsking = false;
      this.#empty();
      this.#controller?.enqueue(bytes);
    } else if (this.#end !== null) {
      const { why } = this.#end;
      this.#isAsking = false;
      if (why === null) this.#controller?.close();
      else this.#controller?.error(new Error(`the model's answer broke off (${why})`));
    }
  }

  #empty(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#waitingSinceMs = null;
    this.#room?.();
    this.#room = null;
  }
}

function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}
