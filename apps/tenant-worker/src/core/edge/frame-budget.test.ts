import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { FrameBudget } from './frame-budget.ts';
import * as limits from './limits.ts';

it.each<[string, boolean]>([
  ['the largest message fits into what may wait', limits.bufferedMaxBytes > limits.messageMaxBytes],
  ['the largest message may be sent', limits.uploadBurstBytes >= limits.messageMaxBytes],
  ['the largest answer does not make its reader silent', limits.unheardMaxBytes >= 2 * limits.messageMaxBytes],
  ['one session leaves room for others', limits.socketsPerSessionMax * 2 <= limits.socketsMax],
])('%s', (_what, holds) => {
  expect(holds).toBe(true);
});

it('takes a burst, then so many in a second', () => {
  const budget = new FrameBudget(0);
  for (let n = 0; n < limits.messagesBurst; n++) expect(budget.spend(1, 0)).toBe(true);
  expect(budget.spend(1, 0)).toBe(false);
  const later = new FrameBudget(0);
  for (let n = 0; n < limits.messagesBurst; n++) later.spend(1, 0);
  for (let n = 0; n < limits.messagesPerSecond; n++) expect(later.spend(1, 1_000)).toBe(true);
  expect(later.spend(1, 1_000)).toBe(false);
});

it('takes two of the largest messages, and a third when their time has passed', () => {
  const budget = new FrameBudget(0);
  expect(budget.spend(limits.messageMaxBytes, 0)).toBe(true);
  expect(budget.spend(limits.messageMaxBytes, 0)).toBe(true);
  expect(budget.spend(limits.messageMaxBytes, 5_000)).toBe(true);
  expect(budget.spend(1, 5_000)).toBe(false);
});

it('lets nobody pass more than the burst and the rate allow, however the clock runs', () => {
  const frame = fc.record({ bytes: fc.nat(limits.messageMaxBytes), waitMs: fc.integer({ min: -2_000, max: 2_000 }) });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 400 }), (frames) => {
      const budget = new FrameBudget(0);
      let [atMs, latestMs, passed] = [0, 0, 0];
      for (const { bytes, waitMs } of frames) {
        atMs += waitMs;
        latestMs = Math.max(latestMs, atMs);
        if (!budget.spend(bytes, atMs)) return;
        passed += bytes;
        expect(passed).toBeLessThanOrEqual(limits.uploadBurstBytes + (latestMs / 1_000) * limits.uploadBytesPerSecond);
      }
    }),
  );
});
