import { describe, expect, it } from 'vitest';
import type { ModelChoice } from '../../../control-plane/src/contract/models.ts';
import { plainRouting } from '../../../control-plane/src/contract/models.ts';
import { draftOf, modelNote, modelsToAdd, readDraft, sameBudgets } from './budget-draft.ts';

const wanted = {
  dayNanoUsd: 2_500_000_000,
  models: [{ model: 'openai/gpt-5', monthNanoUsd: 4_000_000_000 }],
  fuse: true,
};

describe('the form of the budgets', () => {
  it('means what it was filled with', () => {
    for (const budgets of [wanted, { dayNanoUsd: null, models: [], fuse: false }]) {
      const { wanted: read, ...errors } = readDraft(draftOf(budgets));
      expect(sameBudgets(read, budgets)).toBe(true);
      expect(errors).toEqual({ dayError: null, lineErrors: budgets.models.map(() => null) });
    }
    expect(sameBudgets(readDraft({ ...draftOf(wanted), fuse: false }).wanted, wanted)).toBe(false);
  });

  it('says at each field what is wrong with it, and means nothing until all can be read', () => {
    const lines = ['4', '', 'x'].map((amount, n) => ({ model: `openai/${n}`, amount }));
    const read = readDraft({ day: '1,5', lines, fuse: true });
    expect(read.dayError).toMatch(/without commas/);
    expect(read.lineErrors).toEqual([null, expect.stringMatching(/^Enter an amount/), expect.stringMatching(/digits/)]);
    expect(read.wanted).toBeNull();
    expect(readDraft({ day: '', lines, fuse: true }).wanted).toBeNull();
    expect(readDraft({ day: '1,5', lines: [], fuse: true }).wanted).toBeNull();
  });
});

describe('the models of a budget', () => {
  const choice = (ref: string, paidBy: ModelChoice['paidBy'] = 'platform'): ModelChoice => ({
    ref,
    provider: ref.split('/')[0] ?? '',
    model: ref.split('/')[1] ?? '',
    kind: 'chat',
    formats: [],
    contextTokens: null,
    inputNanoUsd: 1,
    cacheReadNanoUsd: 1,
    outputNanoUsd: 1,
    dearerAboveTokens: null,
    paidBy,
  });
  const choices = [choice('anthropic/one'), choice('openai/two', 'own_key'), choice('google/three', 'none')];
  const open = { choices, routing: plainRouting };
  const narrow = { choices, routing: { ...plainRouting, allowed: ['openai/two'] } };
  const refs = (list: readonly ModelChoice[]): string[] => list.map(({ ref }) => ref);

  it('are those that the assistant may use and that have none', () => {
    expect(refs(modelsToAdd(open, []))).toEqual(['anthropic/one', 'openai/two']);
    expect(refs(modelsToAdd(open, [{ model: 'anthropic/one', amount: '' }]))).toEqual(['openai/two']);
    expect(refs(modelsToAdd(narrow, []))).toEqual(['openai/two']);
  });

  it('say what keeps a budget from counting, also where the model is not known', () => {
    expect(modelNote('anthropic/one', open)).toBeNull();
    expect(modelNote('anthropic/one', narrow)).toMatch(/may not use/);
    expect(modelNote('google/three', open)).toMatch(/may not use/);
    expect(modelNote('openai/two', open)).toMatch(/^Your own OpenAI key/);
    expect(modelNote('anthropic/one-20260101', open)).toMatch(/Not in the list/);
  });
});
