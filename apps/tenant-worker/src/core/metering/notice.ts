/**
 * A refusal as an assistant's own message. OpenClaw 2026.9.6 replaces the text of an HTTP 402 by "your API key has run
 * out of credits", disables the provider for ten minutes and remembers that across restarts; any other error status
 * loses the text too. So an agent's turn (a request that offers tools) is answered with a message in the provider's own
 * format that says what happened and what to do: the person reads it in the chat, and the next turn after a raised cap
 * just works. Nothing was called, so it carries zero usage. All other requests get the error itself.
 * Stream shapes: @anthropic-ai/sdk 1.11.0 `RawMessageStreamEvent`; openai 7.55.0 `ChatCompletionChunk`,
 * `ResponseStreamEvent`; @google/genai 2.22.0 `GenerateContentResponse`.
 */
import { unreachable } from '../../../../control-plane/src/contract/result.ts';
import type { AiRefusal, AiRefusalCode } from './ai-error.ts';
import type { JsonObject } from './json.ts';
import type { UsageFormat } from './usage-meter.ts';

export interface Notice {
  readonly contentType: string;
  readonly body: string;
}

export interface NoticeInput {
  readonly format: UsageFormat;
  readonly streaming: boolean;
  readonly model: string;
  readonly requestId: string;
  readonly nowMs: number;
  readonly refusal: AiRefusal;
}

/** Refusals that a person has to read and can act upon. Others are for the client: it retries or shortens. */
const forPeople: ReadonlySet<AiRefusalCode> = new Set([
  'ai_cap_reached',
  'ai_day_budget_reached',
  'ai_model_budget_reached',
  'ai_organisation_limit_reached',
  'ai_spend_paused',
  'ai_model_unpriced',
  'ai_model_not_allowed',
  'ai_not_supported',
  'ai_upstream_misconfigured',
  'ai_key_refused',
]);

export function isForPeople(refusal: AiRefusal): boolean {
  return forPeople.has(refusal.code);
}

/** The message, or null where the format has no messages (embeddings). */
export function renderNotice(input: NoticeInput): Notice | null {
  const text = `⚠️ ${input.refusal.detail} ${input.refusal.next}`;
  switch (input.format) {
    case 'anthropic-messages':
      return render(input, anthropicMessage(input, text), anthropicEvents(input, text));
    case 'openai-chat':
      return render(input, chatCompletion(input, text), chatEvents(input, text));
    case 'openai-responses':
      return render(input, openAiResponse(input, text), responsesEvents(input, text));
    case 'google-gemini':
      return render(input, geminiAnswer(input, text), `data: ${JSON.stringify(geminiAnswer(input, text))}\r\n\r\n`);
    case 'openai-embeddings':
      return null;
    default:
      return unreachable(input.format);
  }
}

function render(input: NoticeInput, whole: JsonObject, events: string): Notice {
  return input.streaming
    ? { contentType: 'text/event-stream; charset=utf-8', body: events }
    : { contentType: 'application/json', body: JSON.stringify(whole) };
}

function named(events: readonly JsonObject[]): string {
  return events.map((event) => `event: ${String(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}

function anthropicMessage({ requestId, model }: NoticeInput, text: string | null): JsonObject {
  return {
    id: `msg_tidepool_${requestId}`,
    type: 'message',
    role: 'assistant',
    model,
    content: text === null ? [] : [{ type: 'text', text }],
    stop_reason: text === null ? null : 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 0, output_tokens: 0 },
  };
}

function anthropicEvents(input: NoticeInput, text: string): string {
  return named([
    { type: 'message_start', message: anthropicMessage(input, null) },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } },
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { input_tokens: 0, output_tokens: 0 },
    },
    { type: 'message_stop' },
  ]);
}

const noChatUsage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };

function chatCompletion(input: NoticeInput, text: string): JsonObject {
  return {
    ...chatHead(input, 'chat.completion'),
    choices: [{ index: 0, message: { role: 'assistant', content: text, refusal: null }, finish_reason: 'stop' }],
    usage: noChatUsage,
  };
}

function chatEvents(input: NoticeInput, text: string): string {
  const head = chatHead(input, 'chat.completion.chunk');
  const chunks: readonly JsonObject[] = [
    { ...head, choices: [{ index: 0, delta: { role: 'assistant', content: text }, finish_reason: null }] },
    { ...head, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
  ];
  return `${chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')}data: [DONE]\n\n`;
}

function chatHead({ requestId, nowMs, model }: NoticeInput, object: string): JsonObject {
  return { id: `chatcmpl-tidepool-${requestId}`, object, created: Math.floor(nowMs / 1000), model };
}

/** One chunk is a whole answer: it has the text, the reason for its end and the usage. */
function geminiAnswer({ requestId, model }: NoticeInput, text: string): JsonObject {
  return {
    candidates: [{ index: 0, content: { role: 'model', parts: [{ text }] }, finishReason: 'STOP' }],
    usageMetadata: { promptTokenCount: 0, candidatesTokenCount: 0, totalTokenCount: 0 },
    modelVersion: model,
    responseId: `tidepool_${requestId}`,
  };
}

function outputMessage({ requestId }: NoticeInput, text: string | null): JsonObject {
  return {
    id: `msg_tidepool_${requestId}`,
    type: 'message',
    role: 'assistant',
    status: text === null ? 'in_progress' : 'completed',
    content: text === null ? [] : [{ type: 'output_text', text, annotations: [], logprobs: [] }],
  };
}

function openAiResponse(input: NoticeInput, text: string | null): JsonObject {
  return {
    id: `resp_tidepool_${input.requestId}`,
    object: 'response',
    created_at: Math.floor(input.nowMs / 1000),
    status: text === null ? 'in_progress' : 'completed',
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    model: input.model,
    output: text === null ? [] : [outputMessage(input, text)],
    parallel_tool_calls: true,
    temperature: null,
    tool_choice: 'auto',
    tools: [],
    top_p: null,
    usage:
      text === null
        ? null
        : {
            input_tokens: 0,
            input_tokens_details: { cached_tokens: 0 },
            output_tokens: 0,
            output_tokens_details: { reasoning_tokens: 0 },
            total_tokens: 0,
          },
  };
}

function responsesEvents(input: NoticeInput, text: string): string {
  const at = { item_id: `msg_tidepool_${input.requestId}`, output_index: 0, content_index: 0 };
  const part = { type: 'output_text', text, annotations: [], logprobs: [] };
  const events: readonly JsonObject[] = [
    { type: 'response.created', response: openAiResponse(input, null) },
    { type: 'response.in_progress', response: openAiResponse(input, null) },
    { type: 'response.output_item.added', output_index: 0, item: outputMessage(input, null) },
    { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
    { type: 'response.output_text.delta', ...at, delta: text, logprobs: [] },
    { type: 'response.output_text.done', ...at, text, logprobs: [] },
    { type: 'response.content_part.done', ...at, part },
    { type: 'response.output_item.done', output_index: 0, item: outputMessage(input, text) },
    { type: 'response.completed', response: openAiResponse(input, text) },
  ];
  return named(events.map((event, sequence_number) => ({ ...event, sequence_number })));
}
