import { describe, expect, it } from 'vitest';
import { Operation } from '../../../control-plane/src/contract/tenant-rpc.ts';
import { type Timings, usualMs, withTiming } from './timings.ts';

const id = (n: number): string => `op_${String(n).padStart(26, '0')}`;
const wake = (n: number, ms: number | null, error: Operation['error'] = null): Operation =>
  Operation.parse({
    id: id(n),
    tenantId: `ten_${'0'.repeat(26)}`,
    kind: 'wake',
    startedAtMs: 1_000,
    finishedAtMs: ms === null ? null : 1_000 + ms,
    steps: [],
    attempt: 1,
    error,
  });

describe('how long it usually takes', () => {
  it('is the median of what was seen, per kind of work', () => {
    let timings: Timings = {};
    for (const [n, ms] of [9_000, 90_000, 11_000].entries()) timings = withTiming(timings, wake(n, ms));
    expect(usualMs(timings, 'wake')).toBe(11_000);
    expect(usualMs(timings, 'sleep')).toBeNull();
  });

  it('counts an operation once, and only when it ended well', () => {
    const once = withTiming({}, wake(1, 5_000));
    expect(withTiming(once, wake(1, 5_000))).toBe(once);
    expect(withTiming({}, wake(2, null))).toEqual({});
    expect(withTiming({}, wake(3, 5_000, { code: 'x', detail: 'x', next: 'x' }))).toEqual({});
  });

  it('forgets the oldest', () => {
    let timings: Timings = {};
    for (let n = 0; n < 40; n++) timings = withTiming(timings, wake(n, n));
    expect(timings['wake']).toHaveLength(9);
    expect(timings['wake']?.[0]?.id).toBe(id(31));
  });
});
