/** The plan of an upgrade as a table, and what it must never do, whatever is seen. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tenantStates } from '../../../../control-plane/src/contract/tenant-rpc.ts';
import type { UpgradeInput, UpgradeStep } from './plan.ts';
import { decideUpgrade, promotingDeadlineMs, savingDeadlineMs } from './plan.ts';

const nowMs = 10_000_000;
const older = '2026.8.2';
const newer = '2026.9.6';
const quiet: UpgradeInput = {
  wanted: newer,
  running: older,
  active: true,
  state: 'asleep',
  openRuns: 0,
  upgrade: null,
  failedRelease: null,
  rollback: null,
  rollingBack: false,
  newestId: 's1',
  hasSnapshots: true,
  clean: true,
  trial: null,
  nowMs,
};
const begun = {
  to: newer,
  operationId: 'op_1',
  phase: 'saving',
  sinceMs: nowMs - 1_000,
  before: 's1',
  snapshotId: null,
  scratchN: null,
} as const;
const trying = { ...begun, phase: 'trial', snapshotId: 's1', scratchN: 3 } as const;
const promoting = { ...trying, phase: 'promoting' } as const;
const back = { release: older, snapshotId: 's1', atMs: 1 };
const counts = { files: 1, sessions: 1, cronJobs: 0 };

const said = (step: UpgradeStep): string => (step.kind === 'fail' ? step.code : step.kind);

describe('the plan', () => {
  it.each<readonly [string, Partial<UpgradeInput>, string]>([
    ['nothing is wanted', { wanted: older }, 'rest'],
    ['a newer one is wanted', {}, 'begin'],
    ['it is suspended', { active: false }, 'rest'],
    ['it failed before', { failedRelease: newer }, 'rest'],
    ['another one failed before', { failedRelease: '2026.9.5' }, 'begin'],
    ['an older one is wanted', { wanted: older, running: newer }, 'release_older'],
    ['there is nothing to lose', { hasSnapshots: false, newestId: null }, 'take_over'],
    ['its first boot is under way', { hasSnapshots: false, newestId: null, state: 'provisioning' }, 'rest'],
    ['the way back', { wanted: older, running: newer, rollback: back }, 'roll_back'],
    ['the way back of a moving one', { wanted: older, running: newer, rollback: back, state: 'waking' }, 'rest'],
    ['the way back is under way', { wanted: older, running: newer, rollback: back, rollingBack: true }, 'rest'],
    ['asleep, saved', { upgrade: begun }, 'try'],
    ['awake, saved', { upgrade: begun, state: 'awake' }, 'try'],
    ['awake, at work', { upgrade: begun, state: 'awake', clean: false }, 'rest'],
    ['awake, saved since', { upgrade: begun, state: 'awake', clean: false, newestId: 's2' }, 'try'],
    [
      'it cannot be saved',
      { upgrade: { ...begun, sinceMs: nowMs - savingDeadlineMs }, state: 'awake', clean: false },
      'snapshot_failed',
    ],
    ['a drill was in the way', { upgrade: { ...trying, scratchN: null } }, 'try'],
    ['the trial runs', { upgrade: trying, trial: 'under_way' }, 'rest'],
    ['the trial was lost', { upgrade: trying, trial: null }, 'abandoned'],
    ['the trial failed', { upgrade: trying, trial: { ok: false, code: 'no_answer', detail: '' } }, 'no_answer'],
    ['the trial went well', { upgrade: trying, trial: { ok: true, counts } }, 'enter_promoting'],
    ['at rest', { upgrade: promoting }, 'promote'],
    ['at rest, something is still open', { upgrade: promoting, openRuns: 1 }, 'rest'],
    ['awake', { upgrade: promoting, state: 'awake', openRuns: 1 }, 'drain'],
    ['on its way', { upgrade: promoting, state: 'waking', openRuns: 1 }, 'rest'],
    [
      'never at rest',
      { upgrade: { ...promoting, sinceMs: nowMs - promotingDeadlineMs }, state: 'waking', openRuns: 1 },
      'promote_timeout',
    ],
    ['another one is wanted', { upgrade: trying, wanted: '2026.9.9' }, 'replaced'],
    ['it is deleted', { upgrade: promoting, active: false }, 'replaced'],
  ])('%s', (_what, input, expected) => {
    expect(said(decideUpgrade({ ...quiet, ...input }))).toBe(expected);
  });

  const anyInput: fc.Arbitrary<UpgradeInput> = fc.record({
    wanted: fc.constantFrom(older, newer),
    running: fc.constantFrom(older, newer),
    active: fc.boolean(),
    state: fc.constantFrom(...tenantStates),
    openRuns: fc.nat(2),
    upgrade: fc.constantFrom(null, begun, trying, { ...trying, scratchN: null }, promoting),
    failedRelease: fc.constantFrom(null, older, newer),
    rollback: fc.constantFrom(null, back),
    rollingBack: fc.boolean(),
    newestId: fc.constantFrom(null, 's1', 's2'),
    hasSnapshots: fc.boolean(),
    clean: fc.boolean(),
    trial: fc.constantFrom(null, 'under_way' as const, { ok: true, counts } as const),
    nowMs: fc.constantFrom(nowMs, nowMs + promotingDeadlineMs, 0),
  });

  it('changes the release only at rest, after a trial that went well, or where nothing can be lost', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const step = decideUpgrade(input);
        if (step.kind === 'promote' || step.kind === 'take_over') expect(input.openRuns).toBe(0);
        if (step.kind === 'promote') expect(input.upgrade?.phase).toBe('promoting');
        if (step.kind === 'take_over') expect(input.hasSnapshots).toBe(false);
        if (step.kind === 'enter_promoting') expect(input.trial).toEqual({ ok: true, counts });
        if (step.kind === 'roll_back') expect(step.point.release).toBe(input.wanted);
        if (step.kind === 'begin') expect([input.wanted, input.running]).toEqual([newer, older]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('does nothing to a tenant that is where it is wanted, or whose release failed', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const still = { ...input, upgrade: null };
        expect(decideUpgrade({ ...still, running: input.wanted }).kind).toBe('rest');
        expect(decideUpgrade({ ...still, failedRelease: input.wanted }).kind).toBe('rest');
      }),
    );
  });
});
