import { describe, expect, it } from 'vitest';
import { attemptText, reasonText } from './attempts.ts';
import { fillDays, niceCeiling } from './day-chart.tsx';
import { daysOf, monthLabel, monthsBetween, parseMonth } from './month.ts';

describe('months', () => {
  it('are read strictly', () => {
    expect(parseMonth('2026-11')).toBe('2026-11');
    for (const raw of ['2026-13', '2026-00', '26-11', '2026-11-01', 202611, undefined])
      expect(parseMonth(raw)).toBeNull();
  });

  it('run from the newest back over a year’s end', () => {
    expect(monthsBetween(Date.UTC(2025, 10, 30, 23), Date.UTC(2026, 1, 1))).toEqual([
      '2026-02',
      '2026-01',
      '2025-12',
      '2025-11',
    ]);
    expect(monthsBetween(Date.UTC(2026, 5, 1), Date.UTC(2026, 5, 1))).toEqual(['2026-06']);
  });

  it('are bounded, and cope with a clock that is behind', () => {
    expect(monthsBetween(0, Date.UTC(2026, 0, 1))).toHaveLength(36);
    expect(monthsBetween(Date.UTC(2026, 5, 2), Date.UTC(2026, 4, 2))).toEqual(['2026-05']);
  });

  it('have their days, up to today', () => {
    expect(daysOf('2026-02', Date.UTC(2026, 5, 1))).toHaveLength(28);
    expect(daysOf('2028-02', Date.UTC(2030, 5, 1))).toHaveLength(29);
    expect(daysOf('2026-11', Date.UTC(2026, 10, 3, 23, 59))).toEqual(['2026-11-01', '2026-11-02', '2026-11-03']);
  });

  it('read as words, whatever the zone of the reader', () => {
    expect(monthLabel('2026-11', 'en-US')).toBe('November 2026');
  });
});

describe('the chart', () => {
  it('has a bar for every day', () => {
    const days = fillDays(['2026-11-01', '2026-11-02'], [{ day: '2026-11-02', requests: 3, costNanoUsd: 9 }]);
    expect(days).toEqual([
      { day: '2026-11-01', requests: 0, costNanoUsd: 0 },
      { day: '2026-11-02', requests: 3, costNanoUsd: 9 },
    ]);
  });

  it('ends its axis at a round number that holds the largest bar', () => {
    for (const [value, top] of [
      [0, 1],
      [7, 8],
      [270_000_000, 300_000_000],
      [1_000, 1_000],
      [1_001, 1_500],
      [96, 100],
    ] as const) {
      expect(niceCeiling(value)).toBe(top);
    }
  });
});

describe('an attempt in words', () => {
  const part = { turn: 'r1', attempt: 2, asked: 'anthropic/claude-sonnet-4-6', after: 'upstream_529' };

  it.each([
    [{ outcome: 'final' as const }, null],
    [{ outcome: 'failed' as const, why: 'upstream_402' }, 'Failed: the provider wanted credit.'],
    [
      { outcome: 'final' as const, part },
      'Attempt 2, instead of claude-sonnet-4-6, after the provider was overloaded.',
    ],
    [
      { outcome: 'failed' as const, why: 'upstream_silent', part: { ...part, attempt: 3, after: 'upstream_500' } },
      'Attempt 3, instead of claude-sonnet-4-6, after the provider answered 500. Failed: the provider said nothing in time.',
    ],
    [
      { outcome: 'final' as const, part: { ...part, attempt: 1, after: 'economy' } },
      'Instead of claude-sonnet-4-6, near the cap.',
    ],
    [
      { outcome: 'final' as const, part: { ...part, attempt: 1, asked: null, after: 'kept_answer' } },
      'Answered from what was kept of the same request.',
    ],
  ])('%#', (row, text) => {
    expect(attemptText(row)).toBe(text);
  });

  it('shows a reason that it does not know by its name', () => {
    expect(reasonText('something_new')).toBe('something_new');
  });
});
