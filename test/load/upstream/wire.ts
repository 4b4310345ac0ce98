/**
 * The providers' answer formats for the stand-in, streamed and not: each answer as the parts that are sent one after another,
 * with what was made and what usage was told once a part is out. Field names as the vendors' clients read them
 * (@anthropic-ai/sdk 1.11.0, openai 7.55.0); Gemini's are beside, in wire-gemini.ts.
 */
import { allInput, type Tokens } from '../prices.ts';
import type { Ended } from '../upstream-log.ts';

export interface Part {
  readonly bytes: string;
  /** Output tokens made by then. */
  readonly made: number;
  /** The usage told by then, or null. */
  readonly reported: Tokens | null;
}

export interface AnswerWanted {
  readonly id: string;
  readonly model: string;
  readonly tokens: Tokens;
  readonly pieces: number;
  /** False: the answer names none, as a provider that forgets it. */
  readonly withUsage: boolean;
}

export interface Format {
  readonly provider: Ended['provider'];
  readonly stream: (wanted: AnswerWanted) => Part[];
  readonly whole: (wanted: AnswerWanted) => Part[];
  /** The bound on the answer in a request body. */
  readonly outputMax: (body: Readonly<Record<string, unknown>>) => number;
}

export const piece = 'and so the tide went out ';
const named = (data: { readonly type: string } & Record<string, unknown>): string =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
export const unnamed = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`;

/** Tokens made when `nth` of `pieces` is out: at least one, all of them only at the end. */
export const madeAt = ({ tokens, pieces }: AnswerWanted, nth: number): number =>
  Math.max(1, Math.floor((tokens.output * nth) / (pieces + 1)));

export const asBound = (value: unknown): number => (typeof value === 'number' ? value : Number.MAX_SAFE_INTEGER);

function anthropicUsage(tokens: Tokens): Record<string, unknown> {
  return {
    input_tokens: tokens.plain,
    cache_read_input_tokens: tokens.cacheRead,
    cache_creation_input_tokens: tokens.cacheWrite5m + tokens.cacheWrite1h,
    cache_creation: {
      ephemeral_5m_input_tokens: tokens.cacheWrite5m,
      ephemeral_1h_input_tokens: tokens.cacheWrite1h,
    },
    output_tokens: tokens.output,
    service_tier: 'standard',
  };
}

const anthropic: Format = {
  provider: 'anthropic',
  outputMax: (body) => asBound(body['max_tokens']),
  whole: ({ id, model, tokens, pieces, withUsage }) => [
    {
      bytes: JSON.stringify({
        id,
        type: 'message',
        role: 'assistant',
        model,
        content: [{ type: 'text', text: piece.repeat(pieces) }],
        stop_reason: 'end_turn',
        ...(withUsage ? { usage: anthropicUsage(tokens) } : {}),
      }),
      made: tokens.output,
      reported: withUsage ? tokens : null,
    },
  ],
  stream(wanted) {
    const { id, model, tokens, pieces, withUsage } = wanted;
    const early = { ...tokens, output: 1 };
    const message = { id, type: 'message', role: 'assistant', model, content: [], stop_reason: null };
    const reported = withUsage ? early : null;
    const all = withUsage ? tokens : null;
    const usage = withUsage ? { usage: anthropicUsage(early) } : {};
    const begin = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } };
    const delta = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: piece } };
    const last = {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      // The end repeats the whole usage, as the service does.
      ...(withUsage ? { usage: anthropicUsage(tokens) } : {}),
    };
    return [
      { bytes: named({ type: 'message_start', message: { ...message, ...usage } }), made: 1, reported },
      { bytes: named(begin), made: 1, reported },
      ...Array.from({ length: pieces }, (_, n) => ({ bytes: named(delta), made: madeAt(wanted, n + 1), reported })),
      { bytes: named({ type: 'content_block_stop', index: 0 }), made: tokens.output, reported },
      { bytes: named(last), made: tokens.output, reported: all },
      { bytes: named({ type: 'message_stop' }), made: tokens.output, reported: all },
    ];
  },
};

function chatUsage(tokens: Tokens): Record<string, unknown> {
  const prompt = allInput(tokens);
  const cacheWrite = tokens.cacheWrite5m + tokens.cacheWrite1h;
  return {
    prompt_tokens: prompt,
    completion_tokens: tokens.output,
    total_tokens: prompt + tokens.output,
    prompt_tokens_details: {
      cached_tokens: tokens.cacheRead,
      ...(cacheWrite === 0 ? {} : { cache_write_tokens: cacheWrite }),
    },
    completion_tokens_details: { reasoning_tokens: Math.floor(tokens.output / 3) },
  };
}

function chatAt(provider: Format['provider'], besides: Readonly<Record<string, unknown>> = {}): Format {
  const usageOf = (tokens: Tokens) => ({ ...chatUsage(tokens), ...besides });
  return {
    provider,
    outputMax: (body) => asBound(body['max_completion_tokens'] ?? body['max_tokens']),
    whole: ({ id, model, tokens, pieces, withUsage }) => [
      {
        bytes: JSON.stringify({
          id,
          object: 'chat.completion',
          model,
          choices: [{ index: 0, message: { role: 'assistant', content: piece.repeat(pieces) }, finish_reason: 'stop' }],
          ...(withUsage ? { usage: usageOf(tokens) } : {}),
        }),
        made: tokens.output,
        reported: withUsage ? tokens : null,
      },
    ],
    stream(wanted) {
      const { id, model, tokens, pieces, withUsage } = wanted;
      const chunk = (choices: unknown[], usage: Record<string, unknown> | null): string =>
        unnamed({ id, object: 'chat.completion.chunk', model, choices, usage });
      const said = [{ index: 0, delta: { content: piece }, finish_reason: null }];
      const stopped = [{ index: 0, delta: {}, finish_reason: 'stop' }];
      const all = withUsage ? tokens : null;
      const made = tokens.output;
      return [
        ...Array.from({ length: pieces }, (_, n) => ({
          bytes: chunk(said, null),
          made: madeAt(wanted, n + 1),
          reported: null,
        })),
        { bytes: chunk(stopped, null), made, reported: null },
        ...(withUsage ? [{ bytes: chunk([], usageOf(tokens)), made, reported: all }] : []),
        { bytes: 'data: [DONE]\n\n', made, reported: all },
      ];
    },
  };
}

function responsesUsage(tokens: Tokens): Record<string, unknown> {
  const input = allInput(tokens);
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: tokens.cacheRead },
    output_tokens: tokens.output,
    output_tokens_details: { reasoning_tokens: Math.floor(tokens.output / 2) },
    total_tokens: input + tokens.output,
  };
}

const responses: Format = {
  provider: 'openai',
  outputMax: (body) => asBound(body['max_output_tokens']),
  whole: ({ id, model, tokens, withUsage }) => [
    {
      bytes: JSON.stringify({
        id,
        object: 'response',
        status: 'completed',
        model,
        output: [],
        usage: withUsage ? responsesUsage(tokens) : null,
      }),
      made: tokens.output,
      reported: withUsage ? tokens : null,
    },
  ],
  stream(wanted) {
    const { id, model, tokens, pieces, withUsage } = wanted;
    const response = { id, object: 'response', model, status: 'in_progress', output: [], usage: null };
    const delta = {
      type: 'response.output_text.delta',
      item_id: 'msg',
      output_index: 0,
      content_index: 0,
      delta: piece,
    };
    const usage = withUsage ? responsesUsage(tokens) : null;
    return [
      { bytes: named({ type: 'response.created', response }), made: 0, reported: null },
      ...Array.from({ length: pieces }, (_, n) => ({
        bytes: named(delta),
        made: madeAt(wanted, n + 1),
        reported: null,
      })),
      {
        bytes: named({ type: 'response.completed', response: { ...response, status: 'completed', usage } }),
        made: tokens.output,
        reported: withUsage ? tokens : null,
      },
    ];
  },
};

const embeddings: Format = {
  provider: 'openai',
  outputMax: () => 0,
  whole: ({ model, tokens, withUsage }) => [
    {
      bytes: JSON.stringify({
        object: 'list',
        model,
        data: [{ object: 'embedding', index: 0, embedding: [0.5, 0.25] }],
        ...(withUsage ? { usage: { prompt_tokens: allInput(tokens), total_tokens: allInput(tokens) } } : {}),
      }),
      made: 0,
      reported: withUsage ? { ...tokens, output: 0 } : null,
    },
  ],
  stream: (wanted) => embeddings.whole(wanted),
};

/** OpenRouter names a cost of its own; nothing may be charged from it. */
const openRouter = chatAt('openrouter', { cost: 0.123456789 });

/** By path, as AI Gateway has them. */
export const formats: Readonly<Record<string, Format>> = {
  '/anthropic/v1/messages': anthropic,
  '/openai/chat/completions': chatAt('openai'),
  '/openai/responses': responses,
  '/openai/embeddings': embeddings,
  '/openrouter/v1/chat/completions': openRouter,
  '/workers-ai/v1/chat/completions': chatAt('workers-ai'),
};
