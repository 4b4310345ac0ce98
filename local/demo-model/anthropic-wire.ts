/**
 * Anthropic Messages, as the vendor's client 1.11.0 reads it: message_start, then per block start/delta/stop, then
 * message_delta with the final usage and message_stop. `input_tokens` excludes cached input.
 */
import { z } from 'zod';
import type { DemoRequest, DemoTurn, Segment } from './conversation.ts';
import { countTokens, type InputTokens } from './tokens.ts';
import { namedEvent, pieces, type Produced, type Wire, type WireContext, type WireEvent } from './wire.ts';

const CacheControl = z.looseObject({ ttl: z.string().optional() }).nullish();
const Block = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  name: z.string().optional(),
  input: z.unknown().optional(),
  content: z.unknown().optional(),
  cache_control: CacheControl,
});
const Content = z.union([z.string(), z.array(Block)]);
const Body = z.looseObject({
  model: z.string().min(1),
  max_tokens: z.number().int().positive(),
  stream: z.boolean().default(false),
  system: Content.optional(),
  messages: z.array(z.looseObject({ role: z.enum(['user', 'assistant', 'system']), content: Content })).min(1),
  tools: z
    .array(
      z.looseObject({
        name: z.string(),
        input_schema: z.looseObject({ properties: z.record(z.string(), z.unknown()).optional() }).optional(),
        cache_control: CacheControl,
      }),
    )
    .default([]),
});
type Block = z.infer<typeof Block>;

function blocksOf(content: z.infer<typeof Content>): Block[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

function parse(input: unknown): DemoRequest | string {
  const parsed = Body.safeParse(input);
  if (!parsed.success) return z.prettifyError(parsed.error);
  const { model, max_tokens, stream, system = '', messages, tools } = parsed.data;
  const segments: Segment[] = [
    ...tools.map((tool) => segmentOf(tool)),
    ...blocksOf(system).map((block) => segmentOf(block)),
    ...messages.flatMap(({ role, content }) => blocksOf(content).map((block) => segmentOf(block, role))),
  ];
  return {
    model,
    maxTokens: max_tokens,
    streaming: stream,
    system: textOf(blocksOf(system)),
    turns: messages.map(({ role, content }) => turnOf(role === 'assistant' ? role : 'user', blocksOf(content))),
    tools: tools.map(({ name, input_schema }) => ({ name, properties: Object.keys(input_schema?.properties ?? {}) })),
    segments,
  };
}

function segmentOf(part: { cache_control?: z.infer<typeof CacheControl> }, prefix = ''): Segment {
  const { cache_control, ...rest } = part;
  const cache = !cache_control ? 'none' : cache_control.ttl === '1h' ? '1h' : '5m';
  return { text: prefix + JSON.stringify(rest), cache };
}

function turnOf(role: DemoTurn['role'], blocks: readonly Block[]): DemoTurn {
  return {
    role,
    text: textOf(blocks),
    toolNames: blocks.flatMap((block) => (block.type === 'tool_use' && block.name ? [block.name] : [])),
    toolResults: blocks.flatMap((block) => (block.type === 'tool_result' ? [resultText(block.content)] : [])),
  };
}

function textOf(blocks: readonly Block[]): string {
  return blocks
    .flatMap((block) => (block.type === 'text' && block.text ? [block.text] : []))
    .join('\n')
    .trim();
}

function resultText(content: unknown): string {
  const parsed = Content.safeParse(content);
  return parsed.success ? textOf(blocksOf(parsed.data)) : '';
}

function usageOf(input: InputTokens, outputTokens: number): Record<string, unknown> {
  return {
    input_tokens: input.plain,
    cache_creation_input_tokens: input.cacheWrite5m + input.cacheWrite1h,
    cache_read_input_tokens: input.cacheRead,
    cache_creation: {
      ephemeral_5m_input_tokens: input.cacheWrite5m,
      ephemeral_1h_input_tokens: input.cacheWrite1h,
    },
    output_tokens: outputTokens,
    service_tier: 'standard',
  };
}

function messageOf({ id, model, input }: WireContext, outputTokens: number): Record<string, unknown> {
  return {
    id,
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: usageOf(input, outputTokens),
  };
}

function stopReason({ tool, cutByLimit }: Produced): string {
  return cutByLimit ? 'max_tokens' : tool ? 'tool_use' : 'end_turn';
}

function whole(context: WireContext, produced: Produced): Record<string, unknown> {
  const { text, tool, tokens } = produced;
  return {
    ...messageOf(context, tokens),
    content: [
      ...(text === '' ? [] : [{ type: 'text', text }]),
      ...(tool
        ? [{ type: 'tool_use', id: tool.id, name: tool.name, input: JSON.parse(tool.argsJson) as unknown }]
        : []),
    ],
    stop_reason: stopReason(produced),
  };
}

function stream(context: WireContext, produced: Produced): WireEvent[] {
  const { text, tool, tokens } = produced;
  const events: WireEvent[] = [];
  const send = (data: { readonly type: string } & Record<string, unknown>, made: number): void => {
    events.push({ bytes: namedEvent(data), tokens: made });
  };
  // The real service says 1 here: it has begun when it sends this.
  send({ type: 'message_start', message: messageOf(context, 1) }, 1);
  send({ type: 'ping' }, 1);
  let index = 0;
  if (text !== '') {
    send({ type: 'content_block_start', index, content_block: { type: 'text', text: '' } }, 1);
    for (const { piece, tokens: made } of pieces(text)) {
      send({ type: 'content_block_delta', index, delta: { type: 'text_delta', text: piece } }, made);
    }
    send({ type: 'content_block_stop', index }, countTokens(text));
    index += 1;
  }
  if (tool) {
    const { id, name, argsJson } = tool;
    send({ type: 'content_block_start', index, content_block: { type: 'tool_use', id, name, input: {} } }, tokens);
    for (const partial_json of ['', argsJson.slice(0, 12), argsJson.slice(12)]) {
      send({ type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json } }, tokens);
    }
    send({ type: 'content_block_stop', index }, tokens);
  }
  const delta = { stop_reason: stopReason(produced), stop_sequence: null };
  send({ type: 'message_delta', delta, usage: usageOf(context.input, tokens) }, tokens);
  send({ type: 'message_stop' }, tokens);
  return events;
}

export const anthropicWire: Wire = {
  provider: 'anthropic',
  parse,
  whole,
  stream,
  error: (status, message) => ({
    type: 'error',
    error: { type: status === 404 ? 'not_found_error' : 'invalid_request_error', message },
  }),
};
