/**
 * OpenAI chat completions, as the vendor's client 7.55.0 reads it: chunks with one choice, a usage chunk with none when
 * it was asked for, then `[DONE]`. `prompt_tokens` includes cached input. OpenRouter says its own cost beside the usage
 * and sends comments while it waits; Workers AI says no more than the counts.
 */
import { z } from 'zod';
import type { DemoRequest, DemoTurn, Segment } from './conversation.ts';
import { costUsd } from './request-log.ts';
import {
  allInput,
  pieces,
  type DemoProvider,
  type Produced,
  type Wire,
  type WireContext,
  type WireEvent,
} from './wire.ts';

const Content = z.union([
  z.string(),
  z.null(),
  z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
]);
const Message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content: Content.optional(),
  tool_calls: z.array(z.looseObject({ function: z.looseObject({ name: z.string() }).optional() })).optional(),
});
const Body = z.looseObject({
  model: z.string().min(1),
  stream: z.boolean().nullish(),
  max_tokens: z.number().int().positive().nullish(),
  max_completion_tokens: z.number().int().positive().nullish(),
  messages: z.array(Message).min(1),
  tools: z
    .array(
      z.looseObject({
        function: z.looseObject({
          name: z.string(),
          parameters: z.looseObject({ properties: z.record(z.string(), z.unknown()).optional() }).optional(),
        }),
      }),
    )
    .default([]),
});

const OUTPUT_TOKENS_DEFAULT = 16_384;

function parse(input: unknown): DemoRequest | string {
  const parsed = Body.safeParse(input);
  if (!parsed.success) return z.prettifyError(parsed.error);
  const { model, stream, messages, tools, max_completion_tokens, max_tokens } = parsed.data;
  const segments: Segment[] = [...tools, ...messages].map((part) => ({ text: JSON.stringify(part), cache: 'none' }));
  return {
    model,
    maxTokens: max_completion_tokens ?? max_tokens ?? OUTPUT_TOKENS_DEFAULT,
    streaming: stream === true,
    system: messages.flatMap((message) => (isSystem(message.role) ? [textOf(message.content)] : [])).join('\n'),
    turns: messages.filter((message) => !isSystem(message.role)).map(turnOf),
    tools: tools.map(({ function: { name, parameters } }) => ({
      name,
      properties: Object.keys(parameters?.properties ?? {}),
    })),
    segments,
  };
}

function isSystem(role: string): boolean {
  return role === 'system' || role === 'developer';
}

function turnOf(message: z.infer<typeof Message>): DemoTurn {
  const text = textOf(message.content);
  if (message.role === 'tool') return { role: 'user', text: '', toolNames: [], toolResults: [text] };
  const toolNames = (message.tool_calls ?? []).flatMap((call) => call.function?.name ?? []);
  return { role: message.role === 'assistant' ? 'assistant' : 'user', text, toolNames, toolResults: [] };
}

function textOf(content: z.infer<typeof Content> | undefined): string {
  if (typeof content === 'string') return content;
  return (content ?? []).flatMap((part) => part.text ?? []).join('\n');
}

function usageOf(
  provider: DemoProvider,
  { input, model, nowMs }: WireContext,
  tokens: number,
): Record<string, unknown> {
  const prompt = allInput(input);
  const counts = { prompt_tokens: prompt, completion_tokens: tokens, total_tokens: prompt + tokens };
  const cached = { cached_tokens: input.cacheRead };
  switch (provider) {
    case 'workers-ai':
      return { ...counts, prompt_tokens_details: cached };
    case 'openrouter':
      return {
        ...counts,
        prompt_tokens_details: { ...cached, cache_write_tokens: 0, audio_tokens: 0, video_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0, image_tokens: 0 },
        cost: costUsd({ provider, model, input, tokensOut: tokens, atMs: nowMs }),
        is_byok: false,
      };
    default:
      return {
        ...counts,
        prompt_tokens_details: { ...cached, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
      };
  }
}

function headOf({ id, model, nowMs }: WireContext, object: string): Record<string, unknown> {
  return { id, object, created: Math.floor(nowMs / 1000), model, service_tier: 'default', system_fingerprint: null };
}

function finishReason({ tool, cutByLimit }: Produced): string {
  return cutByLimit ? 'length' : tool ? 'tool_calls' : 'stop';
}

function whole(provider: DemoProvider, context: WireContext, produced: Produced): Record<string, unknown> {
  const { text, tool, tokens } = produced;
  const toolCalls = tool && [
    { id: tool.id, type: 'function', function: { name: tool.name, arguments: tool.argsJson } },
  ];
  const message = { role: 'assistant', content: text, refusal: null, ...(toolCalls ? { tool_calls: toolCalls } : {}) };
  return {
    ...headOf(context, 'chat.completion'),
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(produced) }],
    usage: usageOf(provider, context, tokens),
  };
}

function stream(provider: DemoProvider, context: WireContext, produced: Produced): WireEvent[] {
  const { text, tool, tokens } = produced;
  const head = headOf(context, 'chat.completion.chunk');
  const events: WireEvent[] = [];
  const usage = context.includeUsage ? { usage: null } : {};
  const send = (delta: Record<string, unknown>, made: number, finish_reason: string | null = null): void => {
    const chunk = { ...head, choices: [{ index: 0, delta, logprobs: null, finish_reason }], ...usage };
    events.push({ bytes: `data: ${JSON.stringify(chunk)}\n\n`, tokens: made });
  };
  if (provider === 'openrouter') events.push({ bytes: ': OPENROUTER PROCESSING\n\n', tokens: 0 });
  send({ role: 'assistant', content: '', refusal: null }, 0);
  for (const { piece, tokens: made } of pieces(text)) send({ content: piece }, made);
  if (tool) {
    const call = { index: 0, id: tool.id, type: 'function', function: { name: tool.name, arguments: '' } };
    send({ tool_calls: [call] }, tokens);
    for (const part of [tool.argsJson.slice(0, 12), tool.argsJson.slice(12)]) {
      send({ tool_calls: [{ index: 0, function: { arguments: part } }] }, tokens);
    }
  }
  send({}, tokens, finishReason(produced));
  if (context.includeUsage) {
    const chunk = { ...head, choices: [], usage: usageOf(provider, context, tokens) };
    events.push({ bytes: `data: ${JSON.stringify(chunk)}\n\n`, tokens });
  }
  events.push({ bytes: 'data: [DONE]\n\n', tokens });
  return events;
}

export function chatWire(provider: DemoProvider): Wire {
  return {
    provider,
    parse,
    whole: (context, produced) => whole(provider, context, produced),
    stream: (context, produced) => stream(provider, context, produced),
    error: openAiError,
  };
}

export function openAiError(status: number, message: string): Record<string, unknown> {
  const code = status === 404 ? 'model_not_found' : null;
  return { error: { message, type: 'invalid_request_error', param: null, code } };
}
