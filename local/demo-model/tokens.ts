/**
 * The demo model's tokenizer and prompt cache: an approximation that is deterministic, so that two parties that count
 * the same text agree. One token is four bytes of UTF-8, rounded up per piece; a turn or a tool costs four more.
 */
import { createHash } from 'node:crypto';
import type { Segment } from './conversation.ts';

export function countTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text, 'utf8') / 4);
}

export interface InputTokens {
  /** Neither read from the cache nor written to it. */
  readonly plain: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
}

/** Providers do not cache less than this. */
const CACHEABLE_TOKENS_MIN = 1024;
const SEGMENT_OVERHEAD_TOKENS = 4;
const ENTRIES_MAX = 5_000;
const lifetimeMs = { none: 300_000, '5m': 300_000, '1h': 3_600_000 } as const;
/** OpenAI counts cached tokens in steps. */
const OPENAI_STEP_TOKENS = 128;

/** What was sent before, by hash of the prefix. Bounded; the oldest is forgotten first. */
export class PromptCache {
  readonly #untilMs = new Map<string, number>();

  /** Anthropic: prefixes are written where the client marks them, and read back up to the last mark. */
  marked(model: string, segments: readonly Segment[], nowMs: number): InputTokens {
    const prefixes = prefixesOf(model, segments);
    const total = prefixes.at(-1)?.tokens ?? 0;
    const last = segments.findLastIndex((segment) => segment.cache !== 'none');
    const marked = prefixes[last];
    if (!marked || marked.tokens < CACHEABLE_TOKENS_MIN) {
      return { plain: total, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0 };
    }
    const cacheRead = this.#longest(prefixes.slice(0, last + 1), nowMs);
    const written = marked.tokens - cacheRead;
    for (const [index, segment] of segments.entries()) {
      const prefix = prefixes[index];
      if (prefix && segment.cache !== 'none') this.#keep(prefix.hash, nowMs + lifetimeMs[segment.cache]);
    }
    const forAnHour = segments[last]?.cache === '1h';
    return {
      plain: total - marked.tokens,
      cacheRead,
      cacheWrite5m: forAnHour ? 0 : written,
      cacheWrite1h: forAnHour ? written : 0,
    };
  }

  /** OpenAI: every prefix is cached by itself, writing is free. */
  automatic(model: string, segments: readonly Segment[], nowMs: number): InputTokens {
    const prefixes = prefixesOf(model, segments);
    const total = prefixes.at(-1)?.tokens ?? 0;
    const known = this.#longest(prefixes, nowMs);
    const cacheRead = known < CACHEABLE_TOKENS_MIN ? 0 : known - (known % OPENAI_STEP_TOKENS);
    for (const prefix of prefixes) this.#keep(prefix.hash, nowMs + lifetimeMs['5m']);
    return { plain: total - cacheRead, cacheRead, cacheWrite5m: 0, cacheWrite1h: 0 };
  }

  #longest(prefixes: readonly Prefix[], nowMs: number): number {
    return prefixes.findLast((prefix) => (this.#untilMs.get(prefix.hash) ?? 0) > nowMs)?.tokens ?? 0;
  }

  #keep(hash: string, untilMs: number): void {
    this.#untilMs.delete(hash);
    this.#untilMs.set(hash, untilMs);
    const oldest = this.#untilMs.keys().next().value;
    if (this.#untilMs.size > ENTRIES_MAX && oldest !== undefined) this.#untilMs.delete(oldest);
  }
}

interface Prefix {
  readonly hash: string;
  readonly tokens: number;
}

function prefixesOf(model: string, segments: readonly Segment[]): Prefix[] {
  const hash = createHash('sha256').update(model);
  let tokens = 0;
  return segments.map((segment) => {
    hash.update(`\0${segment.text}`);
    tokens += countTokens(segment.text) + SEGMENT_OVERHEAD_TOKENS;
    return { hash: hash.copy().digest('base64'), tokens };
  });
}
