/**
 * Takes the usage chunk out of an OpenAI chat stream when we asked for it and the client did not.
 * All other events pass byte for byte. An event is held until its blank line, up to a bound; a longer one passes as is.
 * Format: openai 7.55.0, `ChatCompletionStreamOptions.include_usage`: one extra chunk before `[DONE]`, empty `choices`.
 */
import { asArray, asObject, parseObject } from './json.ts';
import { latin1 } from './sse.ts';

export interface ChunkFilter {
  /** The bytes to pass on now. */
  push(bytes: Uint8Array): Uint8Array;
  /** What is still held when the stream ends. */
  finish(): Uint8Array;
}

const EVENT_BYTES_MAX = 256 * 1024;
const LF = 10;
const CR = 13;
const nothing = new Uint8Array(0);

export function createUsageChunkFilter(): ChunkFilter {
  let held = nothing;
  return {
    push(bytes) {
      const all = concat(held, bytes);
      const kept: Uint8Array[] = [];
      let from = 0;
      let lineStart = 0;
      for (let at = 0; at < all.length; at += 1) {
        if (all[at] !== LF) continue;
        const blank = at === lineStart || (at === lineStart + 1 && all[lineStart] === CR);
        lineStart = at + 1;
        if (!blank) continue;
        const event = all.subarray(from, at + 1);
        if (!isUsageOnly(event)) kept.push(event);
        from = at + 1;
      }
      held = all.slice(from);
      if (held.length > EVENT_BYTES_MAX) {
        kept.push(held);
        held = nothing;
      }
      return kept.reduce(concat, nothing);
    },
    finish() {
      const rest = held;
      held = nothing;
      return isUsageOnly(rest) ? nothing : rest;
    },
  };
}

function isUsageOnly(event: Uint8Array): boolean {
  const text = latin1(event, 0, event.length);
  if (!text.includes('"usage"')) return false;
  const data = /^data:(.*)$/m.exec(text)?.[1];
  const chunk = parseObject(data ?? '');
  return chunk !== null && asObject(chunk['usage']) !== null && asArray(chunk['choices'])?.length === 0;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const sum = new Uint8Array(a.length + b.length);
  sum.set(a, 0);
  sum.set(b, a.length);
  return sum;
}
