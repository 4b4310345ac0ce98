/**
 * What came of a scratch run, saved with everything that follows from it, in one turn: the drill's record and its alert, the
 * upload's row, the operation that a person watches. An upgrade reads its trial's outcome from the run.
 */
import type { Operation } from '../../../control-plane/src/contract/tenant-rpc.ts';
import type { ScratchOutcome, ScratchRun } from '../core/scratch/run.ts';
import type { ScratchDeps } from './scratch-ports.ts';

export function conclude(deps: ScratchDeps, run: ScratchRun, outcome: ScratchOutcome): void {
  const { runs, clock, log } = deps;
  const tookMs = Math.max(0, clock.nowMs() - run.begunAtMs);
  runs.conclude(run.n, outcome);
  if (run.purpose === 'drill') concludeDrill(deps, run, outcome, tookMs);
  if (run.purpose === 'import') concludeImport(deps, run, outcome);
  log(outcome.ok ? 'scratch.proven' : 'scratch.failed', {
    n: run.n,
    purpose: run.purpose,
    snapshot: run.snapshotId,
    release: run.release,
    tookMs,
    code: outcome.ok ? null : outcome.code,
    detail: outcome.ok ? null : outcome.detail,
  });
  deps.concluded(run, outcome);
}

function concludeDrill(deps: ScratchDeps, run: ScratchRun, outcome: ScratchOutcome, tookMs: number): void {
  const { runs, snapshots, log } = deps;
  const atMs = deps.clock.nowMs();
  const { snapshotId } = run;
  if (outcome.ok) {
    runs.proven({ snapshotId, atMs, tookMs, ...outcome.counts });
    snapshots.proven(snapshotId, atMs);
  } else if (outcome.code !== 'abandoned') {
    runs.drillFailed({ snapshotId, atMs, code: outcome.code, detail: outcome.detail });
    // An alert: what was saved may not come back.
    log('drill.failed', { n: run.n, snapshot: snapshotId, code: outcome.code, detail: outcome.detail });
  }
  finish(deps, run, outcome.ok ? null : drillError(outcome.code, outcome.detail));
}

function concludeImport(deps: ScratchDeps, run: ScratchRun, outcome: ScratchOutcome): void {
  const { imports, clock } = deps;
  const upload = imports.bySnapshot(run.snapshotId);
  if (upload !== null && outcome.ok) imports.ready(upload.id, clock.nowMs());
  // Only what was refused is refused again; everything else may be tried again with the same bytes.
  if (upload !== null && !outcome.ok)
    imports[outcome.code === 'import_refused' ? 'failed' : 'again'](upload.id, outcome);
  finish(deps, run, outcome.ok ? null : importError(outcome.code, outcome.detail));
}

/** Ends the operation that a person watches, if there is one. */
function finish(
  { operations, clock, operationChanged }: ScratchDeps,
  { operationId }: ScratchRun,
  error: Operation['error'],
): void {
  const operation = operationId === null ? null : operations.finish(operationId, clock.nowMs(), error);
  if (operation) operationChanged(operation);
}

function importError(code: string, detail: string): NonNullable<Operation['error']> {
  const next = 'Nothing of the assistant was changed. Mend what is said and bring it again, or ask support.';
  return { code, detail: detail.slice(0, 500), next };
}

function drillError(code: string, detail: string): NonNullable<Operation['error']> {
  if (code === 'abandoned') return { code, detail, next: 'Start the drill again when it is wanted.' };
  return {
    code,
    detail,
    next: 'Nothing of the assistant was changed. An operator has been told; see the runbook section drill_failed.',
  };
}
