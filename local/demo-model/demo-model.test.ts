/** The vendors' own clients talk to the demo model: what they cannot parse, a real client would not have understood. */
import Anthropic, { APIUserAbortError, BadRequestError, NotFoundError } from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { calcPrice } from '@pydantic/genai-prices';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startDemoModel, type DemoModel } from './main.ts';
import { LogEntry } from './request-log.ts';

let model: DemoModel;
let anthropic: Anthropic;
let openai: OpenAI;

beforeEach(async () => {
  model = await startDemoModel({ port: 0, logFile: null, pieceDelayMs: 0, slowPieceDelayMs: 20 });
  anthropic = new Anthropic({ baseURL: `${model.baseUrl}/anthropic`, apiKey: 'unused', maxRetries: 0 });
  openai = new OpenAI({ baseURL: `${model.baseUrl}/openai`, apiKey: 'unused', maxRetries: 0 });
});

afterEach(() => model.close());

const Logs = z.object({
  success: z.literal(true),
  result: z.array(LogEntry),
  result_info: z.object({ total_count: z.number() }),
});

async function logs(query = ''): Promise<LogEntry[]> {
  const response = await fetch(`${model.baseUrl}/logs${query}`);
  return Logs.parse(await response.json()).result;
}

async function newestLog(): Promise<LogEntry> {
  const [entry] = await logs();
  if (!entry) throw new Error('nothing was logged');
  return entry;
}

const execTool = {
  name: 'exec',
  description: 'Run a shell command',
  properties: { command: { type: 'string' }, title: { type: 'string' } },
};

const anthropicTools: Anthropic.Tool[] = [
  { name: execTool.name, input_schema: { type: 'object', properties: execTool.properties } },
];

function ask(text: string): Anthropic.MessageParam[] {
  return [{ role: 'user', content: text }];
}

describe('anthropic messages', () => {
  it('streams what the vendor client accumulates, with the usage of its log', async () => {
    const stream = anthropic.messages.stream({ model: 'claude-sonnet-4-6', max_tokens: 1000, messages: ask('Hello') });
    const kinds: string[] = [];
    for await (const event of stream) kinds.push(event.type);
    const message = await stream.finalMessage();
    expect(kinds.filter((kind, n) => kind !== kinds[n - 1])).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    const [block] = message.content;
    expect(block?.type === 'text' ? block.text : '').toMatch(
      /^Hello! I am Tidepool's built-in demo model.*ANTHROPIC_API_KEY/s,
    );
    expect(message.stop_reason).toBe('end_turn');
    expect(await newestLog()).toMatchObject({
      id: message.id,
      tokens_in: message.usage.input_tokens,
      tokens_out: message.usage.output_tokens,
      aborted: false,
    });
  });

  it('answers the same without streaming', async () => {
    const body = { model: 'claude-sonnet-4-6', max_tokens: 1000, messages: ask('Hello') } as const;
    const [whole, streamed] = [
      await anthropic.messages.create(body),
      await anthropic.messages.stream(body).finalMessage(),
    ];
    expect([whole.content, whole.usage]).toEqual([streamed.content, streamed.usage]);
  });

  it('calls a tool that is offered and uses what it answered', async () => {
    const body = { model: 'claude-sonnet-4-6', max_tokens: 1000, tools: anthropicTools };
    const first = await anthropic.messages.stream({ ...body, messages: ask('What time is it?') }).finalMessage();
    const call = first.content.find((block) => block.type === 'tool_use');
    expect(first.stop_reason).toBe('tool_use');
    expect(call).toMatchObject({ name: 'exec', input: { command: 'date', title: 'Let me look at the clock.' } });
    const messages: Anthropic.MessageParam[] = [
      ...ask('What time is it?'),
      { role: 'assistant', content: first.content },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: call?.id ?? '', content: 'Sat Nov 21 09:00' }] },
    ];
    const second = await anthropic.messages.create({ ...body, messages });
    expect(second.content).toMatchObject([
      { type: 'text', text: expect.stringContaining('Sat Nov 21 09:00') as string },
    ]);
  });

  it('does not call a tool that is not offered', async () => {
    const message = await anthropic.messages.create({
      model: 'claude-sonnet-4-6',
      max_tokens: 1000,
      messages: ask('What time is it?'),
    });
    expect(message.stop_reason).toBe('end_turn');
  });

  it('keeps to max_tokens', async () => {
    const message = await anthropic.messages
      .stream({ model: 'claude-sonnet-4-6', max_tokens: 7, messages: ask('count to 100') })
      .finalMessage();
    expect(message.stop_reason).toBe('max_tokens');
    expect(message.usage.output_tokens).toBe(7);
  });

  it('writes its cache where it is told and reads it the next time', async () => {
    const system: Anthropic.TextBlockParam[] = [
      { type: 'text', text: 'You are helpful. '.repeat(400), cache_control: { type: 'ephemeral', ttl: '1h' } },
    ];
    const body = { model: 'claude-sonnet-4-6', max_tokens: 100, system, messages: ask('Hello') };
    const [first, second] = [await anthropic.messages.create(body), await anthropic.messages.create(body)];
    const written = first.usage.cache_creation?.ephemeral_1h_input_tokens ?? 0;
    expect(written).toBeGreaterThan(1000);
    expect(second.usage).toMatchObject({ cache_read_input_tokens: written, cache_creation_input_tokens: 0 });
    expect(second.usage.input_tokens).toBe(first.usage.input_tokens);
    const entries = await logs();
    const usage = {
      input_tokens: entries[0]?.tokens_in ?? 0,
      cache_read_tokens: written,
      output_tokens: second.usage.output_tokens,
    };
    expect(entries[0]?.cost).toBe(calcPrice(usage, body.model, { providerId: 'anthropic' })?.total_price);
    expect(entries[1]?.cost).toBeGreaterThan(entries[0]?.cost ?? 0);
  });

  it('refuses what is malformed or unknown, as the vendor client expects it', async () => {
    await expect(anthropic.messages.create({ model: 'claude-9', max_tokens: 10, messages: ask('x') })).rejects.toThrow(
      NotFoundError,
    );
    await expect(
      anthropic.messages.create({ model: 'claude-sonnet-4-6', max_tokens: -1, messages: ask('x') }),
    ).rejects.toThrow(BadRequestError);
  });
});

describe('openai chat completions', () => {
  const body = {
    model: 'gpt-4o',
    messages: [{ role: 'user', content: 'Hello' }],
  } satisfies OpenAI.ChatCompletionCreateParams;

  it('streams what the vendor client accumulates, with the usage of its log', async () => {
    const stream = openai.chat.completions.stream({ ...body, stream_options: { include_usage: true } });
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]?.message.content).toMatch(/demo model/);
    expect(completion.choices[0]?.finish_reason).toBe('stop');
    const { usage } = completion;
    expect(await newestLog()).toMatchObject({ tokens_in: usage?.prompt_tokens, tokens_out: usage?.completion_tokens });
    const whole = await openai.chat.completions.create(body);
    expect(whole.choices[0]?.message.content).toBe(completion.choices[0]?.message.content);
    expect(whole.usage).toEqual(usage);
  });

  it('sends no usage that was not asked for', async () => {
    const stream = await openai.chat.completions.create({ ...body, stream: true });
    for await (const chunk of stream) {
      expect(chunk.usage).toBeUndefined();
      expect(chunk.choices).toHaveLength(1);
    }
  });

  it('calls a tool that is offered', async () => {
    const tools: OpenAI.ChatCompletionTool[] = [
      { type: 'function', function: { name: 'exec', parameters: { type: 'object', properties: execTool.properties } } },
    ];
    const completion = await openai.chat.completions
      .stream({ ...body, messages: [{ role: 'user', content: 'run `uname -a`' }], tools })
      .finalChatCompletion();
    const [call] = completion.choices[0]?.message.tool_calls ?? [];
    expect(completion.choices[0]?.finish_reason).toBe('tool_calls');
    expect(call?.type === 'function' ? JSON.parse(call.function.arguments) : null).toMatchObject({
      command: 'uname -a',
    });
  });

  it('reads its cache by itself, in steps', async () => {
    const long = { ...body, messages: [{ role: 'user' as const, content: 'word '.repeat(3000) }] };
    await openai.chat.completions.create(long);
    const second = await openai.chat.completions.create(long);
    const cached = second.usage?.prompt_tokens_details?.cached_tokens ?? 0;
    expect([cached > 1024, cached % 128]).toEqual([true, 0]);
  });
});

describe('openai responses', () => {
  const body = { model: 'gpt-5.5', input: 'Hello' } as const;

  it('streams what the vendor client accumulates, with the usage of its log', async () => {
    const stream = openai.responses.stream(body);
    const numbers: number[] = [];
    for await (const event of stream) if ('sequence_number' in event) numbers.push(event.sequence_number);
    const response = await stream.finalResponse();
    expect(numbers).toEqual(numbers.map((_, n) => n));
    expect(response.output_text).toMatch(/demo model/);
    expect(response.status).toBe('completed');
    expect(await newestLog()).toMatchObject({
      tokens_in: response.usage?.input_tokens,
      tokens_out: response.usage?.output_tokens,
    });
    expect((await openai.responses.create(body)).output_text).toBe(response.output_text);
  });

  it('calls a tool that is offered and uses what it answered', async () => {
    const tools: OpenAI.Responses.Tool[] = [
      {
        type: 'function',
        name: 'ls',
        strict: false,
        parameters: { type: 'object', properties: { path: { type: 'string' } } },
      },
    ];
    const first = await openai.responses.stream({ model: 'gpt-5.5', input: 'list files', tools }).finalResponse();
    const call = first.output.find((item) => item.type === 'function_call');
    expect(call).toMatchObject({ name: 'ls', arguments: '{"path":"."}' });
    const second = await openai.responses.create({
      model: 'gpt-5.5',
      tools,
      input: [
        { role: 'user', content: 'list files' },
        { type: 'function_call', call_id: call?.call_id ?? '', name: 'ls', arguments: '{"path":"."}' },
        { type: 'function_call_output', call_id: call?.call_id ?? '', output: 'notes.md' },
      ],
    });
    expect(second.output_text).toContain('notes.md');
  });

  it('keeps to max_output_tokens', async () => {
    const response = await openai.responses.create({ model: 'gpt-5.5', input: 'count to 100', max_output_tokens: 16 });
    expect([response.status, response.usage?.output_tokens]).toEqual(['incomplete', 16]);
  });
});

describe('openai embeddings', () => {
  it('puts texts with words in common near each other', async () => {
    const input = ['the harbour at low tide', 'low tide in the harbour', 'invoice for november'];
    const { data, usage } = await openai.embeddings.create({ model: 'text-embedding-3-small', input });
    const [a, b, c] = data.map((one) => one.embedding);
    expect(dot(a, b)).toBeGreaterThan(dot(a, c) + 0.3);
    expect(await newestLog()).toMatchObject({ tokens_in: usage.prompt_tokens, tokens_out: 0 });
  });
});

function dot(a: number[] = [], b: number[] = []): number {
  return a.reduce((sum, value, n) => sum + value * (b[n] ?? 0), 0);
}

describe('the log', () => {
  it('counts what was made until the client went away', async () => {
    const stream = anthropic.messages.stream({ model: 'claude-sonnet-4-6', max_tokens: 4000, messages: ask('slowly') });
    let text = '';
    try {
      for await (const event of stream) {
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
        if (text.includes('Step 3')) stream.abort();
      }
    } catch (error) {
      expect(error).toBeInstanceOf(APIUserAbortError);
    }
    await expect.poll(() => logs()).toHaveLength(1);
    const entry = await newestLog();
    expect(entry.aborted).toBe(true);
    expect(entry.tokens_out).toBeGreaterThanOrEqual(Math.ceil(text.length / 4));
    expect(entry.tokens_out).toBeLessThan(100);
  });

  it('finds a request by what its metadata says', async () => {
    for (const request of ['r1', 'r2']) {
      await anthropic.messages.create(
        { model: 'claude-sonnet-4-6', max_tokens: 10, messages: ask('Hello') },
        { headers: { 'cf-aig-metadata': JSON.stringify({ tenant: 't', request }) } },
      );
    }
    const filters = JSON.stringify([{ key: 'metadata.value', operator: 'eq', value: ['r1'] }]);
    const found = await logs(`?filters=${encodeURIComponent(filters)}`);
    expect(found.map((entry) => entry.metadata)).toEqual(['{"tenant":"t","request":"r1"}']);
  });

  it('lists a time, oldest first, page by page, without its ends', async () => {
    for (let i = 0; i < 3; i++) {
      await anthropic.messages.create({ model: 'claude-sonnet-4-6', max_tokens: 10, messages: ask('Hello') });
    }
    const [newest, , oldest] = await logs();
    const between = (after: string, before: string): string => {
      const filters = [
        { key: 'created_at', operator: 'gt', value: [after] },
        { key: 'created_at', operator: 'lt', value: [before] },
      ];
      return `filters=${encodeURIComponent(JSON.stringify(filters))}&order_by=created_at&order_by_direction=asc`;
    };
    const all = between('2026-01-01T00:00:00.000Z', '2999-01-01T00:00:00.000Z');
    const pages = [await logs(`?${all}&per_page=2`), await logs(`?${all}&per_page=2&page=2`)];
    expect(pages.map((page) => page.length)).toEqual([2, 1]);
    expect(pages[0]?.[0]?.id).toBe(oldest?.id);
    expect(pages[1]?.[0]?.id).toBe(newest?.id);
    expect(await logs(`?${between(newest?.created_at ?? '', '2999-01-01T00:00:00.000Z')}`)).toEqual([]);
    expect(await logs(`?${between('2026-01-01T00:00:00.000Z', oldest?.created_at ?? '')}`)).toEqual([]);
  });
});
