/**
 * What one isolate remembers of recent admissions, so that a busy tab does not ask its tenant's object on every request.
 * An entry is keyed by the whole token as received, after its MAC was verified. It is a hint with a short life: the
 * sandbox object refuses a stale run, and revocation takes at most `entryLifeMs` to reach every isolate.
 */
import type { LiveRoute, Principal } from '../tenant-api.ts';

export interface CachedAdmission {
  readonly sessionHash: string;
  readonly principal: Principal;
  readonly sessionExpiresAtMs: number;
  /** The release whose files are shown. */
  readonly release: string;
  /** Null while no gateway runs; only the files of the Control UI are answered from such an entry. */
  readonly route: LiveRoute | null;
}

const entryLifeMs = 30_000;
const entriesMax = 4_096;
const tombstonesMax = 4_096;

export class AdmissionCache {
  readonly #entries = new Map<string, { readonly value: CachedAdmission; readonly untilMs: number }>();
  readonly #deleted = new Set<string>();

  /** @param key host and token, as the gate builds it */
  get(key: string, nowMs: number): CachedAdmission | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    if (nowMs < entry.untilMs && nowMs < entry.value.sessionExpiresAtMs) return entry.value;
    this.#entries.delete(key);
    return null;
  }

  set(key: string, value: CachedAdmission, nowMs: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, untilMs: nowMs + entryLifeMs });
    evict(this.#entries, entriesMax);
  }

  drop(key: string): void {
    this.#entries.delete(key);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** A deleted tenant never comes back, so this never expires; only room limits it. */
  markDeleted(slug: string): void {
    this.#deleted.add(slug);
    evict(this.#deleted, tombstonesMax);
  }

  isDeleted(slug: string): boolean {
    return this.#deleted.has(slug);
  }
}

/** Drops the oldest beyond `max`. */
function evict(entries: { size: number; keys(): Iterator<string>; delete(key: string): boolean }, max: number): void {
  while (entries.size > max) {
    const oldest = entries.keys().next();
    if (oldest.done === true) return;
    entries.delete(oldest.value);
  }
}
