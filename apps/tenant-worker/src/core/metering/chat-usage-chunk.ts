/**
 * Takes the usage chunk out of an OpenAI chat stream when we asked for it and the client did not.
 * All other events pass byte for byte. An event is held until its blank line, up to a bound; a longer one passes as is.
 * Format: openai 7.55.0, `ChatCompletionStreamOptions.include_usage`: one extra chunk before `[DONE]`, empty `choices`.
 */
import { hasUsageObject } from './byte-search.ts';
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
      const all = held.length === 0 ? bytes : concat([held, bytes]);
      const end = endOfEvents(all, held.length);
      held = all.slice(end);
      const events = hasUsageObject(all, 0, end) ? withoutUsage(all.subarray(0, end)) : all.subarray(0, end);
      if (held.length <= EVENT_BYTES_MAX) return events;
      const tooLong = held;
      held = nothing;
      return concat([events, tooLong]);
    },
    finish() {
      const rest = held;
      held = nothing;
      return isUsageOnly(rest) ? nothing : rest;
    },
  };
}

/** Where the last whole event ends, after its blank line; 0 when none does. None ends before `from`. */
function endOfEvents(bytes: Uint8Array, from: number): number {
  for (let at = bytes.length - 1; at >= from; at -= 1) {
    if (bytes[at] !== LF) continue;
    const before = bytes[at - 1] === CR ? at - 2 : at - 1;
    if (before < 0 || bytes[before] === LF) return at + 1;
  }
  return 0;
}

/** Whole events without the one that is only usage. */
function withoutUsage(events: Uint8Array): Uint8Array {
  const kept: Uint8Array[] = [];
  let from = 0;
  let lineStart = 0;
  for (let at = 0; at < events.length; at += 1) {
    if (events[at] !== LF) continue;
    const blank = at === lineStart || (at === lineStart + 1 && events[lineStart] === CR);
    lineStart = at + 1;
    if (!blank) continue;
    const event = events.subarray(from, at + 1);
    if (!isUsageOnly(event)) kept.push(event);
    from = at + 1;
  }
  return concat(kept);
}

function isUsageOnly(event: Uint8Array): boolean {
  if (!hasUsageObject(event, 0, event.length)) return false;
  const data = /^data:(.*)$/m.exec(latin1(event, 0, event.length))?.[1];
  const chunk = parseObject(data ?? '');
  return chunk !== null && asObject(chunk['usage']) !== null && asArray(chunk['choices'])?.length === 0;
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const sum = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    sum.set(part, at);
    at += part.length;
  }
  return sum;
}
