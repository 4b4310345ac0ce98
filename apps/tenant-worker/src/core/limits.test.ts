/** Numbers that only make sense together. */
import { expect, it } from 'vitest';
import * as limits from './limits.ts';

it.each<[string, boolean]>([
  [
    'a lost run is noticed within 30 s, one probe after the other',
    limits.awakeProbeMs + limits.silentProbesMax * 2 * limits.observeDeadlineMs <= 35_000,
  ],
  [
    'two looks are further apart than the spacing at which silence counts',
    limits.observeDeadlineMs >= limits.silentProbeSpacingMs,
  ],
  ['the object waits longer for a drain than the keeper takes', limits.drainDeadlineMs > limits.drainGraceMs],
  ['an idle tenant is looked at before it may sleep', limits.awakeProbeMs < 60_000],
  [
    'a save fits between two looks that count as awake',
    limits.awakeGapMaxMs > limits.snapshotDeadlineMs + limits.awakeProbeMs,
  ],
  [
    'a container that does not answer gets as long as a keeper that boots',
    limits.unreachableTriesMax * limits.rescueSpacingMs >= limits.keeperUpDeadlineMs,
  ],
  ['a run that answers is tried more often than one that does not', limits.rescueTriesMax > limits.unreachableTriesMax],
  [
    'looks at a run that is to be saved keep it from its inactivity stop',
    limits.rescueSpacingMaxMs < limits.containerInactivityMs,
  ],
  ['saves are spaced closer than the period', limits.snapshotSpacingMs < limits.periodicSnapshotMs],
  [
    'a rebuilt object forgets less activity than the shortest idle limit',
    limits.activityGrainMs + limits.awakeProbeMs < 60_000,
  ],
  ['a start waits less than it is given', limits.startBackoffMaxMs < limits.keeperUpDeadlineMs],
  [
    'a wake without a measure is within what a measured one may be',
    limits.wakeLeadMinMs < limits.wakeLeadUnknownMs && limits.wakeLeadUnknownMs < limits.wakeLeadMaxMs,
  ],
  ['one failed action is retried before the next probe', limits.actionBackoffFirstMs < limits.awakeProbeMs],
])('%s', (_what, holds) => {
  expect(holds).toBe(true);
});
