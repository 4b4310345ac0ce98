/**
 * The planner of upgrades: from the release that is wanted, the one that runs, and how far a change between them has come,
 * the one next thing to do. Pure; every step is a row or an event, so that a crash between two of them loses nothing.
 *
 * What must hold: the release changes only while no run is open, or as a run ends; never before a trial on the new release
 * went well, unless there is no state that could be lost; never to an older one but with the snapshot from before; a
 * release that failed is not tried again until somebody asks.
 */
import { compareReleases } from '../../../../control-plane/src/contract/releases.ts';
import { unreachable } from '../../../../control-plane/src/contract/result.ts';
import { passed } from '../lifecycle/plan-input.ts';
import type { StateKind } from '../lifecycle/state.ts';
import type { ScratchOutcome } from '../scratch/run.ts';

/** Saving what a busy assistant does, twice over; then it is left for another time. */
export const savingDeadlineMs = 900_000;
/** The longest turn that a drain waits for, several times over. */
export const promotingDeadlineMs = 3_600_000;

export interface Upgrade {
  readonly to: string;
  readonly operationId: string;
  /** `saving`: the present state gets into a snapshot. `trial`: a scratch run tries it. `promoting`: until no run is open. */
  readonly phase: 'saving' | 'trial' | 'promoting';
  readonly sinceMs: number;
  /** The newest snapshot when it began. */
  readonly before: string | null;
  /** What is tried. */
  readonly snapshotId: string | null;
  readonly scratchN: number | null;
}

/** What brings an assistant back to the release and the state from before its last upgrade. */
export interface RollbackPoint {
  readonly release: string;
  readonly snapshotId: string;
  readonly atMs: number;
}

export interface UpgradeInput {
  readonly wanted: string;
  readonly running: string;
  readonly active: boolean;
  readonly state: StateKind;
  readonly openRuns: number;
  readonly upgrade: Upgrade | null;
  readonly failedRelease: string | null;
  readonly rollback: RollbackPoint | null;
  readonly rollingBack: boolean;
  readonly newestId: string | null;
  readonly hasSnapshots: boolean;
  /** The running assistant did nothing that is not in the newest snapshot. */
  readonly clean: boolean;
  /** Of the scratch run that `upgrade` names; null when it is not known. */
  readonly trial: 'under_way' | ScratchOutcome | null;
  readonly nowMs: number;
}

export type UpgradeStep =
  | { readonly kind: 'rest' }
  | { readonly kind: 'begin' }
  /** There is nothing to lose: the release is taken over as it is. */
  | { readonly kind: 'take_over' }
  | { readonly kind: 'roll_back'; readonly point: RollbackPoint }
  | { readonly kind: 'try'; readonly snapshotId: string }
  | { readonly kind: 'enter_promoting' }
  /** Ends the present run, saved; the next one is of the new release. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'promote' }
  | { readonly kind: 'fail'; readonly to: string; readonly code: string; readonly detail: string };

const rest: UpgradeStep = { kind: 'rest' };
const fail = (to: string, code: string, detail: string): UpgradeStep => ({ kind: 'fail', to, code, detail });

export function decideUpgrade(input: UpgradeInput): UpgradeStep {
  const { upgrade, wanted } = input;
  if (upgrade === null) return decideNone(input);
  if (upgrade.to !== wanted) return fail(upgrade.to, 'replaced', 'Another version was asked for before this was done.');
  if (!input.active)
    return fail(upgrade.to, 'replaced', 'The assistant was suspended or deleted before this was done.');
  switch (upgrade.phase) {
    case 'saving':
      return decideSaving(input, upgrade);
    case 'trial':
      return decideTrial(input, upgrade);
    case 'promoting':
      return decidePromoting(input, upgrade);
    default:
      return unreachable(upgrade.phase);
  }
}

function decideNone(input: UpgradeInput): UpgradeStep {
  const { wanted, running, rollback, state } = input;
  if (wanted === running || !input.active || input.rollingBack || input.failedRelease === wanted) return rest;
  if (rollback?.release === wanted) {
    const ready = state === 'awake' || state === 'needs_operator' || (state === 'asleep' && input.openRuns === 0);
    return ready ? { kind: 'roll_back', point: rollback } : rest;
  }
  const still = state === 'asleep' || state === 'needs_operator';
  if (!input.hasSnapshots) return still && input.openRuns === 0 ? { kind: 'take_over' } : rest;
  if (compareReleases(wanted, running) < 0)
    return fail(wanted, 'release_older', `OpenClaw ${wanted} cannot read what ${running} wrote.`);
  return { kind: 'begin' };
}

function decideSaving(input: UpgradeInput, upgrade: Upgrade): UpgradeStep {
  const { state, newestId } = input;
  const still = state === 'asleep' || state === 'needs_operator';
  const saved = state === 'awake' && (input.clean || newestId !== upgrade.before);
  if (newestId !== null && (still || saved)) return { kind: 'try', snapshotId: newestId };
  return passed(upgrade.sinceMs, savingDeadlineMs, input.nowMs)
    ? fail(upgrade.to, 'snapshot_failed', 'The present state could not be saved in time, so nothing was tried.')
    : rest;
}

function decideTrial({ trial }: UpgradeInput, upgrade: Upgrade): UpgradeStep {
  if (upgrade.snapshotId === null) return fail(upgrade.to, 'abandoned', 'What was to be tried is not known any more.');
  // Another scratch run may be under way: this one begins after it.
  if (upgrade.scratchN === null) return { kind: 'try', snapshotId: upgrade.snapshotId };
  if (trial === 'under_way') return rest;
  if (trial === null) return fail(upgrade.to, 'abandoned', 'The trial was lost.');
  return trial.ok ? { kind: 'enter_promoting' } : fail(upgrade.to, trial.code, trial.detail);
}

function decidePromoting(input: UpgradeInput, upgrade: Upgrade): UpgradeStep {
  const { state } = input;
  if ((state === 'asleep' || state === 'needs_operator') && input.openRuns === 0) return { kind: 'promote' };
  if (passed(upgrade.sinceMs, promotingDeadlineMs, input.nowMs))
    return fail(upgrade.to, 'promote_timeout', 'The assistant could not be brought to rest for the change.');
  return state === 'awake' ? { kind: 'drain' } : rest;
}
