/**
 * The live sockets of one container run: how many there may be, whose they are, what passed through them, and when they
 * must end. Held in memory by the sandbox object; when that goes, so do the sockets. A socket that is open says nothing
 * about activity; frames do.
 */
import type { CloseFrame } from '../core/edge/close.ts';
import { closeCodes } from '../core/edge/close.ts';
import { socketsMax, socketsPerSessionMax } from '../core/edge/limits.ts';
import type { Clock } from '../ports.ts';

/** How often expiry is looked at while a socket is open. */
const sweepEveryMs = 10_000;
/**
 * How often each session is asked after, as a backstop to being told (an ended session's sockets are closed at once).
 * With an isolate's cached admission (30 s) and the sweep (10 s) it bounds how long anything outlives its session: 60 s.
 */
const recheckEveryMs = 20_000;
/** Longer than any isolate remembers an admission. */
const endedKeptMs = 60_000;
const endedMax = 1_000;

export interface SocketSetOptions {
  readonly clock: Clock;
  /**
   * Asks whether a session still stands: its new end and the scopes of its person now, or null when it has ended. `active` says that the browser sent
   * something since the last question, which counts as using the session (what the gateway sends by itself does not).
   * A rejection changes nothing: sockets outlive an outage.
   */
  recheck(sessionHash: string, active: boolean): Promise<Standing | null>;
  /** Calls back every `ms` until the returned function is called. */
  every(ms: number, tick: () => void): () => void;
}

export interface Standing {
  readonly expiresAtMs: number;
  readonly scopes: string;
}

export interface SocketCounters {
  readonly open: number;
  readonly opened: number;
  readonly framesIn: number;
  readonly framesOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** The last frame from a browser, and the last from the gateway (which sends ticks of its own to an idle tab). */
  readonly lastInAtMs: number | null;
  readonly lastOutAtMs: number | null;
}

export interface LiveSocket {
  readonly sessionHash: string;
  /** As they were told to the gateway when it was opened. */
  readonly scopes: string;
  expiresAtMs: number;
  checkedAtMs: number;
  active: boolean;
  /** Closes both legs. */
  close(frame: CloseFrame): void;
}

export class SocketSet {
  readonly #options: SocketSetOptions;
  readonly #sockets = new Set<LiveSocket>();
  /** Sockets that are being opened. */
  readonly #places = new Set<{ readonly sessionHash: string }>();
  /** Sessions that have ended, by when: an isolate may not have heard of it and go on sending. */
  readonly #ended = new Map<string, number>();
  #stop: (() => void) | null = null;
  #opened = 0;
  #framesIn = 0;
  #framesOut = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  #lastInAtMs: number | null = null;
  #lastOutAtMs: number | null = null;

  constructor(options: SocketSetOptions) {
    this.#options = options;
  }

  nowMs(): number {
    return this.#options.clock.nowMs();
  }

  /** Holds a place for a socket of this session while it is opened; null when there is none. Release it in the end. */
  reserve(sessionHash: string): { release(): void } | null {
    const held = [...this.#sockets, ...this.#places];
    if (held.length >= socketsMax) return null;
    if (held.filter((one) => one.sessionHash === sessionHash).length >= socketsPerSessionMax) return null;
    const place = { sessionHash };
    this.#places.add(place);
    return { release: () => void this.#places.delete(place) };
  }

  add(socket: Omit<LiveSocket, 'checkedAtMs' | 'active'>): LiveSocket {
    const live: LiveSocket = { ...socket, checkedAtMs: this.#options.clock.nowMs(), active: false };
    this.#sockets.add(live);
    this.#opened++;
    this.#stop ??= this.#options.every(sweepEveryMs, () => this.sweep());
    return live;
  }

  remove(socket: LiveSocket): void {
    this.#sockets.delete(socket);
    if (this.#sockets.size > 0) return;
    this.#stop?.();
    this.#stop = null;
  }

  /** A text or binary frame passed. `in` is towards the container. */
  frame(socket: LiveSocket, direction: 'in' | 'out', bytes: number): void {
    const nowMs = this.#options.clock.nowMs();
    if (direction === 'in') {
      socket.active = true;
      this.#framesIn++;
      this.#bytesIn += bytes;
      this.#lastInAtMs = nowMs;
    } else {
      this.#framesOut++;
      this.#bytesOut += bytes;
      this.#lastOutAtMs = nowMs;
    }
  }

  get counters(): SocketCounters {
    return {
      open: this.#sockets.size,
      opened: this.#opened,
      framesIn: this.#framesIn,
      framesOut: this.#framesOut,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      lastInAtMs: this.#lastInAtMs,
      lastOutAtMs: this.#lastOutAtMs,
    };
  }

  /** This session was said to have ended: nothing more is taken for it, whatever an isolate remembers. */
  hasEnded(sessionHash: string): boolean {
    const endedAtMs = this.#ended.get(sessionHash);
    return endedAtMs !== undefined && this.#options.clock.nowMs() - endedAtMs < endedKeptMs;
  }

  /** Closes the sockets of these sessions (4401 unless told otherwise); returns how many. */
  closeSessions(sessionHashes: readonly string[], frame: CloseFrame = sessionEnded): number {
    const nowMs = this.#options.clock.nowMs();
    for (const hash of sessionHashes) {
      this.#ended.delete(hash);
      this.#ended.set(hash, nowMs);
    }
    for (const [hash, endedAtMs] of this.#ended) {
      if (this.#ended.size <= endedMax && nowMs - endedAtMs < endedKeptMs) break;
      this.#ended.delete(hash);
    }
    const hashes = new Set(sessionHashes);
    const matching = [...this.#sockets].filter((socket) => hashes.has(socket.sessionHash));
    for (const socket of matching) socket.close(frame);
    return matching.length;
  }

  /** Closes every socket: before a stop (1012), at suspension (4403), at deletion (4404). */
  closeAll(frame: CloseFrame): number {
    const all = [...this.#sockets];
    for (const socket of all) socket.close(frame);
    return all.length;
  }

  /** Ends what has expired and asks after what was not asked after for a while. */
  sweep(): void {
    const nowMs = this.#options.clock.nowMs();
    const due = new Map<string, LiveSocket[]>();
    for (const socket of this.#sockets) {
      if (nowMs - socket.checkedAtMs >= recheckEveryMs || nowMs >= socket.expiresAtMs) {
        due.set(socket.sessionHash, [...(due.get(socket.sessionHash) ?? []), socket]);
      }
    }
    for (const [sessionHash, sockets] of due) void this.#recheck(sessionHash, sockets, nowMs);
  }

  async #recheck(sessionHash: string, sockets: readonly LiveSocket[], nowMs: number): Promise<void> {
    const active = sockets.some((socket) => socket.active);
    for (const socket of sockets) {
      socket.checkedAtMs = nowMs;
      socket.active = false;
    }
    let standing: Standing | null | 'unknown';
    try {
      standing = await this.#options.recheck(sessionHash, active);
    } catch {
      // Asked again at the next interval; until its known end a session stands.
      standing = 'unknown';
    }
    const isLeft = nowMs < Math.max(...sockets.map((socket) => socket.expiresAtMs));
    if (standing === 'unknown' && isLeft) return;
    if (standing === 'unknown' || standing === null || standing.expiresAtMs <= this.#options.clock.nowMs()) {
      for (const socket of sockets) socket.close(sessionEnded);
      return;
    }
    for (const socket of sockets) {
      socket.expiresAtMs = standing.expiresAtMs;
      // The gateway holds a socket to what it was opened with; the page opens it again by itself.
      if (socket.scopes !== standing.scopes) socket.close(roleChanged);
    }
  }
}

const roleChanged: CloseFrame = { code: closeCodes.restarting, reason: 'Your role was changed' };
const sessionEnded: CloseFrame = { code: closeCodes.sessionEnded, reason: 'The session has ended; sign in again' };
