// How a month's use is shared out: by hand for a table, and for anything that no nano-dollar is counted twice or lost.

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { hourOf, monthBefore, monthEndMs, planOfMonth, shareOut } from './month.ts';
import { awakeMinuteNanoUsd, planAt } from './plans.ts';

const usd = 1_000_000_000;
const hourMs = 3_600_000;
const pool = planAt('pool', Date.UTC(2026, 10, 21));
const trial = planAt('trial', Date.UTC(2026, 10, 21));
const nothing = { aiNanoUsd: 0, awakeMinutes: 0 };

test.each([
  // used AI, used hours, balance, billable -> prepaid, billed AI, billed minutes
  [4 * usd, 79, 0, true, 0, 0, 0],
  [6 * usd, 80, 0, true, 0, usd, 0],
  [6 * usd, 81, 0, true, 0, usd, 60],
  [6 * usd, 81, 0.5 * usd, true, 0.5 * usd, 0.5 * usd, 60],
  [6 * usd, 81, 1.03 * usd, true, 1.03 * usd, 0, 30],
  [6 * usd, 81, -1 * usd, true, 0, usd, 60],
  [6 * usd, 81, 0, false, 0, 0, 0],
  [5 * usd + 1_999, 80, 0, true, 0, 1_000, 0],
])(
  '%d nano-USD and %d h with %d prepaid, billable %s',
  (ai, hours, balanceNanoUsd, mayBill, prepaid, billedAi, minutes) => {
    expect(
      shareOut(pool, { aiNanoUsd: ai, awakeMs: hours * hourMs }, { balanceNanoUsd, mayBill, billed: nothing }),
    ).toEqual({ prepaidNanoUsd: prepaid, billedAiNanoUsd: billedAi, billedAwakeMinutes: minutes });
  },
);

test('a top-up after use was billed bears only later use', () => {
  const billed = { aiNanoUsd: 2 * usd, awakeMinutes: 0 };
  const use = { aiNanoUsd: 8 * usd, awakeMs: 0 };
  expect(shareOut(pool, use, { balanceNanoUsd: 10 * usd, mayBill: true, billed })).toEqual({
    prepaidNanoUsd: usd,
    billedAiNanoUsd: 2 * usd,
    billedAwakeMinutes: 0,
  });
});

test('what is above is borne once: by the balance or the invoice, to the unit', () => {
  fc.assert(
    fc.property(
      fc.nat(1_000_000_000_000),
      fc.nat(2_000_000_000),
      fc.integer({ min: -usd, max: 50 * usd }),
      (aiNanoUsd, awakeMs, balanceNanoUsd) => {
        const shares = shareOut(pool, { aiNanoUsd, awakeMs }, { balanceNanoUsd, mayBill: true, billed: nothing });
        const ai = Math.max(0, aiNanoUsd - pool.includedAiNanoUsd);
        const minutes = Math.floor(Math.max(0, awakeMs - pool.includedAwakeMs) / 60_000);
        const above = Math.floor(ai / 1_000) * 1_000 + minutes * awakeMinuteNanoUsd;
        const borne = shares.prepaidNanoUsd + shares.billedAiNanoUsd + shares.billedAwakeMinutes * awakeMinuteNanoUsd;
        expect(borne).toBe(above);
        expect(shares.prepaidNanoUsd).toBeLessThanOrEqual(Math.max(0, balanceNanoUsd));
        // Done again from what it found, it finds the same.
        const again = { aiNanoUsd: shares.billedAiNanoUsd, awakeMinutes: shares.billedAwakeMinutes };
        expect(shareOut(pool, { aiNanoUsd, awakeMs }, { balanceNanoUsd, mayBill: true, billed: again })).toEqual(
          shares,
        );
      },
    ),
  );
});

test('a month with a part of the trial includes what is left of it beside the plan', () => {
  const part = { fromPeriod: '2026-11', toPeriod: '2026-12', earlier: { aiNanoUsd: 0.4 * usd, awakeMs: 50 * hourMs } };
  expect(planOfMonth(pool, trial, part, '2026-12')).toMatchObject({
    id: 'pool',
    includedAiNanoUsd: 5.6 * usd,
    includedAwakeMs: 80 * hourMs,
  });
  expect(planOfMonth(null, trial, part, '2026-12')).toMatchObject({ id: 'trial', includedAiNanoUsd: 0.6 * usd });
  expect(planOfMonth(null, trial, part, '2027-01')).toMatchObject({ includedAiNanoUsd: 0, includedAwakeMs: 0 });
  expect(planOfMonth(pool, trial, part, '2027-01')).toMatchObject({ includedAiNanoUsd: 5 * usd });
});

test('what is learned after a month goes to its last hour', () => {
  expect(hourOf('2026-11', Date.UTC(2026, 10, 21, 14, 59))).toBe(Date.UTC(2026, 10, 21, 14));
  expect(hourOf('2026-11', Date.UTC(2026, 11, 2, 8))).toBe(Date.UTC(2026, 10, 30, 23));
  expect(monthEndMs('2026-12')).toBe(Date.UTC(2027, 0, 1));
  expect(monthBefore('2026-01')).toBe('2025-12');
});
