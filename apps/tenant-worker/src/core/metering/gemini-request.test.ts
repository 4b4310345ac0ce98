import { describe, expect, it } from 'vitest';
import { parseAiRequest, type AiRequest } from './ai-request.ts';
import type { AiRefusal } from './ai-error.ts';
import { findRoute } from './ai-route.ts';

const nowMs = Date.parse('2026-11-21T12:00:00Z');
const hello = [{ role: 'user', parts: [{ text: 'Hello' }] }];
const turn = { contents: hello, generationConfig: { maxOutputTokens: 1000 } };

function parse(body: unknown, path = '/v1beta/models/gemini-2.5-flash:generateContent'): AiRequest | AiRefusal {
  const route = findRoute('google', 'POST', path);
  if (!route) throw new Error('no route');
  const bodyText = typeof body === 'string' ? body : JSON.stringify(body);
  const parsed = parseAiRequest({ route, bodyText, bodyBytes: Buffer.byteLength(bodyText), nowMs });
  return parsed.ok ? parsed.value : parsed.error;
}

function accepted(body: unknown, path?: string): AiRequest {
  const parsed = parse(body, path);
  if ('code' in parsed) throw new Error(parsed.detail);
  return parsed;
}

const sent = (body: unknown): Record<string, unknown> =>
  JSON.parse(accepted(body).asked.body) as Record<string, unknown>;

describe('the path', () => {
  it.each([
    ['/v1beta/models/gemini-2.5-flash:generateContent', '/v1beta/models/gemini-2.5-flash:generateContent', false],
    ['/models/gemini-2.5-flash:generateContent', '/v1beta/models/gemini-2.5-flash:generateContent', false],
    ['/v1/models/gemini-2.5-pro:generateContent', '/v1beta/models/gemini-2.5-pro:generateContent', false],
    ['/v1beta/models/gemini-x:streamGenerateContent', '/v1beta/models/gemini-x:streamGenerateContent?alt=sse', true],
  ])('%s goes to %s', (path, upstreamPath, streaming) => {
    expect(findRoute('google', 'POST', path)).toMatchObject({ upstreamPath, named: { streaming } });
  });

  it.each([
    '/v1beta/models/gemini-2.5-flash:countTokens',
    '/v1beta/models/gemini-2.5-flash:embedContent',
    '/v1beta/models/gemini-2.5-flash:batchGenerateContent',
    '/v1beta/models/a/b:generateContent',
    '/v1beta/models/..:generateContent',
    '/v1beta/models/gemini%2f..:generateContent',
    '/v1beta/models/gemini-2.5-flash:generateContent/x',
    '/v1beta/tunedModels/mine:generateContent',
    '/v1beta/cachedContents',
    '/v1beta/models',
  ])('%s is not open', (path) => {
    expect(findRoute('google', 'POST', path)).toBeNull();
  });

  it('is POST only, and says the model and whether it streams', () => {
    const path = '/v1beta/models/gemini-2.5-pro:streamGenerateContent';
    expect(findRoute('google', 'GET', path)).toBeNull();
    expect(accepted({ ...turn, model: 'gemini-2.5-flash' }, path)).toMatchObject({
      model: 'gemini-2.5-pro',
      streaming: true,
      ignored: ['model'],
    });
  });
});

describe('what is refused', () => {
  const tool = (of: unknown): unknown => ({ ...turn, tools: [of] });
  const part = (one: unknown): unknown => ({ ...turn, contents: [{ role: 'user', parts: [one] }] });
  it.each<[string, unknown, AiRefusal['code']]>([
    ['Google search', tool({ googleSearch: {} }), 'ai_not_supported'],
    ['Google search, spelled otherwise', tool({ google_search: {} }), 'ai_not_supported'],
    ['old search', tool({ googleSearchRetrieval: {} }), 'ai_not_supported'],
    ['code execution', tool({ codeExecution: {} }), 'ai_not_supported'],
    ['addresses', tool({ urlContext: {} }), 'ai_not_supported'],
    ['a tool beside functions', tool({ functionDeclarations: [], googleMaps: {} }), 'ai_not_supported'],
    ['a stored cache', { ...turn, cachedContent: 'cachedContents/1' }, 'ai_not_supported'],
    ['a stored cache, spelled otherwise', { ...turn, cached_content: 'cachedContents/1' }, 'ai_not_supported'],
    ['a stored file', part({ fileData: { fileUri: 'https://x/files/1' } }), 'ai_not_supported'],
    ['a stored file, spelled otherwise', part({ file_data: { file_uri: 'gs://b/o' } }), 'ai_not_supported'],
    ['a file in the instruction', { ...turn, system_instruction: { parts: [{ fileData: {} }] } }, 'ai_not_supported'],
    [
      'a file in what a tool gave',
      part({ functionResponse: { name: 'x', parts: [{ fileData: {} }] } }),
      'ai_not_supported',
    ],
    ['sound', part({ inlineData: { mimeType: 'audio/wav', data: 'AA' } }), 'ai_not_supported'],
    ['video', part({ inline_data: { mime_type: 'Video/mp4', data: 'AA' } }), 'ai_not_supported'],
    ['spoken answers', { ...turn, generationConfig: { responseModalities: ['AUDIO'] } }, 'ai_not_supported'],
    [
      'painted answers',
      { contents: hello, generation_config: { response_modalities: ['TEXT', 'IMAGE'] } },
      'ai_not_supported',
    ],
    ['a voice', { ...turn, generationConfig: { speechConfig: {} } }, 'ai_not_supported'],
    ['one field in two spellings', { ...turn, generation_config: {} }, 'ai_request_invalid'],
    ['nine answers', { ...turn, generationConfig: { candidateCount: 9 } }, 'ai_request_invalid'],
    ['a bound of zero', { ...turn, generationConfig: { maxOutputTokens: 0 } }, 'ai_request_invalid'],
  ])('%s', (_name, body, code) => {
    expect(parse(body)).toMatchObject({ code });
  });

  it.each(['gemini-2.5-flash-image', 'gemini-2.5-flash-preview-tts', 'gemini-embedding-001', 'gemma-4-31b-it'])(
    'the model %s, which has another price or none',
    (model) => {
      expect(parse(turn, `/models/${model}:generateContent`)).toMatchObject({ code: 'ai_model_unpriced' });
    },
  );
});

describe('what goes upstream', () => {
  it('keeps what OpenClaw 2026.9.6 sends', () => {
    const asked = {
      contents: [
        ...hello,
        { role: 'model', parts: [{ functionCall: { name: 'exec', args: {} }, thoughtSignature: 'c2ln' }] },
        { role: 'user', parts: [{ functionResponse: { name: 'exec', response: { output: 'ok' } } }] },
      ],
      systemInstruction: { parts: [{ text: 's' }] },
      generationConfig: { maxOutputTokens: 1000, temperature: 1, thinkingConfig: { includeThoughts: true } },
      tools: [{ functionDeclarations: [{ name: 'exec', parametersJsonSchema: { type: 'object' } }] }],
      toolConfig: { functionCallingConfig: { mode: 'AUTO' } },
      safetySettings: [],
    };
    expect(accepted(asked).ignored).toEqual([]);
    expect(sent(asked)).toEqual(asked);
  });

  it('leaves out what changes the price or is unknown, and lists it', () => {
    const asked = {
      ...turn,
      serviceTier: 'priority',
      labels: {},
      generationConfig: { ...turn.generationConfig, imageConfig: {} },
    };
    expect(accepted(asked).ignored).toEqual(['serviceTier', 'labels', 'generationConfig.imageConfig']);
    expect(sent(asked)).toEqual(turn);
  });

  it('has one spelling and always a bound', () => {
    expect(sent({ contents: hello, generation_config: { top_p: 1, max_output_tokens: 7 } })).toEqual({
      contents: hello,
      generationConfig: { topP: 1, maxOutputTokens: 7 },
    });
    expect(sent({ contents: hello })).toMatchObject({ generationConfig: { maxOutputTokens: 32_768 } });
  });
});

describe('the hold', () => {
  const holdOf = (body: unknown): number => accepted(body).asked.holdNanoUsd;
  const bytes = (body: unknown): number => JSON.stringify(body).length;
  const withPart = (part: unknown): unknown => ({ ...turn, contents: [{ role: 'user', parts: [part] }] });

  it('is the whole body as input and the longest answer, for every candidate', () => {
    expect(holdOf(turn)).toBe((bytes(turn) + 2000) * 300 + 1000 * 2500);
    const three = { ...turn, generationConfig: { maxOutputTokens: 1000, candidateCount: 3 } };
    expect(holdOf(three)).toBe((bytes(three) + 2000) * 300 + 3 * 1000 * 2500);
  });

  it('takes an image for its most tokens and not for its bytes, also in what a tool gave', () => {
    const inlineData = { mimeType: 'image/png', data: 'A'.repeat(40_000) };
    for (const part of [{ inlineData }, { functionResponse: { name: 'x', response: {}, parts: [{ inlineData }] } }]) {
      const body = withPart(part);
      expect(holdOf(body)).toBe((bytes(body) - 40_000 + 5000 + 2000) * 300 + 2_500_000);
    }
  });

  it.each([{ inlineData: { mimeType: 'application/pdf', data: 'AA' } }, { inlineData: {} }, { remoteThing: {} }])(
    'takes %j for all that the model can read',
    (part) => {
      expect(holdOf(withPart(part))).toBe(1_048_576 * 300 + 2_500_000);
    },
  );

  it('takes what is nested without end for all that the model can read', () => {
    let part: unknown = { text: 'x' };
    for (let n = 0; n < 100; n += 1) part = { functionResponse: { name: 'x', parts: [part] } };
    expect(holdOf(withPart(part))).toBe(1_048_576 * 300 + 2_500_000);
  });

  it('leaves room for the thinking that is asked for', () => {
    const asked = {
      ...turn,
      generationConfig: { maxOutputTokens: 30_000, thinkingConfig: { thinkingBudget: 20_000 } },
    };
    const request = accepted(asked);
    const without = request.asked.holdNanoUsd - 30_000 * 2500;
    expect(request.within(without + 21_023 * 2500)).toBeNull();
    expect(request.within(without + 21_024 * 2500)).not.toBeNull();
  });
});
