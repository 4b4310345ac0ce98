/**
 * Embeddings of the demo model: each word adds to a few places of the vector that its hash chooses, so that texts with
 * words in common are near each other. Enough for OpenClaw's memory search to find what shares words.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { countTokens } from './tokens.ts';

const Body = z.looseObject({
  model: z.string().min(1),
  input: z.union([z.string(), z.array(z.string()).max(2048)]),
  dimensions: z.number().int().min(1).max(3072).optional(),
  encoding_format: z.enum(['float', 'base64']).default('float'),
});

export interface Embedded {
  readonly model: string;
  readonly tokens: number;
  readonly body: Record<string, unknown>;
}

/** The answer, or a sentence that says what is wrong with the request. */
export function embed(input: unknown): Embedded | string {
  const parsed = Body.safeParse(input);
  if (!parsed.success) return z.prettifyError(parsed.error);
  const { model, dimensions = 1536, encoding_format } = parsed.data;
  const texts = typeof parsed.data.input === 'string' ? [parsed.data.input] : parsed.data.input;
  const tokens = texts.reduce((sum, text) => sum + countTokens(text), 0);
  const data = texts.map((text, index) => {
    const vector = vectorOf(text, dimensions);
    const embedding = encoding_format === 'float' ? [...vector] : Buffer.from(vector.buffer).toString('base64');
    return { object: 'embedding', index, embedding };
  });
  return {
    model,
    tokens,
    body: { object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } },
  };
}

function vectorOf(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ['']) {
    const hash = createHash('sha256').update(word).digest();
    for (let place = 0; place < 8; place += 1) {
      const at = hash.readUInt32LE(place * 4) % dimensions;
      vector[at] = (vector[at] ?? 0) + ((hash[place] ?? 0) % 2 === 0 ? 1 : -1);
    }
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}
