/** Gemini's answers: every chunk repeats the usage so far, zeros are left out, several answers end one by one. */
import * as fc from 'fast-check';
import type { Answer } from './stream-formats.ts';
import { id, modelName, partOf, pieces, tokens, unnamed, written, zeros, type Json } from './stream-inputs.ts';

const counts = fc
  .record({
    prompt: tokens,
    made: tokens,
    thoughts: fc.oneof(fc.constant(0), tokens),
    tool: fc.oneof(fc.constant(0), tokens),
  })
  .chain((drawn) =>
    // A prompt is never empty: a usage that says nothing at all is none.
    partOf(drawn.prompt).map((cached) => ({ ...drawn, cached, prompt: drawn.prompt + 1 })),
  );

export const geminiAnswer: fc.Arbitrary<Answer> = fc
  .record({
    counts,
    zeros,
    /** How many chunks at the start say nothing about usage. */
    silent: fc.nat(2),
    candidates: fc.constantFrom(1, 1, 2),
    usageAfterEnd: fc.boolean(),
    details: fc.boolean(),
    pieces,
    id,
    model: modelName,
  })
  .map(
    ({ counts: all, zeros: style, silent, candidates, usageAfterEnd, details, pieces: said, id: answerId, model }) => {
      const head = { modelVersion: model, responseId: answerId };
      const usageOf = (made: number, thoughts: number, tool: number): Json => ({
        ...written(
          {
            promptTokenCount: all.prompt,
            cachedContentTokenCount: all.cached,
            candidatesTokenCount: made,
            thoughtsTokenCount: thoughts,
            toolUsePromptTokenCount: tool,
            totalTokenCount: all.prompt + made + thoughts + tool,
          },
          style,
        ),
        ...(details
          ? {
              promptTokensDetails: [
                { modality: 'TEXT', tokenCount: Math.ceil(all.prompt / 2) },
                { modality: 'IMAGE', tokenCount: Math.floor(all.prompt / 2) },
              ],
              trafficType: 'ON_DEMAND',
            }
          : {}),
      });
      const usageMetadata = usageOf(all.made, all.thoughts, all.tool);
      const candidate = (index: number, parts: readonly Json[], finishReason: string | null): Json => ({
        content: { role: 'model', parts },
        ...(index === 0 && style === 'absent' ? {} : { index }),
        ...(finishReason === null ? {} : { finishReason }),
      });
      const chunks = said.map((text, n): Json => ({
        candidates: [candidate(n % candidates, [n === 0 ? { text, thought: true } : { text }], null)],
        ...(n < silent ? {} : { usageMetadata: usageOf(Math.floor(all.made / 2), Math.floor(all.thoughts / 2), 0) }),
        ...head,
      }));
      const ends = Array.from({ length: candidates }, (_, n) => n);
      const call = [{ functionCall: { name: 'exec', args: { usageMetadata: { promptTokenCount: 3 } } } }];
      const events = [
        // Every candidate is named before one ends: a reader does not know how many were asked for.
        unnamed({ candidates: ends.map((n) => candidate(n, [{ text: '' }], null)), ...head }),
        ...chunks.map(unnamed),
        ...ends.slice(1).map((n) => unnamed({ candidates: [candidate(n, [{ text: '' }], 'STOP')], ...head })),
        unnamed({
          candidates: [candidate(0, call, 'STOP')],
          ...(usageAfterEnd ? {} : { usageMetadata }),
          ...head,
        }),
        ...(usageAfterEnd ? [unnamed({ usageMetadata, ...head })] : []),
      ];
      return {
        format: 'google-gemini',
        source: { provider: 'google', flavor: 'default' },
        id: answerId,
        model,
        body: {
          candidates: ends.map((n) =>
            candidate(
              n,
              said.map((text) => ({ text })),
              'STOP',
            ),
          ),
          usageMetadata,
          ...head,
        },
        events,
        openEvents: events.length - (usageAfterEnd ? 2 : 1),
      };
    },
  );
