// Every number on the right was worked out by hand from the published prices, in nano-dollars.

import { describe, expect, it } from 'vitest';
import { defaultSizeKey } from '../../contract/usage-totals.ts';
import { costOfGoods, divide, marginsOf, type AssistantUse } from './margin.ts';
import { ratesAt } from './rates.ts';

const rates = ratesAt(Date.UTC(2026, 10, 21));
const hourMs = 3_600_000;
const month = { days: 30, elapsed: 1, awakeMinuteNanoUsd: 1_000_000, defaultSizeKey };
const nothing: AssistantUse = {
  tenantId: 'ten_a',
  awakeMs: 0,
  awakeMsBySize: {},
  aiNanoUsd: 0,
  requests: 0,
  browserMs: 0,
  byteDays: 0,
};

describe('what an assistant costs', () => {
  it('60 hours awake of the default size', () => {
    // 216,000 s × (3 GiB × 2,500 + 4 GB × 70 + 1 vCPU × 10 % × 20,000) = 216,000 × 9,780
    // its object: 216,000 × 0.125 GB × 12,500, and 3,600 min × 12 requests × 150
    expect(costOfGoods({ ...nothing, awakeMs: 60 * hourMs }, rates, month)).toEqual({
      computeNanoUsd: 2_112_480_000,
      objectsNanoUsd: 337_500_000 + 6_480_000,
      requestsNanoUsd: 0,
      storageNanoUsd: 0,
      aiNanoUsd: 0,
      browserNanoUsd: 0,
    });
  });

  it('by size, and what is not told by size is of the default one', () => {
    // 2 vCPU, 6 GiB, 8 GB for an hour: 3,600 × (15,000 + 560 + 4,000); an hour of the default size: 3,600 × 9,780
    const use = { ...nothing, awakeMs: 2 * hourMs, awakeMsBySize: { '2-6144-8000': hourMs } };
    expect(costOfGoods(use, rates, month).computeNanoUsd).toBe(70_416_000 + 35_208_000);
  });

  it('1,000 requests for 2.5 USD, and 20 GB stored for 15 of 30 days', () => {
    // requests: 1,000 × (2 × 300 + 4 × 1,000); the object: 1,000 × 6 × 150; stored: 10 GB for a month × 15,000,000
    const use = { ...nothing, requests: 1_000, aiNanoUsd: 2_500_000_000, byteDays: 15 * 20e9 };
    expect(costOfGoods(use, rates, month)).toMatchObject({
      objectsNanoUsd: 900_000,
      requestsNanoUsd: 4_600_000,
      storageNanoUsd: 150_000_000,
      aiNanoUsd: 2_500_000_000,
    });
  });
});

describe('what an organisation brings', () => {
  const uses: AssistantUse[] = [
    { ...nothing, tenantId: 'ten_a', aiNanoUsd: 6_000_000_000 },
    {
      ...nothing,
      tenantId: 'ten_b',
      aiNanoUsd: 2_000_000_000,
      awakeMs: hourMs,
      awakeMsBySize: { [defaultSizeKey]: hourMs },
    },
  ];

  it('is divided among its assistants to the last nano-dollar, and so is what is kept of it', () => {
    // 15 USD of plan halved; 2.06 above by use: 6 USD against 2 and an hour of 0.06; nothing prepaid.
    const revenue = { planCents: 1_500, overageNanoUsd: 2_060_000_000, prepaidNanoUsd: 0 };
    const [a, b] = marginsOf(uses, revenue, rates, month);
    expect(a?.revenue).toEqual({
      planNanoUsd: 7_500_000_000,
      overageNanoUsd: 1_533_498_760, // 2,060,000,000 × 6,000 / 8,060, and the rest of the rounding
      prepaidNanoUsd: 0,
    });
    expect(b?.revenue.overageNanoUsd).toBe(2_060_000_000 - 1_533_498_760);
    // 3.6 % of 17.06 USD and 30 cents: 914,160,000
    expect((a?.cost.collectionNanoUsd ?? 0) + (b?.cost.collectionNanoUsd ?? 0)).toBe(914_160_000);
    // b: an hour awake (35,208,000), its object (5,625,000 + 720 × 150), 2 USD of AI
    const { collectionNanoUsd: kept = 0, ...own } = b?.cost ?? {};
    expect(own).toEqual({
      computeNanoUsd: 35_208_000,
      objectsNanoUsd: 5_733_000,
      requestsNanoUsd: 0,
      storageNanoUsd: 0,
      aiNanoUsd: 2_000_000_000,
      browserNanoUsd: 0,
    });
    expect(b?.marginNanoUsd).toBe(7_500_000_000 + 526_501_240 - 2_040_941_000 - kept);
  });

  it('is so much of the plan as the month is over, and nothing without one', () => {
    const half = marginsOf(uses, { planCents: 1_500, overageNanoUsd: 0, prepaidNanoUsd: 0 }, rates, {
      ...month,
      elapsed: 0.5,
    });
    expect(half.map(({ revenueNanoUsd }) => revenueNanoUsd)).toEqual([3_750_000_000, 3_750_000_000]);
    const none = marginsOf(uses, { planCents: 0, overageNanoUsd: 0, prepaidNanoUsd: 0 }, rates, month);
    expect(none.map(({ marginNanoUsd }) => marginNanoUsd)).toEqual([-6_000_000_000, -2_040_941_000]);
    expect(marginsOf([], { planCents: 1_500, overageNanoUsd: 1, prepaidNanoUsd: 1 }, rates, month)).toEqual([]);
  });

  it.each([
    [10, [1, 1, 1], [4, 3, 3]],
    [10, [0, 0], [5, 5]],
    [7, [0, 3], [0, 7]],
    [0, [1, 2], [0, 0]],
  ])('%i by %o is %o', (total, weights, shares) => {
    expect(divide(total, weights)).toEqual(shares);
  });
});
