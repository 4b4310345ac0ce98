/** What was tried to reach and to save each run, as the world saw it, and whether what it holds may be given up by that. */
import * as limits from '../../apps/tenant-worker/src/core/limits.ts';
import type { Look } from '../../apps/tenant-worker/src/services/lifecycle-ports.ts';
import type { World } from './world.ts';

/** How long the object waits for an answer that would show that a run is reachable. */
const waitedForMs: Readonly<Record<string, number>> = {
  look: limits.observeDeadlineMs,
  claim: limits.observeDeadlineMs,
  startGateway: limits.observeDeadlineMs * 2,
  stopGateway: limits.drainDeadlineMs,
};
/** A container that must be saved and is given up has not answered for at least this long. */
const unansweredMsMin = 45_000;

interface Tries {
  lastAnsweredMs: number;
  unanswered: number;
  /** Begun since one was complete: data that was taken is no save before its row says so. */
  failedSaves: number;
  /** Begun since a person last chose to go on without what cannot be saved; null while none did. */
  savesSinceWord: number | null;
  failedStops: number;
  /** A destroy was asked for when it was allowed; it may arrive late. */
  givenUp: boolean;
}

export class RunTries {
  readonly #world: World;
  readonly #tries = new Map<number, Tries>();

  constructor(world: World) {
    this.#world = world;
  }

  of(incarnation: number): Tries & { readonly silentMs: number } {
    const tries = this.#of(incarnation);
    return { ...tries, silentMs: this.#world.time.nowMs - tries.lastAnsweredMs };
  }

  #of(incarnation: number): Tries {
    const known = this.#tries.get(incarnation);
    if (known) return known;
    const made = {
      lastAnsweredMs: this.#world.time.nowMs,
      unanswered: 0,
      failedSaves: 0,
      savesSinceWord: null,
      failedStops: 0,
      givenUp: false,
    };
    this.#tries.set(incarnation, made);
    return made;
  }

  /** A person who was asked chose to go on. */
  wordGiven(): void {
    for (const tries of this.#tries.values()) tries.savesSinceWord = 0;
  }

  /** The index calls a snapshot of it complete. */
  saved(incarnation: number): void {
    this.#of(incarnation).failedSaves = 0;
  }

  calling(incarnation: number, name: string): void {
    // No answer until there is one: a call may never return.
    const tries = this.#of(incarnation);
    if (name === 'look') tries.unanswered++;
    if (name === 'snapshot') {
      tries.failedSaves++;
      if (tries.savesSinceWord !== null) tries.savesSinceWord++;
    }
    if (name === 'destroy') tries.givenUp ||= this.#mayGiveUp(tries);
  }

  answered(incarnation: number, name: string, answer: unknown, tookMs: number): void {
    const tries = this.#of(incarnation);
    // After its deadline nobody waits for it.
    if (tookMs >= (waitedForMs[name] ?? Infinity)) return;
    if (name === 'look') {
      const { observed } = answer as Look;
      if (observed.kind === 'booting' || observed.kind === 'silent') return;
      if (observed.kind === 'up' && !observed.claimed) return;
    }
    tries.lastAnsweredMs = this.#world.time.nowMs;
    tries.unanswered = 0;
    if (name === 'stopGateway') tries.failedStops = 0;
  }

  unanswered(incarnation: number, name: string): void {
    if (name === 'stopGateway') this.#of(incarnation).failedStops++;
  }

  /** Whether what a run holds may be given up, at the moment its destruction is asked for. */
  #mayGiveUp(tries: Tries): boolean {
    const silentMs = this.#world.time.nowMs - tries.lastAnsweredMs;
    const silent =
      tries.unanswered >= limits.unreachableTriesMax && (silentMs >= unansweredMsMin || this.#world.clockJumps > 0);
    // A person's word is no reason to lose what one more save would have kept.
    const decided = tries.failedSaves > limits.rescueTriesMax && (tries.savesSinceWord ?? 0) > 0;
    const hot = tries.failedStops >= limits.gatewayStopTriesMax;
    return silent || decided || hot;
  }
}
