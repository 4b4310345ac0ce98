/**
 * Answers of model providers as they come over the wire, made from counts that are known beforehand: every format, as a
 * stream and as one body, with what real ones do to a reader. Shapes: @anthropic-ai/sdk 1.11.0, openai 7.55.0,
 * @google/genai 2.22.0, OpenRouter's "Streaming" page, Workers AI's OpenAI-compatible endpoints.
 */
import * as fc from 'fast-check';

export type Json = Readonly<Record<string, unknown>>;

/** One event of a stream; `name` is its `event:` line. */
export interface StreamEvent {
  readonly name: string | null;
  readonly data: string;
}

export const tokens = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 1, max: 300 }),
  fc.integer({ min: 1, max: 2_000_000 }),
);

/** A part of `all`, often nothing or everything. */
export function partOf(all: number): fc.Arbitrary<number> {
  return fc.oneof(fc.constantFrom(0, all), fc.integer({ min: 0, max: all }));
}

/** What a model says, with everything in it that a careless reader takes for the stream itself. */
const traps = [
  'data: [DONE]',
  '\n\ndata: {"usage":{"prompt_tokens":1,"completion_tokens":1}}\n\n',
  'event: message_stop\r\n\r\n',
  '{"usage":{"input_tokens":9,"output_tokens":9}}',
  '"type":"response.completed"',
  '"usageMetadata":{"promptTokenCount":5}',
  'Grüße 🌊 日本語 \u2028 \u0085',
  '\\',
  '"',
];
const piece = fc.oneof(fc.constantFrom(...traps), fc.string({ unit: 'grapheme', maxLength: 12 }));
export const pieces = fc.array(piece, { maxLength: 5 });

export const id = fc.stringMatching(/^[a-z]{3,5}[_-][A-Za-z0-9]{4,24}$/);
export const modelName = fc.constantFrom('claude-sonnet-4-6', 'gpt-5.5', 'gemini-2.5-pro', 'a/b-c.d', '@cf/x/y-8b');

export interface Framing {
  readonly newline: string;
  readonly space: boolean;
  readonly noise: readonly string[];
  readonly closed: boolean;
  /** JSON goes over two `data:` lines, as the format allows. */
  readonly twoLines: boolean;
}

export const framing: fc.Arbitrary<Framing> = fc.record({
  newline: fc.constantFrom('\n', '\n', '\r\n', '\r'),
  space: fc.boolean(),
  noise: fc.array(fc.constantFrom('', '', ': ping', ':', ': OPENROUTER PROCESSING', 'retry: 3000', 'id: 7'), {
    minLength: 1,
    maxLength: 6,
  }),
  closed: fc.boolean(),
  twoLines: fc.constantFrom(false, false, true),
});

/** The bytes of a stream as text. Comments and other fields come before events, alone or as a part of them. */
export function frame(events: readonly StreamEvent[], { newline, space, noise, closed, twoLines }: Framing): string {
  const lines: string[] = [];
  for (const [index, { name, data }] of events.entries()) {
    const line = noise[index % noise.length] ?? '';
    if (line !== '') lines.push(line, ...(index % 2 === 0 ? [''] : []));
    if (name !== null) lines.push(`event:${space ? ' ' : ''}${name}`);
    const parts = twoLines && data.startsWith('{') ? ['{', data.slice(1)] : [data];
    lines.push(...parts.map((part) => `data:${space ? ' ' : ''}${part}`), '');
  }
  const text = lines.join(newline);
  return closed ? text + newline : text.slice(0, text.length - newline.length);
}

export const named = (data: Json & { readonly type: string }): StreamEvent => ({
  name: data.type,
  data: JSON.stringify(data),
});
export const unnamed = (data: Json): StreamEvent => ({ name: null, data: JSON.stringify(data) });

/** Where the bytes are cut: anywhere, also twice at one place and beyond the end. */
export const cuts = fc.array(fc.nat({ max: 100_000 }), { maxLength: 24 });

/** Zero as a provider may write it: the number, or nothing at all. */
export const zeros = fc.constantFrom<'number' | 'absent'>('number', 'absent');

/** Without the fields that are zero, when zeros are not written. */
export function written(fields: Readonly<Record<string, number>>, style: 'number' | 'absent'): Record<string, number> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => style === 'number' || value > 0));
}
