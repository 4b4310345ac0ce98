import { describe, expect, it } from 'vitest';
import type { BudgetUse } from '../../../control-plane/src/contract/budgets.ts';
import { budgetName, budgetStanding, fuseText, opensText, pauseText } from './words.ts';

const use = (spentNanoUsd: number, name: BudgetUse['name'] = { kind: 'month' }): BudgetUse => ({
  name,
  capNanoUsd: 1_000,
  spentNanoUsd,
  heldNanoUsd: 0,
  opensAtMs: Date.UTC(2026, 11),
});

describe('a budget', () => {
  it('says nothing before four fifths, then how far it is, then that it is reached', () => {
    expect(budgetStanding(use(799))).toBeNull();
    expect(budgetStanding(use(995))).toEqual({ tone: 'care', text: '99 % is used.' });
    expect(budgetStanding(use(1_000))?.tone).toBe('stop');
  });

  it('has a name and an end of its own', () => {
    const kinds: BudgetUse['name'][] = [
      { kind: 'month' },
      { kind: 'day' },
      { kind: 'model', model: 'openai/gpt-5' },
      { kind: 'shared', by: 'plan', organisationNanoUsd: 1 },
      { kind: 'shared', by: 'organisation', organisationNanoUsd: 1 },
    ];
    expect(new Set(kinds.map((name) => budgetName(use(0, name)))).size).toBe(5);
    expect(opensText(use(0, { kind: 'day' }), { locale: 'en-GB', timeZone: 'Europe/Stockholm' })).toBe(
      'Begins anew at midnight UTC, 1:00 where you are.',
    );
    expect(opensText(use(0))).toMatch(/1.*\(UTC\)/);
  });
});

it('a pause says why, and the fuse what it would do', () => {
  const base = { id: 'p', atMs: 0 };
  expect(pauseText({ ...base, why: 'repeated', times: 21, withinMs: 600_000 })).toMatch(/21 times within 10 minutes/);
  expect(pauseText({ ...base, why: 'rate', hourNanoUsd: 7e9, usualNanoUsd: 1e9 }, { locale: 'en-US' })).toMatch(
    /\$7\.00 was spent within an hour.*\$1\.00/,
  );
  expect(fuseText(null)).toMatch(/does not know yet/);
  expect(fuseText(2e9)).toMatch(/more than/);
});
