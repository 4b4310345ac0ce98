import { describe, expect, it } from 'vitest';
import { tideAt } from './tide-curve.tsx';

describe('the tide', () => {
  it('floods when something wakes and ebbs when it goes to sleep', () => {
    expect(tideAt('wake', 0)).toBeGreaterThan(tideAt('wake', 1));
    expect(tideAt('provision', 0)).toBeGreaterThan(tideAt('provision', 1));
    expect(tideAt('sleep', 0)).toBeLessThan(tideAt('sleep', 1));
    expect(tideAt('delete', 0)).toBeLessThan(tideAt('delete', 1));
  });
  it('does both for a restart', () => {
    expect(tideAt('restart', 0)).toBeCloseTo(tideAt('restart', 1));
    expect(tideAt('restart', 0.5)).toBeGreaterThan(tideAt('restart', 0));
  });
});
