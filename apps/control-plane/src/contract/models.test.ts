import { describe, expect, it } from 'vitest';
import {
  ModelRouting,
  modelProblems,
  modelsVersion,
  plainRouting,
  type ModelChoice,
  type TenantModels,
} from './models.ts';

function choice(ref: string, over: Partial<ModelChoice> = {}): ModelChoice {
  const [provider = '', model = ''] = ref.split('/');
  return {
    ref,
    provider,
    model,
    kind: 'chat',
    formats: ['anthropic-messages'],
    contextTokens: null,
    inputNanoUsd: 1,
    cacheReadNanoUsd: 1,
    outputNanoUsd: 1,
    dearerAboveTokens: null,
    paidBy: 'platform',
    ...over,
  };
}

const choices = [
  choice('a/one'),
  choice('a/two'),
  choice('a/three'),
  choice('a/search', { kind: 'embedding' }),
  choice('b/none', { paidBy: 'none' }),
];
const good: TenantModels = { primary: 'a/one', utility: 'a/two', routing: plainRouting };
const pointers = (models: TenantModels): string[] => modelProblems(models, choices).map(({ pointer }) => pointer);

describe('a choice of models', () => {
  it('is fine when everything has a price and access', () => {
    expect(pointers(good)).toEqual([]);
    expect(pointers({ primary: 'a/one', utility: 'a/one' })).toEqual([]);
  });

  it.each<[string, TenantModels, string[]]>([
    ['a model without a price', { ...good, primary: 'a/four' }, ['/primary']],
    ['a model that cannot talk', { ...good, utility: 'a/search' }, ['/utility']],
    ['a provider that nobody configured', { ...good, primary: 'b/none' }, ['/primary']],
    ['a default that is not allowed', { ...good, routing: { ...plainRouting, allowed: ['a/one'] } }, ['/utility']],
    [
      'an allowed model twice and one without a price',
      { ...good, routing: { ...plainRouting, allowed: ['a/one', 'a/two', 'a/one', 'a/four'] } },
      ['/routing/allowed/2', '/routing/allowed/3'],
    ],
    [
      'a fallback to itself, twice the same, and one that is not allowed',
      {
        ...good,
        routing: {
          ...plainRouting,
          allowed: ['a/one', 'a/two'],
          fallbacks: [{ model: 'a/one', then: ['a/one', 'a/two', 'a/two', 'a/three'] }],
        },
      },
      ['/routing/fallbacks/0/then/0', '/routing/fallbacks/0/then/2', '/routing/fallbacks/0/then/3'],
    ],
    [
      'two lists for one model',
      {
        ...good,
        routing: {
          ...plainRouting,
          fallbacks: [
            { model: 'a/one', then: ['a/two'] },
            { model: 'a/one', then: ['a/three'] },
          ],
        },
      },
      ['/routing/fallbacks/1'],
    ],
    [
      'a limit and a rule for nothing',
      {
        ...good,
        routing: {
          ...plainRouting,
          economy: { abovePercent: 80, model: 'a/four' },
          perMinute: [{ model: 'a/four', requests: 3 }],
        },
      },
      ['/routing/economy/model', '/routing/perMinute/0'],
    ],
  ])('is refused with %s', (_name, models, expected) => {
    expect(pointers(models)).toEqual(expected);
  });

  it('has a version that changes with it and with nothing else', () => {
    expect(modelsVersion({ primary: 'a/one', utility: 'a/two' })).toBe(modelsVersion(good));
    expect(modelsVersion({ ...good, primary: 'a/two' })).not.toBe(modelsVersion(good));
    expect(modelsVersion({ ...good, routing: { ...plainRouting, keyRefused: 'fall_back' } })).not.toBe(
      modelsVersion(good),
    );
  });
});

it('has at most four fallbacks for a model', () => {
  const chain = (n: number) => ({ ...plainRouting, fallbacks: [{ model: 'a/one', then: Array(n).fill('a/two') }] });
  expect(ModelRouting.safeParse(chain(4)).success).toBe(true);
  expect(ModelRouting.safeParse(chain(5)).success).toBe(false);
  expect(ModelRouting.safeParse(chain(0)).success).toBe(false);
});
