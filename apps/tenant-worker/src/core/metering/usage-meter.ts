/**
 * Reads usage out of an answer while its bytes pass, for every format we meter.
 * Holds at most one event (streamed) or one body (not streamed), each bounded; what does not fit is skipped and the
 * result says `complete: false`. Never throws on what a provider sends.
 */
import { parseObject, type JsonObject } from './json.ts';
import { createSseReader, latin1 } from './sse.ts';
import type { TokenUsage } from './usage.ts';
import { mayMatter, noFindings, readBody, readEvent, type Findings, type UsageFormat } from './usage-readers.ts';

export type { UsageFormat } from './usage-readers.ts';

export interface MeterResult {
  /** The last whole usage seen, or null when none was. An explicit zero is a usage. */
  readonly usage: TokenUsage | null;
  /** The answer reached its own end and nothing was skipped, so `usage` (or its absence) is the provider's last word. */
  readonly complete: boolean;
  /** The provider's id of this answer, for matching with its logs. */
  readonly responseId: string | null;
  /** The model that the provider says has answered. */
  readonly model: string | null;
  /** What the usage names that has no price here (`service_tier:priority`). Empty for every request we let through. */
  readonly unpriced: readonly string[];
  /** The provider's own usage object, as last seen, for the receipt. */
  readonly rawUsage: JsonObject | null;
}

export interface UsageMeter {
  push(bytes: Uint8Array): void;
  /** Call once, after the last byte. */
  finish(): MeterResult;
}

export interface MeterLimits {
  /** `response.completed` repeats instructions, tools and output, so one event may be large. */
  readonly eventBytesMax: number;
  readonly bodyBytesMax: number;
}

export const meterLimits: MeterLimits = { eventBytesMax: 4 * 1024 * 1024, bodyBytesMax: 8 * 1024 * 1024 };

/** Makes a meter for one answer. `streaming` is whether the answer is an event stream or one JSON body. */
export function createUsageMeter(
  format: UsageFormat,
  streaming: boolean,
  limits: MeterLimits = meterLimits,
): UsageMeter {
  const found = noFindings();
  return streaming ? streamMeter(format, found, limits) : bodyMeter(format, found, limits);
}

function streamMeter(format: UsageFormat, found: Findings, limits: MeterLimits): UsageMeter {
  let skipped = false;
  const reader = createSseReader({
    eventBytesMax: limits.eventBytesMax,
    mayMatter: (bytes, from, to) => mayMatter(format, found, bytes, from, to),
    onData: (data) => readEvent(format, data, found),
    onSkipped: () => {
      skipped = true;
    },
  });
  return {
    push: (bytes) => reader.push(bytes),
    finish() {
      reader.finish();
      return result(found, found.ended && !skipped);
    },
  };
}

function bodyMeter(format: UsageFormat, found: Findings, limits: MeterLimits): UsageMeter {
  let body = '';
  let tooLong = false;
  return {
    push(bytes) {
      if (tooLong || body.length + bytes.length > limits.bodyBytesMax) {
        tooLong = true;
        body = '';
        return;
      }
      body += latin1(bytes, 0, bytes.length);
    },
    finish() {
      const root = tooLong ? null : parseObject(body);
      if (root) readBody(format, root, found);
      return result(found, root !== null);
    },
  };
}

function result(found: Findings, complete: boolean): MeterResult {
  const { usage, responseId, model, unpriced, rawUsage } = found;
  return { usage, complete, responseId, model, unpriced, rawUsage };
}
