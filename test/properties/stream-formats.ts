/** For each format: answers with their final counts in the provider's own words, and the stream that leads to them. */
import * as fc from 'fast-check';
import type { UsageFormat } from '../../apps/tenant-worker/src/core/metering/usage-meter.ts';
import { geminiAnswer } from './stream-gemini.ts';
import {
  cuts,
  frame,
  framing,
  id,
  modelName,
  named,
  partOf,
  pieces,
  tokens,
  unnamed,
  zeros,
  written,
  type Json,
  type StreamEvent,
} from './stream-inputs.ts';

export interface Answer {
  readonly format: UsageFormat;
  /** The provider and the kind of API, as @pydantic/genai-prices names them. */
  readonly source: { readonly provider: string; readonly flavor: string };
  readonly id: string | null;
  readonly model: string;
  /** The answer as one body: what the other reader gets. */
  readonly body: Json;
  /** Null: this format never streams. */
  readonly events: readonly StreamEvent[] | null;
  /** How many of the events a stream has that broke off just before its end. */
  readonly openEvents: number;
}

/** An answer on its way: the text that is sent, and where it is cut. */
export interface Sent {
  readonly answer: Answer;
  readonly streaming: boolean;
  readonly text: string;
  /** The same, broken off just before its end; null for a body. */
  readonly open: string | null;
  readonly cuts: readonly number[];
}

export function sent(answers: fc.Arbitrary<Answer>): fc.Arbitrary<Sent> {
  return fc
    .record({ answer: answers, streams: fc.nat(3), framing, indent: fc.constantFrom(undefined, 2), cuts })
    .map(({ answer, streams, framing: how, indent, cuts: at }) => {
      const streaming = answer.events !== null && streams > 0;
      const text = streaming ? frame(answer.events ?? [], how) : JSON.stringify(answer.body, null, indent);
      const open = streaming ? frame((answer.events ?? []).slice(0, answer.openEvents), how) : null;
      return { answer, streaming, text, open, cuts: at };
    });
}

const anthropicCounts = fc
  .record({ input: tokens, read: tokens, write: tokens, output: tokens })
  .chain((counts) =>
    fc.tuple(partOf(counts.write), partOf(counts.output)).map(([hour, thinking]) => ({ ...counts, hour, thinking })),
  );

const anthropic: fc.Arbitrary<Answer> = fc
  .record({
    counts: anthropicCounts,
    /** Which cache fields there are: none, the sum, the sum and its parts, the parts alone. */
    cache: fc.constantFrom('none', 'null', 'sum', 'both', 'both', 'parts'),
    /** Whether a gateway says everything at the end, and what `message_delta` says of the input. */
    late: fc.boolean(),
    repeats: fc.constantFrom('absent', 'null', 'value'),
    deltas: fc.integer({ min: 1, max: 3 }),
    details: fc.boolean(),
    pieces,
    id,
    model: modelName,
  })
  .map(({ counts, cache, late, repeats, deltas, details, pieces: said, id: answerId, model }) => {
    const parts = {
      ephemeral_5m_input_tokens: counts.write - counts.hour,
      ephemeral_1h_input_tokens: counts.hour,
    };
    const hasSum = cache === 'sum' || cache === 'both';
    const hasParts = cache === 'both' || cache === 'parts';
    const input: Json = {
      input_tokens: counts.input,
      ...(cache === 'none'
        ? {}
        : {
            cache_creation_input_tokens: hasSum ? counts.write : null,
            cache_read_input_tokens: cache === 'null' ? null : counts.read,
            cache_creation: hasParts ? parts : null,
          }),
    };
    const thinking = details ? { output_tokens_details: { thinking_tokens: counts.thinking } } : {};
    const rest = { service_tier: 'standard', server_tool_use: null, inference_geo: 'global' };
    const usage = { ...input, output_tokens: counts.output, ...thinking, ...rest };
    const message = { id: answerId, type: 'message', role: 'assistant', model, stop_sequence: null };
    const start = late ? { input_tokens: 0, output_tokens: 0 } : { ...input, output_tokens: 1, ...rest };
    const events = [
      named({ type: 'message_start', message: { ...message, content: [], stop_reason: null, usage: start } }),
      named({ type: 'ping' }),
      named({ type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '' } }),
      ...said.map((text) => named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
      named({ type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"usage":' } }),
      named({ type: 'content_block_stop', index: 0 }),
      ...Array.from({ length: deltas }, (_, n) => {
        const last = n === deltas - 1;
        const again = last && late ? input : repeatOf(input, repeats, late);
        const made = last ? counts.output : Math.floor((counts.output * n) / deltas);
        return named({
          type: 'message_delta',
          delta: { stop_reason: last ? 'end_turn' : null, stop_sequence: null },
          usage: { ...again, output_tokens: made, ...(last ? thinking : { output_tokens_details: null }) },
        });
      }),
      named({ type: 'message_stop' }),
    ];
    return {
      format: 'anthropic-messages',
      source: { provider: 'anthropic', flavor: 'default' },
      id: answerId,
      model,
      body: { ...message, content: said.map((text) => ({ type: 'text', text })), stop_reason: 'end_turn', usage },
      events,
      openEvents: events.length - 1,
    };
  });

function repeatOf(input: Json, repeats: string, late: boolean): Json {
  if (repeats === 'absent' || late) return {};
  return repeats === 'value' ? input : Object.fromEntries(Object.keys(input).map((key) => [key, null]));
}

interface OpenAiCounts {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  readonly write: number;
  readonly reasoning: number;
  readonly zeros: 'number' | 'absent';
  readonly details: 'object' | 'null' | 'absent';
}

const openAiCounts: fc.Arbitrary<OpenAiCounts> = fc
  .record({ input: tokens, output: tokens, zeros, details: fc.constantFrom('object', 'object', 'null', 'absent') })
  .chain((counts) => fc.tuple(partOf(counts.input), partOf(counts.output)).map((parts) => ({ counts, parts })))
  .chain(({ counts, parts: [cached, reasoning] }) =>
    partOf(counts.input - cached).map((write) => ({ ...counts, cached, reasoning, write })),
  );

/** The two detail objects under the names that an API has for them. */
function detailsOf(
  { cached, write, reasoning, zeros: style, details }: OpenAiCounts,
  of: readonly [string, string],
): Json {
  const [input, output] = of;
  if (details === 'absent') return {};
  if (details === 'null') return { [input]: null, [output]: null };
  return {
    [input]: { ...written({ cached_tokens: cached, cache_write_tokens: write }, style), audio_tokens: 0 },
    [output]: written({ reasoning_tokens: reasoning }, style),
  };
}

function choice(delta: Json, finish: string | null = null): Json {
  return { index: 0, delta, finish_reason: finish };
}

type ChatHost = 'openai' | 'openrouter' | 'cloudflare';

function chat(host: ChatHost): fc.Arbitrary<Answer> {
  return fc
    .record({
      counts: openAiCounts,
      /** What chunks before the last one say about usage. */
      before: fc.constantFrom('absent', 'null', 'running'),
      withChoices: fc.boolean(),
      after: fc.boolean(),
      pieces,
      id,
      model: modelName,
    })
    .map(({ counts: drawn, before, withChoices, after, pieces: said, id: answerId, model }) => {
      // Workers AI has no price for writing to its cache and does not count it.
      const counts = host === 'cloudflare' ? { ...drawn, write: 0 } : drawn;
      const usageOf = (output: number): Json => ({
        prompt_tokens: counts.input,
        completion_tokens: output,
        total_tokens: counts.input + output,
        ...detailsOf({ ...counts, reasoning: Math.min(counts.reasoning, output) }, [
          'prompt_tokens_details',
          'completion_tokens_details',
        ]),
        ...(host === 'openrouter'
          ? { cost: 0.0123, is_byok: false, cost_details: { upstream_inference_cost: null } }
          : {}),
      });
      const usage = usageOf(counts.output);
      const head = { id: answerId, created: 0, model, ...(host === 'openrouter' ? { provider: 'Somebody' } : {}) };
      const chunk = (choices: readonly Json[], more: Json): StreamEvent =>
        unnamed({ ...head, object: 'chat.completion.chunk', choices, ...more });
      const none: Json = before === 'absent' ? {} : { usage: null };
      const events = [
        chunk([choice({ role: 'assistant', content: '' })], none),
        ...said.map((content, n) =>
          chunk([choice({ content })], before === 'running' ? { usage: usageOf(Math.min(n, counts.output)) } : none),
        ),
        chunk([choice({ tool_calls: [{ index: 0, function: { arguments: '{"usage":{"' } }] })], none),
        chunk([choice({}, 'stop')], none),
        chunk(withChoices ? [choice({ content: '' }, 'stop')] : [], { usage }),
        ...(after ? [chunk([], none)] : []),
        { name: null, data: '[DONE]' },
      ];
      const message = { role: 'assistant', content: said.join('') };
      return {
        format: 'openai-chat',
        source: { provider: host, flavor: 'chat' },
        id: answerId,
        model,
        body: { ...head, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }], usage },
        events,
        openEvents: events.length - 1,
      };
    });
}

const responses: fc.Arbitrary<Answer> = fc
  .record({
    counts: openAiCounts,
    end: fc.constantFrom('completed', 'incomplete', 'failed'),
    pieces,
    id,
    model: modelName,
  })
  .map(({ counts, end, pieces: said, id: answerId, model }) => {
    const usage = {
      input_tokens: counts.input,
      output_tokens: counts.output,
      total_tokens: counts.input + counts.output,
      ...detailsOf(counts, ['input_tokens_details', 'output_tokens_details']),
    };
    const response = { id: answerId, object: 'response', model, service_tier: 'default' };
    const body = { ...response, status: end, output: said.map((text) => ({ type: 'output_text', text })), usage };
    const begun = { ...response, status: 'in_progress', output: [], usage: null };
    const events = [
      named({ type: 'response.created', response: begun }),
      named({ type: 'response.in_progress', response: begun }),
      ...said.map((delta) => named({ type: 'response.output_text.delta', output_index: 0, delta })),
      named({ type: 'response.function_call_arguments.delta', delta: '{"usage":{"input_tokens":1}}' }),
      named({ type: `response.${end}`, response: body }),
    ];
    return {
      format: 'openai-responses',
      source: { provider: 'openai', flavor: 'responses' },
      id: answerId,
      model,
      body,
      events: events.map(({ name, data }, n) => ({ name, data: `${data.slice(0, -1)},"sequence_number":${n}}` })),
      openEvents: events.length - 1,
    };
  });

const embeddings: fc.Arbitrary<Answer> = fc.record({ input: tokens, model: modelName }).map(({ input, model }) => ({
  format: 'openai-embeddings',
  source: { provider: 'openai', flavor: 'embeddings' },
  id: null,
  model,
  body: { object: 'list', data: [], model, usage: { prompt_tokens: input, total_tokens: input } },
  events: null,
  openEvents: 0,
}));

/** Every format of every provider that is open, by the name that is printed. */
export const answers: Readonly<Record<string, fc.Arbitrary<Answer>>> = {
  'anthropic messages': anthropic,
  'openai chat': chat('openai'),
  'openai responses': responses,
  'openai embeddings': embeddings,
  'google gemini': geminiAnswer,
  'openrouter chat': chat('openrouter'),
  'workers-ai chat': chat('cloudflare'),
};
