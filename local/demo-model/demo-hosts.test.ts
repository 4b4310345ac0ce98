/** The demo model as Google, OpenRouter and Workers AI: the usage of its streams is the usage of its own log. */
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startDemoModel, type DemoModel } from './main.ts';
import { LogEntry } from './request-log.ts';

let model: DemoModel;

beforeEach(async () => {
  model = await startDemoModel({ port: 0, logFile: null, pieceDelayMs: 0, slowPieceDelayMs: 0 });
});
afterEach(() => model.close());

async function newestLog(): Promise<LogEntry> {
  const response = await fetch(`${model.baseUrl}/logs`);
  const [entry] = z.object({ result: z.array(LogEntry) }).parse(await response.json()).result;
  if (!entry) throw new Error('nothing was logged');
  return entry;
}

const Answer = z.looseObject({
  candidates: z
    .array(
      z.looseObject({
        content: z.looseObject({
          role: z.literal('model'),
          parts: z.array(z.looseObject({ text: z.string().optional(), functionCall: z.unknown().optional() })),
        }),
        finishReason: z.string().optional(),
      }),
    )
    .length(1),
  usageMetadata: z.looseObject({ promptTokenCount: z.number(), totalTokenCount: z.number() }),
  modelVersion: z.string(),
  responseId: z.string(),
});
type Answer = z.infer<typeof Answer>;

const textOf = (answers: readonly Answer[]): string =>
  answers
    .flatMap(({ candidates }) => candidates.flatMap(({ content }) => content.parts.map(({ text = '' }) => text)))
    .join('');

describe('gemini', () => {
  const asked = (text: string): object => ({ contents: [{ role: 'user', parts: [{ text }] }] });

  function call(body: object, method: string, name = 'gemini-2.5-flash'): Promise<Response> {
    const url = `${model.baseUrl}/google-ai-studio/v1beta/models/${name}:${method}${method.startsWith('s') ? '?alt=sse' : ''}`;
    return fetch(url, { method: 'POST', body: JSON.stringify(body) });
  }

  async function streamed(body: object): Promise<Answer[]> {
    const response = await call(body, 'streamGenerateContent');
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const events = (await response.text()).split('\r\n\r\n').filter((event) => event !== '');
    return events.map((event) => Answer.parse(JSON.parse(event.replace(/^data: /, ''))));
  }

  it('streams an answer of which every chunk has the usage so far, the last one that of the log', async () => {
    const chunks = await streamed(asked('Hello'));
    const whole = Answer.parse(await (await call(asked('Hello'), 'generateContent')).json());
    expect(textOf(chunks)).toMatch(/^Hello! I am Tidepool's built-in demo model/);
    expect(textOf([whole])).toBe(textOf(chunks));
    expect(chunks.map(({ candidates: [one] }) => one?.finishReason).filter((end) => end !== undefined)).toEqual([
      'STOP',
    ]);
    const { usageMetadata } = chunks.at(-1) ?? {};
    expect(whole.usageMetadata).toEqual(usageMetadata);
    expect(await newestLog()).toMatchObject({
      provider: 'google',
      tokens_in: usageMetadata?.promptTokenCount,
      tokens_out: usageMetadata?.['candidatesTokenCount'],
    });
    expect((await newestLog()).cost).toBeGreaterThan(0);
  });

  it('calls a function that is declared and uses what it answered', async () => {
    const tools = [{ functionDeclarations: [{ name: 'exec', parametersJsonSchema: { properties: { command: {} } } }] }];
    const first = await streamed({ ...asked('What time is it?'), tools });
    const parts = first.flatMap(({ candidates }) => candidates.flatMap(({ content }) => content.parts));
    expect(parts.filter(({ functionCall }) => functionCall)).toEqual([
      { functionCall: { name: 'exec', args: { command: 'date' } } },
    ]);
    const contents = [
      { role: 'user', parts: [{ text: 'What time is it?' }] },
      { role: 'model', parts },
      { role: 'user', parts: [{ functionResponse: { name: 'exec', response: { output: 'Sat Nov 21 09:00' } } }] },
    ];
    expect(textOf(await streamed({ contents, tools }))).toContain('Sat Nov 21 09:00');
  });

  it('keeps to maxOutputTokens and says so', async () => {
    const chunks = await streamed({ ...asked('count to 100'), generationConfig: { maxOutputTokens: 7 } });
    const last = chunks.at(-1);
    expect([last?.candidates[0]?.finishReason, last?.usageMetadata['candidatesTokenCount']]).toEqual(['MAX_TOKENS', 7]);
  });

  it('reads its cache by itself', async () => {
    const long = asked('word '.repeat(3000));
    await streamed(long);
    const cached = (await streamed(long)).at(-1)?.usageMetadata['cachedContentTokenCount'];
    expect(cached).toBeGreaterThan(1024);
    expect((await newestLog()).cache_read_tokens).toBe(cached);
  });

  it('refuses what is malformed or unknown in its own words', async () => {
    expect(await (await call({ contents: [] }, 'generateContent')).json()).toMatchObject({
      error: { code: 400, status: 'INVALID_ARGUMENT' },
    });
    expect(await (await call(asked('x'), 'generateContent', 'palm-9')).json()).toMatchObject({
      error: { code: 404, status: 'NOT_FOUND' },
    });
  });
});

describe.each([
  ['openrouter', 'anthropic/claude-sonnet-4.6'],
  ['workers-ai', '@cf/openai/gpt-oss-120b'],
])('%s', (provider, name) => {
  it('streams chat as the vendor client of OpenAI reads it, with the usage of its log', async () => {
    const openai = new OpenAI({ baseURL: `${model.baseUrl}/${provider}/v1`, apiKey: 'unused', maxRetries: 0 });
    const body = { model: name, messages: [{ role: 'user' as const, content: 'Hello' }] };
    const stream = openai.chat.completions.stream({ ...body, stream_options: { include_usage: true } });
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]?.message.content).toMatch(/demo model/);
    const entry = await newestLog();
    expect(entry).toMatchObject({
      provider,
      tokens_in: completion.usage?.prompt_tokens,
      tokens_out: completion.usage?.completion_tokens,
    });
    expect(entry.cost).toBeGreaterThan(0);
    const whole = await openai.chat.completions.create(body);
    expect(whole.usage).toEqual(completion.usage);
    const said = z.looseObject({ cost: z.number().optional() }).parse(whole.usage).cost;
    expect(said).toBe(provider === 'openrouter' ? entry.cost : undefined);
  });
});
