import { extractUsage, findProvider } from '@pydantic/genai-prices';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { meter, sse } from '../../../../../test/support/metered-text.ts';
import { createUsageMeter, type MeterResult, type UsageFormat } from './usage-meter.ts';
import { inputTokensTotal, noUsage } from './usage.ts';

const encoder = new TextEncoder();
const formats = [
  'anthropic-messages',
  'openai-chat',
  'openai-responses',
  'openai-embeddings',
  'google-gemini',
] as const;

const anthropicStream = sse(
  {
    type: 'message_start',
    message: {
      id: 'msg_01',
      model: 'claude-sonnet-4-6',
      usage: {
        input_tokens: 25,
        cache_creation_input_tokens: 1000,
        cache_read_input_tokens: 5000,
        cache_creation: { ephemeral_5m_input_tokens: 600, ephemeral_1h_input_tokens: 400 },
        output_tokens: 1,
        service_tier: 'standard',
      },
    },
  },
  { type: 'ping' },
  {
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'text_delta', text: 'Grüße 🌊 {"usage":{"output_tokens":9}}' },
  },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 40, input_tokens: null } },
  { type: 'message_delta', delta: {}, usage: { output_tokens: 60, output_tokens_details: { thinking_tokens: 12 } } },
  { type: 'message_stop' },
);
const anthropicUsage = { input: 25, cacheRead: 5000, cacheWrite5m: 600, cacheWrite1h: 400, output: 60, reasoning: 12 };

const chatUsage = {
  prompt_tokens: 100,
  completion_tokens: 30,
  total_tokens: 130,
  prompt_tokens_details: { cached_tokens: 64, cache_write_tokens: 16, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 10, audio_tokens: 0 },
};
const chatStream = sse(
  JSON.stringify({
    id: 'chatcmpl-1',
    model: 'gpt-4o-2024-08-06',
    choices: [{ delta: { content: 'Hi' } }],
    usage: null,
  }),
  JSON.stringify({ id: 'chatcmpl-1', model: 'gpt-4o-2024-08-06', choices: [{ delta: {}, finish_reason: 'stop' }] }),
  JSON.stringify({ id: 'chatcmpl-1', model: 'gpt-4o-2024-08-06', choices: [], usage: chatUsage }),
  '[DONE]',
);
const chatExpected = { input: 20, cacheRead: 64, cacheWrite5m: 16, cacheWrite1h: 0, output: 30, reasoning: 10 };

const responsesUsage = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 64, cache_write_tokens: 16 },
  output_tokens: 30,
  output_tokens_details: { reasoning_tokens: 10 },
  total_tokens: 130,
};
function responsesStream(end: string, usage: unknown = responsesUsage): string {
  return sse(
    { type: 'response.created', response: { id: 'resp_1', model: 'gpt-5.5', usage: null } },
    { type: 'response.output_text.delta', delta: 'the word "type":"response.completed" in a text' },
    { type: end, response: { id: 'resp_1', model: 'gpt-5.5', usage } },
  );
}

describe('a streamed answer', () => {
  it.each<[UsageFormat, string, MeterResult['usage'], string, string]>([
    ['anthropic-messages', anthropicStream, anthropicUsage, 'msg_01', 'claude-sonnet-4-6'],
    ['openai-chat', chatStream, chatExpected, 'chatcmpl-1', 'gpt-4o-2024-08-06'],
    ['openai-responses', responsesStream('response.completed'), chatExpected, 'resp_1', 'gpt-5.5'],
  ])('of %s gives the same usage split at every byte', (format, text, usage, responseId, model) => {
    for (let cut = 0; cut <= encoder.encode(text).length; cut += 1) {
      const found = meter(format, text, [cut]);
      expect(found).toMatchObject({ usage, complete: true, responseId, model, unpriced: [] });
    }
  });

  it.each<[string, (text: string) => string]>([
    ['CRLF', (text) => text.replaceAll('\n', '\r\n')],
    ['CR', (text) => text.replaceAll('\n', '\r')],
    ['no space after data:', (text) => text.replaceAll('data: ', 'data:')],
    ['comments and unknown fields between', (text) => text.replaceAll('data:', ': keep-alive\nretry: 3\nid: 7\ndata:')],
    ['no blank line at the end', (text) => text.trimEnd()],
    ['a byte order of its own', (text) => text.replaceAll('event: message_delta\n', '')],
    ['JSON over several data lines', (text) => text.replaceAll('"usage":', '"usage":\ndata: ')],
    [
      'JSON over several data lines that end in CRLF',
      (text) => text.replaceAll('"usage":', '"usage":\ndata: ').replaceAll('\n', '\r\n'),
    ],
  ])('is read with %s, split anywhere', (_name, change) => {
    fc.assert(
      fc.property(
        fc.constantFrom<[UsageFormat, string, MeterResult['usage']]>(
          ['anthropic-messages', anthropicStream, anthropicUsage],
          ['openai-chat', chatStream, chatExpected],
          ['openai-responses', responsesStream('response.completed'), chatExpected],
        ),
        fc.array(fc.nat(2000), { maxLength: 20 }),
        ([format, text, usage], cuts) => {
          const bytes = encoder.encode(change(text)).length;
          expect(
            meter(
              format,
              change(text),
              cuts.map((cut) => Math.min(cut, bytes)),
            ),
          ).toMatchObject({ usage, complete: true });
        },
      ),
    );
  });

  it.each(['response.incomplete', 'response.failed'])('of the responses API may end with %s', (end) => {
    expect(meter('openai-responses', responsesStream(end))).toMatchObject({ usage: chatExpected, complete: true });
    expect(meter('openai-responses', responsesStream(end, null))).toMatchObject({ usage: null, complete: true });
  });

  it('takes an explicit zero as a usage', () => {
    const zero = {
      ...chatUsage,
      prompt_tokens: 0,
      completion_tokens: 0,
      prompt_tokens_details: {},
      completion_tokens_details: {},
    };
    const text = sse(JSON.stringify({ id: 'c', model: 'm', choices: [], usage: zero }), '[DONE]');
    expect(meter('openai-chat', text)).toMatchObject({ usage: noUsage, complete: true });
  });

  it('takes a chat usage that comes with choices', () => {
    const text = sse(JSON.stringify({ id: 'c', model: 'm', choices: [{ delta: {} }], usage: chatUsage }), '[DONE]');
    expect(meter('openai-chat', text).usage).toEqual(chatExpected);
  });

  it('keeps what a gateway said only at the end', () => {
    const text = sse(
      { type: 'message_start', message: { id: 'm', model: 'x', usage: { input_tokens: 0, output_tokens: 0 } } },
      { type: 'message_delta', delta: {}, usage: { input_tokens: 7, cache_read_input_tokens: 3, output_tokens: 5 } },
      { type: 'message_stop' },
    );
    expect(meter('anthropic-messages', text).usage).toEqual({ ...noUsage, input: 7, cacheRead: 3, output: 5 });
  });
});

describe('an answer that breaks off', () => {
  it('is incomplete at every cut before its end, and knows what was said until there', () => {
    const bytes = encoder.encode(anthropicStream);
    const ends = anthropicStream.indexOf('event: message_stop');
    for (let cut = 0; cut < ends; cut += 7) {
      const one = createUsageMeter('anthropic-messages', true);
      one.push(bytes.subarray(0, cut));
      const found = one.finish();
      expect(found.complete).toBe(false);
      if (found.usage) expect(found.usage).toMatchObject({ input: 25, cacheRead: 5000, cacheWrite1h: 400 });
    }
  });

  it('has no usage when none was said', () => {
    const chat = meter('openai-chat', chatStream.slice(0, 200));
    expect(chat).toMatchObject({ usage: null, complete: false, responseId: 'chatcmpl-1', model: 'gpt-4o-2024-08-06' });
    const begun = responsesStream('response.completed').slice(0, 200);
    expect(meter('openai-responses', begun)).toMatchObject({ usage: null, responseId: 'resp_1', model: 'gpt-5.5' });
  });
});

describe('bounds', () => {
  it('skips an event that is too long, says so, and reads on', () => {
    const long = sse({ type: 'content_block_delta', delta: { text: 'x'.repeat(20_000) } });
    expect(meter('anthropic-messages', anthropicStream.replace('event: ping', `${long}event: ping`))).toMatchObject({
      usage: anthropicUsage,
      complete: false,
    });
  });

  it('skips an event of many lines that is too long together', () => {
    const long = `${'data: x\n'.repeat(6_000)}\n`;
    expect(meter('anthropic-messages', long + anthropicStream)).toMatchObject({
      usage: anthropicUsage,
      complete: false,
    });
  });

  it('holds no more than one event however long a line goes on', () => {
    const one = createUsageMeter('anthropic-messages', true, { eventBytesMax: 1000, bodyBytesMax: 1000 });
    const chunk = encoder.encode('x'.repeat(100_000));
    one.push(encoder.encode('data: '));
    for (let n = 0; n < 200; n += 1) one.push(chunk);
    one.push(encoder.encode(`\n\n${anthropicStream}`));
    expect(one.finish()).toMatchObject({ usage: anthropicUsage, complete: false });
  });

  it('does not keep a body that is too long', () => {
    const body = JSON.stringify({ id: 'x', pad: 'x'.repeat(20_000), usage: chatUsage });
    expect(meter('openai-chat', body, [5], false)).toMatchObject({ usage: null, complete: false });
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<UsageFormat>(...formats),
        fc.boolean(),
        fc.array(
          fc.oneof(
            fc.uint8Array({ maxLength: 60 }),
            fc.json().map((text) => encoder.encode(`data: ${text}\n\n`)),
          ),
        ),
        (format, streaming, chunks) => {
          const one = createUsageMeter(format, streaming);
          for (const chunk of chunks) one.push(chunk);
          expect(one.finish()).toBeTypeOf('object');
        },
      ),
    );
  });
});

describe('a whole answer', () => {
  it.each<[UsageFormat, string, string, unknown, MeterResult['usage']]>([
    [
      'anthropic-messages',
      'anthropic',
      'default',
      {
        input_tokens: 25,
        cache_creation_input_tokens: 1000,
        cache_read_input_tokens: 5000,
        cache_creation: { ephemeral_5m_input_tokens: 600, ephemeral_1h_input_tokens: 400 },
        output_tokens: 60,
        output_tokens_details: { thinking_tokens: 12 },
      },
      anthropicUsage,
    ],
    ['openai-chat', 'openai', 'chat', chatUsage, chatExpected],
    ['openai-responses', 'openai', 'responses', responsesUsage, chatExpected],
  ])('of %s is read as an independent package reads it', (format, providerId, flavor, usage, expected) => {
    const body = { id: 'r1', model: 'm1', usage };
    const found = meter(format, JSON.stringify(body), [3, 17], false);
    expect(found).toMatchObject({ usage: expected, complete: true, responseId: 'r1', model: 'm1' });
    const provider = findProvider({ providerId });
    const theirs = provider ? extractUsage(provider, body, flavor).usage : {};
    expect(theirs).toMatchObject({
      input_tokens: found.usage && inputTokensTotal(found.usage),
      output_tokens: found.usage?.output,
      cache_read_tokens: found.usage?.cacheRead,
    });
  });

  it('of embeddings is input only', () => {
    const body = JSON.stringify({ object: 'list', model: 'e', usage: { prompt_tokens: 8, total_tokens: 8 } });
    expect(meter('openai-embeddings', body, [], false)).toMatchObject({
      usage: { ...noUsage, input: 8 },
      complete: true,
    });
  });

  it.each([['-1'], ['1.5'], ['"7"'], ['1e12'], ['null']])('with the count %s has no usage', (count) => {
    const body = `{"usage":{"prompt_tokens":${count},"completion_tokens":1}}`;
    expect(meter('openai-chat', body, [], false).usage).toBeNull();
  });
});
