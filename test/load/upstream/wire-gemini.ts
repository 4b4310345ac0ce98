/**
 * Gemini's answers for the stand-in. Every chunk tells the usage so far and the last one counts; results of tools come beside
 * the prompt, thoughts beside the answer. Field names as @google/genai 3.1.0 reads them.
 */
import { allInput, type Tokens } from '../prices.ts';
import { asBound, madeAt, piece, unnamed, type AnswerWanted, type Format } from './wire.ts';

const geminiPath = /^\/google-ai-studio\/v1beta\/models\/([\w.-]+):(generateContent|streamGenerateContent)$/;

/** The model and the manner that a path names, or null: it is none of Gemini's. */
export function readGeminiPath(path: string): { model: string; streamed: boolean } | null {
  const [, model, method] = geminiPath.exec(path) ?? [];
  return model === undefined ? null : { model, streamed: method === 'streamGenerateContent' };
}

function usageMetadata(tokens: Tokens): Record<string, unknown> {
  // Of what was not cached, a part came from tools.
  const ofTools = Math.floor(tokens.plain / 10);
  const thoughts = Math.floor(tokens.output / 4);
  return {
    promptTokenCount: allInput(tokens) - ofTools,
    toolUsePromptTokenCount: ofTools,
    cachedContentTokenCount: tokens.cacheRead,
    candidatesTokenCount: tokens.output - thoughts,
    thoughtsTokenCount: thoughts,
    totalTokenCount: allInput(tokens) + tokens.output,
    trafficType: 'ON_DEMAND',
  };
}

function answer({ id, model, withUsage }: AnswerWanted, text: string, ended: boolean, so: Tokens): object {
  const candidate = { index: 0, content: { role: 'model', parts: [{ text }] } };
  return {
    responseId: id,
    modelVersion: model,
    candidates: [ended ? { ...candidate, finishReason: 'STOP' } : candidate],
    ...(withUsage ? { usageMetadata: usageMetadata(so) } : {}),
  };
}

export const gemini: Format = {
  provider: 'google',
  outputMax(body) {
    const config = body['generationConfig'];
    return asBound(typeof config === 'object' && config !== null && Reflect.get(config, 'maxOutputTokens'));
  },
  whole: (wanted) => [
    {
      bytes: JSON.stringify(answer(wanted, piece.repeat(wanted.pieces), true, wanted.tokens)),
      made: wanted.tokens.output,
      reported: wanted.withUsage ? wanted.tokens : null,
    },
  ],
  stream: (wanted) =>
    Array.from({ length: wanted.pieces }, (_, n) => {
      const isLast = n === wanted.pieces - 1;
      const made = isLast ? wanted.tokens.output : madeAt(wanted, n + 1);
      const so = { ...wanted.tokens, output: made };
      return {
        bytes: unnamed(answer(wanted, piece, isLast, so)),
        made,
        reported: wanted.withUsage ? so : null,
      };
    }),
};
