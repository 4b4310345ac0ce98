/**
 * Reads usage out of an answer while its bytes pass, for every format we meter.
 * Holds at most one event (streamed) or one body (not streamed), each bounded; what does not fit is skipped and the
 * result says `complete: false`. Never throws on what a provider sends.
 */
import { asObject, asString, parseObject, type JsonObject } from './json.ts';
import { createSseReader, latin1 } from './sse.ts';
import type { TokenUsage } from './usage.ts';
import {
  anthropicExtras,
  anthropicUsage,
  mergeAnthropicCounts,
  noAnthropicCounts,
  openAiChatUsage,
  openAiEmbeddingsUsage,
  openAiExtras,
  openAiResponsesUsage,
  type AnthropicCounts,
} from './usage-fields.ts';

export type UsageFormat = 'anthropic-messages' | 'openai-chat' | 'openai-responses' | 'openai-embeddings';

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

const ID_CHARS_MAX = 128;
const MODEL_CHARS_MAX = 120;

interface Findings {
  usage: TokenUsage | null;
  ended: boolean;
  responseId: string | null;
  model: string | null;
  unpriced: readonly string[];
  rawUsage: JsonObject | null;
  anthropic: AnthropicCounts;
}

/** Makes a meter for one answer. `streaming` is whether the answer is an event stream or one JSON body. */
export function createUsageMeter(
  format: UsageFormat,
  streaming: boolean,
  limits: MeterLimits = meterLimits,
): UsageMeter {
  const found: Findings = {
    usage: null,
    ended: false,
    responseId: null,
    model: null,
    unpriced: [],
    rawUsage: null,
    anthropic: noAnthropicCounts,
  };
  return streaming ? streamMeter(format, found, limits) : bodyMeter(format, found, limits);
}

function streamMeter(format: UsageFormat, found: Findings, limits: MeterLimits): UsageMeter {
  let skipped = false;
  const reader = createSseReader({
    eventBytesMax: limits.eventBytesMax,
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

function readEvent(format: UsageFormat, data: string, found: Findings): void {
  switch (format) {
    case 'anthropic-messages':
      readAnthropicEvent(data, found);
      return;
    case 'openai-chat':
      readChatEvent(data, found);
      return;
    case 'openai-responses':
      readResponsesEvent(data, found);
      return;
    case 'openai-embeddings':
      return; // never streamed
  }
}

function readBody(format: UsageFormat, root: JsonObject, found: Findings): void {
  found.responseId = asString(root['id'], ID_CHARS_MAX);
  found.model = asString(root['model'], MODEL_CHARS_MAX);
  const usage = asObject(root['usage']);
  if (!usage) return;
  found.rawUsage = usage;
  switch (format) {
    case 'anthropic-messages':
      found.usage = anthropicUsage(mergeAnthropicCounts(noAnthropicCounts, usage));
      found.unpriced = anthropicExtras(usage);
      return;
    case 'openai-chat':
      found.usage = openAiChatUsage(usage);
      found.unpriced = openAiExtras(root, usage);
      return;
    case 'openai-responses':
      found.usage = openAiResponsesUsage(usage);
      found.unpriced = openAiExtras(root, usage);
      return;
    case 'openai-embeddings':
      found.usage = openAiEmbeddingsUsage(usage);
      return;
  }
}

/** `message_start` and `message_delta` carry usage; `message_stop` is the end. Deltas of text are not even parsed. */
function readAnthropicEvent(data: string, found: Findings): void {
  if (!data.includes('"usage"') && !data.includes('message_stop')) return;
  const event = parseObject(data);
  if (!event) return;
  if (event['type'] === 'message_stop') {
    found.ended = true;
    return;
  }
  const message = asObject(event['message']);
  if (event['type'] === 'message_start' && message) {
    found.responseId = asString(message['id'], ID_CHARS_MAX);
    found.model = asString(message['model'], MODEL_CHARS_MAX);
  }
  const usage = asObject(event['type'] === 'message_start' ? message?.['usage'] : event['usage']);
  if (!usage) return;
  found.anthropic = mergeAnthropicCounts(found.anthropic, usage);
  found.usage = anthropicUsage(found.anthropic);
  found.unpriced = [...new Set([...found.unpriced, ...anthropicExtras(usage)])];
  found.rawUsage = { ...found.rawUsage, ...withoutNulls(usage) };
}

/** The usage chunk is the last one and may or may not have choices; `[DONE]` is the end. */
function readChatEvent(data: string, found: Findings): void {
  if (data.trim() === '[DONE]') {
    found.ended = true;
    return;
  }
  if (found.responseId !== null && !data.includes('"usage"')) return;
  const chunk = parseObject(data);
  if (!chunk) return;
  found.responseId ??= asString(chunk['id'], ID_CHARS_MAX);
  found.model ??= asString(chunk['model'], MODEL_CHARS_MAX);
  const usage = asObject(chunk['usage']);
  if (!usage) return;
  found.usage = openAiChatUsage(usage);
  found.unpriced = openAiExtras(chunk, usage);
  found.rawUsage = usage;
}

/** `response.completed`, `response.incomplete` and `response.failed` are ends; the usage is in their `response`. */
function readResponsesEvent(data: string, found: Findings): void {
  const last = /"type"\s*:\s*"response\.(?:completed|incomplete|failed)"/.test(data);
  if (!last && found.responseId !== null) return;
  const event = parseObject(data);
  const response = asObject(event?.['response']);
  if (!event || !response) return;
  found.responseId = asString(response['id'], ID_CHARS_MAX) ?? found.responseId;
  found.model = asString(response['model'], MODEL_CHARS_MAX) ?? found.model;
  if (!isResponsesEnd(event['type'])) return;
  found.ended = true;
  const usage = asObject(response['usage']);
  if (!usage) return;
  found.usage = openAiResponsesUsage(usage);
  found.unpriced = openAiExtras(response, usage);
  found.rawUsage = usage;
}

function isResponsesEnd(type: unknown): boolean {
  return type === 'response.completed' || type === 'response.incomplete' || type === 'response.failed';
}

function withoutNulls(usage: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== null));
}
