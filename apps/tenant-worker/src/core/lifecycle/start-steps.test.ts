// What a person is shown of a start: the keeper's times, not those of the looks.

import { describe, expect, it } from 'vitest';
import type { OperationStep } from '../../../../control-plane/src/contract/tenant-rpc.ts';
import type { KeeperStep } from './start-steps.ts';
import { withKeeperTimes } from './start-steps.ts';

const ours: readonly OperationStep[] = [
  { name: 'container', startedAtMs: 1_000, endedAtMs: 3_000, ok: true },
  { name: 'configure', startedAtMs: 3_000, endedAtMs: null, ok: null },
];
const step = (name: string, startedAtMs: number, endedAtMs: number | null): KeeperStep => ({
  name,
  startedAtMs,
  endedAtMs,
  ok: endedAtMs === null ? null : true,
});
const keeper = [
  step('config.render', 3_020, 3_030),
  step('config.validate', 3_030, 5_030),
  step('gateway.listen', 5_100, 8_400),
  step('gateway.ready', 8_400, 9_900),
];
const shape = (steps: readonly OperationStep[]): string[] =>
  steps.map((s) => `${s.name} ${s.startedAtMs}-${s.endedAtMs ?? ''}`);

describe('the steps of a start', () => {
  it('are the keeper’s, without a gap between them', () => {
    expect(shape(withKeeperTimes(ours, keeper, 10_200))).toEqual([
      'container 1000-3000',
      'configure 3000-5030',
      'gateway 5030-8400',
      'health 8400-9900',
    ]);
  });

  it('grow as the keeper goes on, and are the same however often they are read', () => {
    const early = withKeeperTimes(ours, keeper.slice(0, 1), 3_025);
    expect(shape(early)).toEqual(['container 1000-3000', 'configure 3000-']);
    const listening = withKeeperTimes(early, [...keeper.slice(0, 2), step('gateway.listen', 5_100, null)], 5_200);
    expect(shape(listening)).toEqual(['container 1000-3000', 'configure 3000-5030', 'gateway 5030-']);
    const done = withKeeperTimes(listening, keeper, 10_200);
    expect(withKeeperTimes(done, keeper, 10_300)).toEqual(done);
  });

  it('replace what the looks made of them', () => {
    const looked: readonly OperationStep[] = [
      ...ours.slice(0, 1),
      { name: 'configure', startedAtMs: 3_000, endedAtMs: 5_500, ok: true },
      { name: 'gateway', startedAtMs: 5_500, endedAtMs: null, ok: null },
    ];
    expect(shape(withKeeperTimes(looked, keeper, 10_200))).toHaveLength(4);
  });

  it('stay between the request and now, whatever the container’s clock says', () => {
    for (const skewMs of [-86_400_000, -10, 10, 86_400_000]) {
      const skewed = keeper.map((s) => ({
        ...s,
        startedAtMs: s.startedAtMs + skewMs,
        endedAtMs: (s.endedAtMs ?? 0) + skewMs,
      }));
      const steps = withKeeperTimes(ours, skewed, 10_200);
      const times = steps.flatMap((s) => [s.startedAtMs, s.endedAtMs ?? 0]);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(times.at(-1)).toBeLessThanOrEqual(10_200);
      // The lengths are true even when the clock is not.
      expect(steps.map((s) => (s.endedAtMs ?? 0) - s.startedAtMs).slice(2)).toEqual([3_370, 1_500]);
    }
  });

  it('are left alone before a start was asked for, after it failed, and when the keeper says nothing', () => {
    expect(withKeeperTimes(ours.slice(0, 1), keeper, 10_200)).toEqual(ours.slice(0, 1));
    const failed = ours.map((s) => ({ ...s, endedAtMs: s.endedAtMs ?? 4_000, ok: s.name !== 'configure' }));
    expect(withKeeperTimes(failed, keeper, 10_200)).toEqual(failed);
    expect(withKeeperTimes(ours, [], 10_200)).toEqual(ours);
  });
});
