import { describe, expect, it } from 'vitest';
import {
  dearHourNanoUsd,
  judgeFuse,
  rateFactor,
  rateFloorNanoUsd,
  rateHoursMin,
  rateThreshold,
  repeatsMax,
  repeatWindowMs,
  timesCharged,
} from './spend-guard.ts';

const atMs = 10_000_000;
const calm = { times: 1, hourNanoUsd: 0, dearNanoUsd: null };

describe('the same request', () => {
  it('is counted within the window that ends with it, and no other', () => {
    const charged = [
      { hash: 1, atMs: atMs - repeatWindowMs },
      { hash: 1, atMs: atMs - repeatWindowMs + 1 },
      { hash: 2, atMs: atMs - 5 },
      { hash: 1, atMs },
      { hash: 1, atMs: atMs + 1 },
    ];
    expect(timesCharged(charged, { hash: 1, atMs })).toBe(2);
  });

  it('trips when it was charged once too often', () => {
    expect(judgeFuse({ ...calm, times: repeatsMax })).toBeNull();
    expect(judgeFuse({ ...calm, times: repeatsMax + 1 })).toMatchObject({ why: 'repeated', times: repeatsMax + 1 });
  });
});

describe('a dear hour', () => {
  it('is not known before there was enough use', () => {
    const hours = Array.from({ length: rateHoursMin - 1 }, () => 5);
    expect(dearHourNanoUsd([...hours, 0, 0, 0])).toBeNull();
    expect(dearHourNanoUsd([...hours, 5])).toBe(5);
  });

  it('is dearer than 19 of 20 hours of use, whatever their order', () => {
    const hours = Array.from({ length: 100 }, (_, n) => ((n * 37) % 100) + 1);
    expect(dearHourNanoUsd([...hours, ...Array.from({ length: 68 }, () => 0)])).toBe(95);
  });
});

describe('the rate', () => {
  it('trips above a multiple of a dear hour, and never below the floor', () => {
    expect(rateThreshold(null)).toBeNull();
    expect(rateThreshold(1_000)).toBe(rateFloorNanoUsd);
    expect(rateThreshold(rateFloorNanoUsd)).toBe(rateFactor * rateFloorNanoUsd);
    expect(judgeFuse({ ...calm, hourNanoUsd: rateFloorNanoUsd, dearNanoUsd: 1_000 })).toBeNull();
    expect(judgeFuse({ ...calm, hourNanoUsd: rateFloorNanoUsd + 1, dearNanoUsd: 1_000 })).toEqual({
      why: 'rate',
      hourNanoUsd: rateFloorNanoUsd + 1,
      usualNanoUsd: 1_000,
    });
    expect(judgeFuse({ ...calm, hourNanoUsd: 1e15 })).toBeNull();
  });
});
