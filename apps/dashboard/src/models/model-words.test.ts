import { describe, expect, it } from 'vitest';
import type { ModelChoice } from '../../../control-plane/src/contract/models.ts';
import { byProvider, moved, priceNote, priceText, takesOver } from './model-words.ts';

const choice = (ref: string, over: Partial<ModelChoice> = {}): ModelChoice => ({
  ref,
  provider: ref.split('/')[0] ?? '',
  model: ref.split('/')[1] ?? '',
  kind: 'chat',
  formats: ['anthropic-messages'],
  contextTokens: 200_000,
  inputNanoUsd: 3_000_000_000,
  cacheReadNanoUsd: 300_000_000,
  outputNanoUsd: 15_000_000_000,
  dearerAboveTokens: null,
  paidBy: 'platform',
  ...over,
});

describe('a price', () => {
  it('reads as dollars for a million tokens, also small ones', () => {
    expect(priceText(choice('anthropic/a'), 'en-US')).toBe('$3.00 in, $15.00 out');
    expect(priceText({ inputNanoUsd: 50_000_000, outputNanoUsd: 400_000_000 }, 'en-US')).toBe('$0.05 in, $0.40 out');
  });

  it('says what else counts', () => {
    expect(priceNote(choice('anthropic/a'))).toBe('');
    expect(priceNote(choice('openai/a', { paidBy: 'own_key', dearerAboveTokens: 272_000 }), 'en-US')).toBe(
      'Your own OpenAI key pays for it. Requests with more than 272,000 tokens cost more.',
    );
  });
});

describe('a fallback', () => {
  const chat = choice('openai/a', { formats: ['openai-chat', 'openai-responses', 'openai-embeddings'] });
  it('takes over at once where both speak one format', () => {
    expect(takesOver(choice('anthropic/a'), choice('anthropic/b'))).toBe('at_once');
    expect(takesOver(chat, choice('openrouter/b', { formats: ['openai-chat'] }))).toBe('at_once');
  });

  it('is asked again in another format, and embeddings are none to talk in', () => {
    expect(takesOver(choice('anthropic/a'), chat)).toBe('asked_again');
    expect(takesOver(choice('x/a', { formats: ['openai-embeddings'] }), chat)).toBe('asked_again');
    expect(takesOver(undefined, chat)).toBe('asked_again');
  });

  it('moves up and down within its list', () => {
    expect(moved(['a', 'b', 'c'], 2, -1)).toEqual(['a', 'c', 'b']);
    expect(moved(['a', 'b', 'c'], 0, 1)).toEqual(['b', 'a', 'c']);
    expect(moved(['a', 'b'], 0, -1)).toEqual(['a', 'b']);
    expect(moved(['a', 'b'], 1, 1)).toEqual(['a', 'b']);
  });
});

it('models are grouped by provider', () => {
  const groups = byProvider([choice('b/1'), choice('a/1'), choice('b/2')]);
  expect(groups.map(([name, list]) => [name, list.length])).toEqual([
    ['b', 2],
    ['a', 1],
  ]);
});
