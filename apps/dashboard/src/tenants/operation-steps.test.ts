import { describe, expect, it } from 'vitest';
import type { Operation } from '../../../control-plane/src/contract/tenant-rpc.ts';
import { isSlow, operationPhase, progressOf, stepsOf } from './operation-steps.ts';

type Step = Operation['steps'][number];
const step = (
  name: Step['name'],
  startedAtMs: number,
  endedAtMs: number | null,
  ok: boolean | null = endedAtMs === null ? null : true,
): Step => ({
  name,
  startedAtMs,
  endedAtMs,
  ok,
});
const wake = (steps: Step[], rest: Partial<Pick<Operation, 'finishedAtMs' | 'error'>> = {}) => ({
  kind: 'wake' as const,
  steps,
  finishedAtMs: null,
  error: null,
  ...rest,
});
const brief = (views: ReturnType<typeof stepsOf>) =>
  views.map(({ name, state, elapsedMs }) => `${name} ${state} ${elapsedMs}`);

describe('steps of an operation', () => {
  it('shows what is to come before anything began', () => {
    expect(brief(stepsOf(wake([]), 0))).toEqual([
      'container waiting null',
      'restore waiting null',
      'configure waiting null',
      'gateway waiting null',
      'health waiting null',
    ]);
  });

  it('counts up the running step and leaves out the ones that were skipped', () => {
    const steps = [step('container', 1_000, 3_000), step('configure', 3_000, null)];
    expect(brief(stepsOf(wake(steps), 4_500))).toEqual([
      'container done 2000',
      'configure running 1500',
      'gateway waiting null',
      'health waiting null',
    ]);
  });

  it('shows a step that was tried again once, in its latest try', () => {
    const steps = [
      step('container', 0, 100),
      step('gateway', 100, 200, false),
      step('container', 300, 400),
      step('gateway', 400, null),
    ];
    expect(brief(stepsOf(wake(steps), 450))).toEqual([
      'container done 100',
      'gateway running 50',
      'health waiting null',
    ]);
  });

  it('ends with what was done: nothing is left waiting', () => {
    const steps = [step('container', 0, 100), step('gateway', 100, 900)];
    expect(brief(stepsOf(wake(steps, { finishedAtMs: 900 }), 5_000))).toEqual([
      'container done 100',
      'gateway done 800',
    ]);
  });

  it('marks the step that failed', () => {
    const error = { code: 'tenant_not_startable', detail: 'x', next: 'y' };
    const failed = wake([step('container', 0, 100), step('gateway', 100, 900, false)], { finishedAtMs: 900, error });
    expect(brief(stepsOf(failed, 5_000)).at(-1)).toBe('gateway failed 800');
    expect(operationPhase(failed)).toBe('failed');
  });

  it('never counts below zero when clocks disagree', () => {
    expect(stepsOf(wake([step('container', 9_000, null)]), 1_000)[0]?.elapsedMs).toBe(0);
  });
});

const progressAt = (nowMs: number): number => progressOf(stepsOf(wake([step('container', 0, null)]), nowMs), 3_000);

describe('progress', () => {
  it('rises while a step runs and stays below the end of that step', () => {
    expect(progressAt(0)).toBe(0);
    expect(progressAt(2_000)).toBeGreaterThan(progressAt(500));
    expect(progressAt(3_600_000)).toBeLessThan(0.2);
  });

  it('is whole when all is done, and zero when nothing is known', () => {
    expect(progressOf(stepsOf(wake([step('container', 0, 1)], { finishedAtMs: 1 }), 9), 1)).toBe(1);
    expect(progressOf([], 1)).toBe(0);
  });
});

describe('slower than usual', () => {
  it('is twice the usual, at least 15 s, and 45 s when nothing is known', () => {
    expect(isSlow(20_001, 10_000)).toBe(true);
    expect(isSlow(19_999, 10_000)).toBe(false);
    expect(isSlow(10_000, 1_000)).toBe(false);
    expect(isSlow(45_001, null)).toBe(true);
    expect(isSlow(44_999, null)).toBe(false);
  });
});
