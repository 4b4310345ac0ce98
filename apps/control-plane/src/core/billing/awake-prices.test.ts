import { expect, it } from 'vitest';
import { defaultSizeKey, SizeKey, sizeKeyOf } from '../../contract/usage-totals.ts';
import { defaultSize } from '../defaults.ts';
import { awakeMinutePrice, standardAwakeMs } from './awake-prices.ts';
import { awakeMinuteNanoUsd } from './plans.ts';

const atMs = Date.UTC(2026, 10, 21);

it('is for the default size what plans say', () => {
  expect(sizeKeyOf(defaultSize)).toBe(defaultSizeKey);
  expect(awakeMinutePrice(defaultSizeKey, atMs)).toBe(awakeMinuteNanoUsd);
  // And before the first edition, the first.
  expect(awakeMinutePrice(defaultSizeKey, 0)).toBe(awakeMinuteNanoUsd);
});

it.each([
  ['2-6144-8000', 100_000 + 360_000 + 1_320_000 + 120_000],
  ['4-12288-20000', 100_000 + 720_000 + 2_640_000 + 300_000],
  ['1.5-4608-4000', 100_000 + 270_000 + 990_000 + 60_000],
])('of %s is %i a minute', (size, price) => {
  expect(SizeKey.safeParse(size).success).toBe(true);
  expect(awakeMinutePrice(size, atMs)).toBe(price);
});

it('counts other sizes in the default one, and the default one as it is', () => {
  const hour = 3_600_000;
  expect(standardAwakeMs({ awakeMs: 7 * hour + 1, bySize: {} }, atMs)).toBe(7 * hour + 1);
  expect(standardAwakeMs({ awakeMs: hour, bySize: { [defaultSizeKey]: hour } }, atMs)).toBe(hour);
  // 1.9 times the price.
  const bySize = { [defaultSizeKey]: hour, '2-6144-8000': 2 * hour };
  expect(standardAwakeMs({ awakeMs: 3 * hour, bySize }, atMs)).toBe(hour + 3.8 * hour);
});
