/** What each format's events and bodies say about usage, collected into one `Findings` while an answer passes. */
import { unreachable } from '../../../../control-plane/src/contract/result.ts';
import { finder, hasUsageObject, namesUsage } from './byte-search.ts';
import { geminiExtras, geminiUsage } from './gemini-usage.ts';
import { asArray, asObject, asString, parseObject, type JsonObject } from './json.ts';
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

export type UsageFormat =
  | 'anthropic-messages'
  | 'openai-chat'
  | 'openai-responses'
  | 'openai-embeddings'
  | 'google-gemini';

export interface Findings {
  usage: TokenUsage | null;
  ended: boolean;
  responseId: string | null;
  model: string | null;
  unpriced: readonly string[];
  rawUsage: JsonObject | null;
  anthropic: AnthropicCounts;
  /** Gemini's answers by index: whether each has said why it ended. */
  readonly candidates: Map<number, boolean>;
}

export function noFindings(): Findings {
  return {
    usage: null,
    ended: false,
    responseId: null,
    model: null,
    unpriced: [],
    rawUsage: null,
    anthropic: noAnthropicCounts,
    candidates: new Map(),
  };
}

const ID_CHARS_MAX = 128;
const MODEL_CHARS_MAX = 120;
/** More answers than a request may ask for, so that a provider cannot make the map grow. */
const CANDIDATES_MAX = 64;

const findStop = finder('message_stop');
const responsesEnds = ['"response.completed"', '"response.incomplete"', '"response.failed"'].map(finder);
const OBJECT = 0x7b;

/**
 * Whether `readEvent` may find something in the data `bytes[from, to)`, after what was found before. It looks for what the
 * readers below need to see, so what it turns down would change nothing.
 */
export function mayMatter(format: UsageFormat, found: Findings, bytes: Uint8Array, from: number, to: number): boolean {
  switch (format) {
    case 'anthropic-messages':
      return namesUsage(bytes, from, to) || findStop(bytes, from, to) >= 0;
    case 'openai-chat':
      if (found.responseId === null || found.model === null) return true;
      return bytes[from] !== OBJECT || hasUsageObject(bytes, from, to);
    case 'openai-responses':
      return found.responseId === null || responsesEnds.some((find) => find(bytes, from, to) >= 0);
    case 'google-gemini':
      return true; // each chunk has counts and may be the end
    case 'openai-embeddings':
      return false; // never streamed
    default:
      return unreachable(format);
  }
}

/** Reads the data of one event. Never throws. */
export function readEvent(format: UsageFormat, data: string, found: Findings): void {
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
    case 'google-gemini':
      readGemini(parseObject(data) ?? {}, found);
      return;
    case 'openai-embeddings':
      return; // never streamed
    default:
      unreachable(format);
  }
}

/** Reads an answer that came as one JSON body. Never throws. */
export function readBody(format: UsageFormat, root: JsonObject, found: Findings): void {
  if (format === 'google-gemini') {
    readGemini(root, found);
    return;
  }
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
    default:
      unreachable(format);
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
  if (found.responseId !== null && found.model !== null && !data.includes('"usage"')) return;
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

/** A chunk of a stream or a whole body: both have the same shape. The end is every answer's reason, or a blocked prompt. */
function readGemini(chunk: JsonObject, found: Findings): void {
  found.responseId = asString(chunk['responseId'], ID_CHARS_MAX) ?? found.responseId;
  found.model = asString(chunk['modelVersion'], MODEL_CHARS_MAX) ?? found.model;
  for (const one of asArray(chunk['candidates']) ?? []) {
    const candidate = asObject(one);
    const index = candidate?.['index'] ?? 0;
    if (typeof index !== 'number' || found.candidates.size > CANDIDATES_MAX) continue;
    const ended = typeof candidate?.['finishReason'] === 'string';
    found.candidates.set(index, ended || found.candidates.get(index) === true);
  }
  const ends = [...found.candidates.values()];
  const blocked = typeof asObject(chunk['promptFeedback'])?.['blockReason'] === 'string';
  found.ended = !ends.includes(false) && (blocked || found.ended || ends.length > 0);
  const usage = asObject(chunk['usageMetadata']);
  if (!usage) return;
  found.usage = geminiUsage(usage);
  found.unpriced = geminiExtras(usage);
  found.rawUsage = usage;
}

function withoutNulls(usage: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== null));
}
