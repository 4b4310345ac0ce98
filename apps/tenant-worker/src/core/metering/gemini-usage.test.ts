import { describe, expect, it } from 'vitest';
import { meter, sse } from '../../../../../test/support/metered-text.ts';
import { noUsage } from './usage.ts';

function geminiChunk(parts: unknown[], usageMetadata: unknown, finishReason?: string, index?: number): string {
  return JSON.stringify({
    candidates: [{ content: { role: 'model', parts }, finishReason, index }],
    usageMetadata,
    modelVersion: 'gemini-2.5-pro',
    responseId: 'g1',
  });
}
const geminiUsage = {
  promptTokenCount: 80,
  cachedContentTokenCount: 64,
  toolUsePromptTokenCount: 4,
  candidatesTokenCount: 20,
  thoughtsTokenCount: 10,
  totalTokenCount: 114,
  promptTokensDetails: [{ modality: 'TEXT', tokenCount: 80 }],
  trafficType: 'ON_DEMAND',
};
const geminiStream = sse(
  geminiChunk([{ text: 'Grüße 🌊', thought: true }], { promptTokenCount: 80, thoughtsTokenCount: 10 }),
  geminiChunk([{ text: '"usageMetadata":{"promptTokenCount":1}' }], { promptTokenCount: 80, candidatesTokenCount: 8 }),
  geminiChunk([{ functionCall: { name: 'x', args: {} } }], geminiUsage, 'STOP'),
).replaceAll('\n', '\r\n');
const geminiExpected = { input: 20, cacheRead: 64, cacheWrite5m: 0, cacheWrite1h: 0, output: 30, reasoning: 10 };

describe('an answer of Gemini', () => {
  it('gives the same usage split at every byte', () => {
    for (let cut = 0; cut <= new TextEncoder().encode(geminiStream).length; cut += 1) {
      expect(meter('google-gemini', geminiStream, [cut])).toMatchObject({
        usage: geminiExpected,
        complete: true,
        responseId: 'g1',
        model: 'gemini-2.5-pro',
        unpriced: [],
      });
    }
  });

  it('counts what is left out as zero, and nothing at all as no usage', () => {
    const text = sse(geminiChunk([], { promptTokenCount: 7, totalTokenCount: 7 }, 'MAX_TOKENS'));
    expect(meter('google-gemini', text)).toMatchObject({ usage: { ...noUsage, input: 7 }, complete: true });
    expect(meter('google-gemini', sse(geminiChunk([], {}, 'STOP'))).usage).toBeNull();
    expect(meter('google-gemini', sse(geminiChunk([], undefined, 'STOP'))).usage).toBeNull();
  });

  it.each(['7', -1, 1.5])('with the count %j has no usage', (promptTokenCount) => {
    const text = sse(geminiChunk([], { promptTokenCount, candidatesTokenCount: 1 }, 'STOP'));
    expect(meter('google-gemini', text).usage).toBeNull();
  });

  it('is whole when every candidate has said why it ended', () => {
    const usage = { promptTokenCount: 7 };
    const [open, first, second] = [
      geminiChunk([], usage, undefined, 1),
      geminiChunk([], usage, 'STOP'),
      geminiChunk([], usage, 'STOP', 1),
    ];
    expect(meter('google-gemini', sse(open, first)).complete).toBe(false);
    expect(meter('google-gemini', sse(open, first, second)).complete).toBe(true);
    expect(meter('google-gemini', sse(open, second, first, JSON.stringify({ usageMetadata: usage }))).complete).toBe(
      true,
    );
  });

  it('to a blocked prompt is whole without a candidate', () => {
    const blocked = JSON.stringify({
      promptFeedback: { blockReason: 'SAFETY' },
      usageMetadata: { promptTokenCount: 9 },
    });
    expect(meter('google-gemini', sse(blocked))).toMatchObject({ usage: { ...noUsage, input: 9 }, complete: true });
  });

  it('that breaks off is charged what it had said', () => {
    const cut = geminiStream.slice(0, geminiStream.lastIndexOf('data:'));
    expect(meter('google-gemini', cut)).toMatchObject({ usage: { ...noUsage, input: 80, output: 8 }, complete: false });
  });
});
