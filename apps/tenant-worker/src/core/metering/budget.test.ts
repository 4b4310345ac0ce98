import { describe, expect, it } from 'vitest';
import {
  BudgetModel,
  noBudgets,
  type BudgetName,
  type BudgetUse,
} from '../../../../control-plane/src/contract/budgets.ts';
import { budgetPeriod, budgetsFor, budgetsOf, judgeSpend, levelReached, opensAtMs } from './budget.ts';
import { budgetReached, spendPaused } from './budget-words.ts';

const nowMs = Date.parse('2026-12-31T23:59:59.999Z');
const use = (over: Partial<BudgetUse>): BudgetUse => ({
  name: { kind: 'month' },
  capNanoUsd: 1_000,
  spentNanoUsd: 0,
  heldNanoUsd: 0,
  opensAtMs: 2,
  ...over,
});

describe('which budgets hold', () => {
  it('are all of a tenant, of models only the one that is asked for', () => {
    const limits = {
      capNanoUsd: 1,
      budgets: {
        ...noBudgets,
        dayNanoUsd: 2,
        models: [
          { model: 'anthropic/claude-opus-4-6-20260205', monthNanoUsd: 3 },
          { model: 'openai/gpt-6-sol', monthNanoUsd: 4 },
        ],
        shared: { by: 'plan' as const, nanoUsdPerMonth: 5, organisationNanoUsd: 6 },
      },
    };
    expect(budgetsOf(limits, nowMs).map(({ capNanoUsd }) => capNanoUsd)).toEqual([5, 1, 2, 3, 4]);
    expect(budgetsFor(limits, 'anthropic/claude-opus-4-6', nowMs).map(({ name }) => name)).toEqual([
      { kind: 'shared', by: 'plan', organisationNanoUsd: 6 },
      { kind: 'month' },
      { kind: 'day' },
      { kind: 'model', model: 'anthropic/claude-opus-4-6' },
    ]);
    expect(budgetsOf({ capNanoUsd: 7 }, nowMs)).toEqual([{ name: { kind: 'month' }, capNanoUsd: 7 }]);
  });

  it.each(['anthropic/claude-opus-4-6', 'openrouter/anthropic/claude-opus-4.6', 'workers-ai/@cf/meta/llama-3.1-8b'])(
    'may be of the model %s, which counts by the name that it has a price under',
    (model) => {
      expect(BudgetModel.parse(model)).toBe(model);
      const budgets = { ...noBudgets, shared: null, models: [{ model, monthNanoUsd: 1 }] };
      expect(budgetsFor({ capNanoUsd: 1, budgets }, model, nowMs)).toHaveLength(2);
    },
  );

  it.each(['opus', '/opus', 'anthropic/', 'Anthropic/x', 'anthropic/a b', `anthropic/${'a'.repeat(120)}`])(
    'may not be of %s',
    (model) => expect(BudgetModel.safeParse(model).success).toBe(false),
  );

  it('begin anew with the UTC day or month, over the end of a year too', () => {
    const names: BudgetName[] = [{ kind: 'day' }, { kind: 'month' }, { kind: 'model', model: 'a/b' }];
    expect(names.map((name) => new Date(opensAtMs(name, nowMs)).toISOString())).toEqual(
      Array.from(names, () => '2027-01-01T00:00:00.000Z'),
    );
    expect(names.map((name) => budgetPeriod(name, nowMs))).toEqual(['2026-12-31', '2026-12', '2026-12']);
  });
});

describe('the verdict', () => {
  it('allows what fits to the last nano-dollar', () => {
    expect(judgeSpend([use({ spentNanoUsd: 600, heldNanoUsd: 300 })], 100)).toEqual({ ok: true });
    expect(judgeSpend([use({ spentNanoUsd: 600, heldNanoUsd: 300 })], 101)).toMatchObject({ leftNanoUsd: 100 });
    expect(judgeSpend([], 1)).toEqual({ ok: true });
  });

  it('never leaves less than nothing', () => {
    expect(judgeSpend([use({ spentNanoUsd: 5_000 })], 0)).toMatchObject({ ok: false, leftNanoUsd: 0 });
  });
});

describe('the level', () => {
  it.each([
    [0, 1_000, null],
    [499, 1_000, null],
    [500, 1_000, 50],
    [799, 1_000, 50],
    [800, 1_000, 80],
    [999, 1_000, 80],
    [1_000, 1_000, 100],
    [5, 0, 100],
    [0, 0, null],
    [Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER, 80],
  ])('of %d out of %d is %s', (spentNanoUsd, capNanoUsd, level) => {
    expect(levelReached(use({ spentNanoUsd, capNanoUsd }))).toBe(level);
  });
});

describe('the words', () => {
  const opens = Date.UTC(2026, 11);
  it.each<[BudgetName, RegExp, RegExp]>([
    [
      { kind: 'month' },
      /monthly AI spending cap: \$4\.00 of \$5\.00 is spent \(and \$0\.50 is reserved/,
      /Raise the cap/,
    ],
    [{ kind: 'day' }, /AI budget of the day: \$4\.00 of \$5\.00/, /or go on tomorrow/],
    [
      { kind: 'model', model: 'anthropic/claude-opus-5' },
      /for the model anthropic\/claude-opus-5 is reached/,
      /another/,
    ],
    [
      { kind: 'shared', by: 'plan', organisationNanoUsd: 26e9 },
      /share is reached: \$26\.00 a month, by its plan/,
      /Top up/,
    ],
    [{ kind: 'shared', by: 'organisation', organisationNanoUsd: 9e9 }, /\$9\.00 a month, as the organisation/, /owner/],
  ])('of %o', (name, detail, next) => {
    const refusal = budgetReached(
      use({ name, capNanoUsd: 5e9, spentNanoUsd: 4e9, heldNanoUsd: 5e8, opensAtMs: opens }),
    );
    expect(refusal.detail).toMatch(detail);
    expect(refusal.detail).toContain('It begins anew at 2026-12-01 00:00 UTC.');
    expect(refusal.next).toMatch(next);
    expect(refusal.next).toMatch(/at once/);
  });

  it('of a pause say why and who decides', () => {
    const base = { id: 'p1', atMs: opens };
    expect(spendPaused({ ...base, why: 'repeated', times: 21, withinMs: 600_000 }).detail).toMatch(
      /paused since 2026-12-01 00:00 UTC: the same request was answered and charged 21 times within 10 minutes/,
    );
    const rate = spendPaused({ ...base, why: 'rate', hourNanoUsd: 7e9, usualNanoUsd: 5e8 });
    expect(rate.detail).toMatch(/\$7\.00 was spent within this hour, when a busy hour of the last week cost \$0\.50/);
    expect(rate.next).toMatch(/owner/);
  });
});
