/**
 * OpenAI responses, as the vendor's client 7.55.0 reads it: response.created, then items and their parts begun, filled
 * and closed, then response.completed (or .incomplete) with the whole answer and its usage.
 */
import { z } from 'zod';
import { openAiError } from './chat-wire.ts';
import type { DemoRequest, DemoTurn, Segment } from './conversation.ts';
import { countTokens } from './tokens.ts';
import { allInput, namedEvent, pieces, type Produced, type Wire, type WireContext, type WireEvent } from './wire.ts';

const Content = z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))]);
const Item = z.looseObject({
  type: z.string().optional(),
  role: z.string().optional(),
  content: Content.nullish(),
  name: z.string().optional(),
  output: Content.optional(),
});
const Body = z.looseObject({
  model: z.string().min(1),
  stream: z.boolean().nullish(),
  max_output_tokens: z.number().int().positive().nullish(),
  instructions: z.string().nullish(),
  input: z.union([z.string(), z.array(Item)]),
  tools: z
    .array(
      z.looseObject({
        name: z.string().optional(),
        parameters: z.looseObject({ properties: z.record(z.string(), z.unknown()).optional() }).nullish(),
      }),
    )
    .default([]),
});
type Item = z.infer<typeof Item>;

const OUTPUT_TOKENS_DEFAULT = 16_384;

function parse(body: unknown): DemoRequest | string {
  const parsed = Body.safeParse(body);
  if (!parsed.success) return z.prettifyError(parsed.error);
  const { model, stream, max_output_tokens, instructions, input, tools } = parsed.data;
  const items: Item[] = typeof input === 'string' ? [{ role: 'user', content: input }] : input;
  const segments = [instructions ?? '', ...tools, ...items].map((part): Segment => ({
    text: JSON.stringify(part),
    cache: 'none',
  }));
  return {
    model,
    maxTokens: max_output_tokens ?? OUTPUT_TOKENS_DEFAULT,
    streaming: stream === true,
    system: [instructions ?? '', ...items.filter(isSystem).map((item) => textOf(item.content))].join('\n'),
    turns: items.filter((item) => !isSystem(item)).map(turnOf),
    tools: tools.flatMap(({ name, parameters }) =>
      name === undefined ? [] : [{ name, properties: Object.keys(parameters?.properties ?? {}) }],
    ),
    segments,
  };
}

function isSystem(item: Item): boolean {
  return item.role === 'system' || item.role === 'developer';
}

function turnOf(item: Item): DemoTurn {
  if (item.type === 'function_call') {
    return { role: 'assistant', text: '', toolNames: item.name ? [item.name] : [], toolResults: [] };
  }
  if (item.type === 'function_call_output') {
    return { role: 'user', text: '', toolNames: [], toolResults: [textOf(item.output)] };
  }
  const role = item.role === 'assistant' ? 'assistant' : 'user';
  return { role, text: textOf(item.content), toolNames: [], toolResults: [] };
}

function textOf(content: z.infer<typeof Content> | null | undefined): string {
  if (typeof content === 'string') return content;
  return (content ?? []).flatMap((part) => part.text ?? []).join('\n');
}

function usageOf({ input }: WireContext, tokens: number): Record<string, unknown> {
  const all = allInput(input);
  return {
    input_tokens: all,
    input_tokens_details: { cached_tokens: input.cacheRead },
    output_tokens: tokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: all + tokens,
  };
}

interface Items {
  readonly message: { readonly id: string; readonly item: Record<string, unknown> } | null;
  readonly call: { readonly id: string; readonly item: Record<string, unknown> } | null;
}

function itemsOf(context: WireContext, { text, tool }: Produced): Items {
  const part = { type: 'output_text', text, annotations: [], logprobs: [] };
  const messageId = `msg_${context.id}`;
  const callId = `fc_${context.id}`;
  return {
    message:
      text === ''
        ? null
        : {
            id: messageId,
            item: { id: messageId, type: 'message', role: 'assistant', status: 'completed', content: [part] },
          },
    call: tool && {
      id: callId,
      item: {
        id: callId,
        type: 'function_call',
        status: 'completed',
        call_id: tool.id,
        name: tool.name,
        arguments: tool.argsJson,
      },
    },
  };
}

function responseOf(context: WireContext, produced: Produced | null): Record<string, unknown> {
  const items = produced ? itemsOf(context, produced) : null;
  const status = !produced ? 'in_progress' : produced.cutByLimit ? 'incomplete' : 'completed';
  return {
    id: context.id,
    object: 'response',
    created_at: Math.floor(context.nowMs / 1000),
    status,
    error: null,
    incomplete_details: produced?.cutByLimit ? { reason: 'max_output_tokens' } : null,
    instructions: null,
    metadata: {},
    model: context.model,
    output: [items?.message?.item, items?.call?.item].filter((item) => item !== undefined),
    parallel_tool_calls: true,
    service_tier: 'default',
    store: false,
    temperature: 1,
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    usage: produced ? usageOf(context, produced.tokens) : null,
  };
}

function stream(context: WireContext, produced: Produced): WireEvent[] {
  const { text, tool, tokens } = produced;
  const { message, call } = itemsOf(context, produced);
  const events: WireEvent[] = [];
  const send = (data: { readonly type: string } & Record<string, unknown>, made: number): void => {
    events.push({ bytes: namedEvent({ ...data, sequence_number: events.length }), tokens: made });
  };
  send({ type: 'response.created', response: responseOf(context, null) }, 0);
  send({ type: 'response.in_progress', response: responseOf(context, null) }, 0);
  let output_index = 0;
  if (message) {
    const at = { item_id: message.id, output_index, content_index: 0 };
    const part = { type: 'output_text', text, annotations: [], logprobs: [] };
    const made = countTokens(text);
    send(
      {
        type: 'response.output_item.added',
        output_index,
        item: { ...message.item, status: 'in_progress', content: [] },
      },
      0,
    );
    send({ type: 'response.content_part.added', ...at, part: { ...part, text: '' } }, 0);
    for (const step of pieces(text)) {
      send({ type: 'response.output_text.delta', ...at, delta: step.piece, logprobs: [] }, step.tokens);
    }
    send({ type: 'response.output_text.done', ...at, text, logprobs: [] }, made);
    send({ type: 'response.content_part.done', ...at, part }, made);
    send({ type: 'response.output_item.done', output_index, item: message.item }, made);
    output_index += 1;
  }
  if (call && tool) {
    const at = { item_id: call.id, output_index };
    const begun = { ...call.item, status: 'in_progress', arguments: '' };
    send({ type: 'response.output_item.added', output_index, item: begun }, tokens);
    for (const delta of [tool.argsJson.slice(0, 12), tool.argsJson.slice(12)]) {
      send({ type: 'response.function_call_arguments.delta', ...at, delta }, tokens);
    }
    const done = { type: 'response.function_call_arguments.done', ...at, name: tool.name, arguments: tool.argsJson };
    send(done, tokens);
    send({ type: 'response.output_item.done', output_index, item: call.item }, tokens);
  }
  const end = produced.cutByLimit ? 'response.incomplete' : 'response.completed';
  send({ type: end, response: responseOf(context, produced) }, tokens);
  return events;
}

export const responsesWire: Wire = { provider: 'openai', parse, whole: responseOf, stream, error: openAiError };
