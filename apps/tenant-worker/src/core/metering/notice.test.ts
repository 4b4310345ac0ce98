import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { renderAiError, type AiRefusal } from './ai-error.ts';
import { budgetReached } from './budget-words.ts';
import { isForPeople, renderNotice } from './notice.ts';
import { createUsageMeter, type UsageFormat } from './usage-meter.ts';
import { noUsage } from './usage.ts';

const refusal = budgetReached({
  name: { kind: 'month' },
  spentNanoUsd: 4_990_000_000,
  heldNanoUsd: 0,
  capNanoUsd: 5_000_000_000,
  opensAtMs: Date.UTC(2026, 11),
});
const sentence =
  '⚠️ This assistant has reached its monthly AI spending cap: $4.99 of $5.00 is spent, and this request could cost more than what is left. It begins anew at 2026-12-01 00:00 UTC. Raise the cap in the Tidepool dashboard under Usage; it takes effect at once.';

function answerOf(format: UsageFormat, streaming: boolean): Response {
  const notice = renderNotice({ format, streaming, model: 'm1', requestId: '01abc', nowMs: 0, refusal });
  if (!notice) throw new Error('no notice');
  return new Response(notice.body, { headers: { 'content-type': notice.contentType } });
}

const anthropic = (streaming: boolean): Anthropic =>
  new Anthropic({ apiKey: 'x', fetch: () => Promise.resolve(answerOf('anthropic-messages', streaming)) });
const openai = (format: UsageFormat, streaming: boolean): OpenAI =>
  new OpenAI({ apiKey: 'x', fetch: () => Promise.resolve(answerOf(format, streaming)) });

describe("a notice, read by the vendor's own client", () => {
  it('is an Anthropic message', async () => {
    const body = { model: 'm1', max_tokens: 1, messages: [{ role: 'user' as const, content: 'x' }] };
    for (const message of [
      await anthropic(true).messages.stream(body).finalMessage(),
      await anthropic(false).messages.create(body),
    ]) {
      expect(message.content).toMatchObject([{ type: 'text', text: sentence }]);
      expect([message.stop_reason, message.model]).toEqual(['end_turn', 'm1']);
    }
  });

  it('is a chat completion', async () => {
    const body = { model: 'm1', messages: [{ role: 'user' as const, content: 'x' }] };
    const streamed = await openai('openai-chat', true).chat.completions.stream(body).finalChatCompletion();
    const whole = await openai('openai-chat', false).chat.completions.create(body);
    expect([streamed, whole].map(({ choices: [choice] }) => [choice?.message.content, choice?.finish_reason])).toEqual([
      [sentence, 'stop'],
      [sentence, 'stop'],
    ]);
  });

  it('is a response', async () => {
    const body = { model: 'm1', input: 'x' };
    const streamed = await openai('openai-responses', true).responses.stream(body).finalResponse();
    const whole = await openai('openai-responses', false).responses.create(body);
    expect([streamed.output_text, whole.output_text, whole.status]).toEqual([sentence, sentence, 'completed']);
  });

  it('is an answer of Gemini, as one chunk and as a body', async () => {
    const streamed = (await answerOf('google-gemini', true).text()).match(/^data: (.*)\r\n\r\n$/)?.[1] ?? '';
    const whole = await answerOf('google-gemini', false).json();
    expect(JSON.parse(streamed)).toEqual(whole);
    expect(whole).toMatchObject({
      candidates: [{ content: { role: 'model', parts: [{ text: sentence }] }, finishReason: 'STOP' }],
      modelVersion: 'm1',
    });
  });

  it.each<UsageFormat>(['anthropic-messages', 'openai-responses', 'google-gemini'])(
    'of %s says that nothing was used',
    async (format) => {
      const meter = createUsageMeter(format, true);
      meter.push(new Uint8Array(await answerOf(format, true).arrayBuffer()));
      expect(meter.finish()).toMatchObject({ usage: noUsage, complete: true });
    },
  );

  it('does not exist for embeddings', () => {
    expect(
      renderNotice({ format: 'openai-embeddings', streaming: false, model: 'm', requestId: 'r', nowMs: 0, refusal }),
    ).toBeNull();
  });
});

describe('isForPeople', () => {
  it.each<[AiRefusal['code'], boolean]>([
    ['ai_cap_reached', true],
    ['ai_model_unpriced', true],
    ['ai_upstream_misconfigured', true],
    ['ai_upstream_unreachable', false],
    ['ai_busy', false],
    ['body_too_large', false],
    ['ai_request_invalid', false],
  ])('%s: %s', (code, yes) => {
    expect(isForPeople({ code, detail: '', next: '' })).toBe(yes);
  });
});

describe('renderAiError', () => {
  it('speaks as Anthropic', () => {
    expect(renderAiError('anthropic', refusal, 'r1')).toEqual({
      status: 402,
      body: { type: 'error', error: { type: 'billing_error', message: sentence.slice(3) }, request_id: 'r1' },
    });
  });

  it('speaks as OpenAI', () => {
    expect(renderAiError('openai', refusal, 'r1')).toEqual({
      status: 402,
      body: {
        error: { message: sentence.slice(3), type: 'insufficient_quota', param: null, code: 'ai_cap_reached' },
      },
    });
  });

  it('speaks as Google', () => {
    expect(renderAiError('google', refusal, 'r1')).toEqual({
      status: 402,
      body: { error: { code: 402, message: sentence.slice(3), status: 'RESOURCE_EXHAUSTED' } },
    });
  });

  it.each<[AiRefusal['code'], number, string]>([
    ['ai_request_invalid', 400, 'INVALID_ARGUMENT'],
    ['ai_key_refused', 401, 'UNAUTHENTICATED'],
    ['ai_path_not_allowed', 404, 'NOT_FOUND'],
    ['ai_duplicate', 409, 'ALREADY_EXISTS'],
    ['body_too_large', 413, 'INVALID_ARGUMENT'],
    ['ai_busy', 429, 'RESOURCE_EXHAUSTED'],
    ['ai_ledger_unavailable', 503, 'UNAVAILABLE'],
  ])('names %s, %i, as Google does: %s', (code, status, name) => {
    expect(renderAiError('google', { code, detail: '', next: '' }, 'r1')).toMatchObject({
      status,
      body: { error: { code: status, status: name } },
    });
  });

  it('speaks as OpenRouter', () => {
    expect(renderAiError('openrouter', refusal, 'r1').body).toEqual({
      error: { code: 402, message: sentence.slice(3), metadata: { reason: 'ai_cap_reached' } },
    });
  });

  it('speaks to clients of Workers AI as OpenAI', () => {
    expect(renderAiError('workers-ai', refusal, 'r1')).toEqual(renderAiError('openai', refusal, 'r1'));
  });
});
