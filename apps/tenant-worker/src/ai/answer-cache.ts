/**
 * Whole answers of one assistant to the very same request, for those whose people turned it on. In the memory of the
 * tenant's object and nowhere else: no other tenant can meet them, nothing of a conversation is stored by it, and they end
 * with the object's life. The key is the request as it would be sent, whatever the order of its fields.
 */
import type { AiRequest } from '../core/metering/ai-request.ts';
import { parseObject } from '../core/metering/json.ts';
import type { Clock } from '../ports.ts';

export interface KeptAnswer {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

interface Entry extends KeptAnswer {
  readonly atMs: number;
}

const ENTRIES_MAX = 200;
const BYTES_MAX = 8 * 1024 * 1024;
const REQUEST_CHARS_MAX = 512 * 1024;
const NESTING_MAX = 64;
export const KEPT_ANSWER_BYTES_MAX = 256 * 1024;

export class AnswerCache {
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string, ageMaxMs: number): KeptAnswer | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    if (this.#clock.nowMs() - entry.atMs < ageMaxMs) return entry;
    this.#remove(key);
    return null;
  }

  put(key: string, answer: KeptAnswer): void {
    if (answer.bytes.byteLength > KEPT_ANSWER_BYTES_MAX) return;
    this.#remove(key);
    this.#entries.set(key, { ...answer, atMs: this.#clock.nowMs() });
    this.#bytes += answer.bytes.byteLength;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= ENTRIES_MAX && this.#bytes <= BYTES_MAX) break;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes.byteLength ?? 0;
    this.#entries.delete(key);
  }
}

type Asked = Pick<AiRequest, 'provider' | 'upstreamPath' | 'hideUsageChunk'> & {
  readonly asked: { readonly body: string };
};

/** The key of a request, or null: it is too large to be worth it. `betas` change answers without being in the body. */
export async function answerKey(ai: Asked, betas: string | null): Promise<string | null> {
  const { body } = ai.asked;
  if (body.length > REQUEST_CHARS_MAX) return null;
  const text = JSON.stringify([ai.provider, ai.upstreamPath, ai.hideUsageChunk, betas, sorted(parseObject(body))]);
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What is nested deeper than any real request stays in the order in which it came: then order makes another key. */
function sorted(value: unknown, depth = 0): unknown {
  if (depth > NESTING_MAX) return value;
  if (Array.isArray(value)) return value.map((entry: unknown) => sorted(entry, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, entry]) => [key, sorted(entry, depth + 1)]));
}

/** Collects the bytes of an answer up to the bound; null once it is passed. */
export class AnswerRecorder {
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  push(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength;
    if (this.#bytes > KEPT_ANSWER_BYTES_MAX) this.#chunks.length = 0;
    else this.#chunks.push(chunk);
  }

  whole(): Uint8Array | null {
    if (this.#bytes > KEPT_ANSWER_BYTES_MAX) return null;
    const whole = new Uint8Array(this.#bytes);
    let at = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, at);
      at += chunk.byteLength;
    }
    return whole;
  }
}
