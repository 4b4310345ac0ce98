/** What a person may ask of scratch runs. Idempotent by operation id; `activate()` carries it out. */
import type { OperationId } from '../../../control-plane/src/contract/ids.ts';
import type { Result } from '../../../control-plane/src/contract/result.ts';
import { err, ok } from '../../../control-plane/src/contract/result.ts';
import type { Scratch } from './scratch.ts';

/** Begins a drill of the newest snapshot. */
export function drill(scratch: Scratch, operationId: OperationId): Result<null> {
  const { runs, snapshots } = scratch.deps;
  if (runs.knows(operationId)) return ok(null);
  if (runs.open() !== null)
    return err({
      code: 'scratch_busy',
      detail: 'A restore or an upgrade of this assistant is being tried out already.',
      next: 'Wait until it has ended; a trial takes a few minutes at most.',
    });
  if (snapshots.newest() === null)
    return err({
      code: 'nothing_saved',
      detail: 'There is no snapshot of this assistant yet.',
      next: 'Let it run once and go to sleep; then there is something to restore.',
    });
  scratch.beginDrill(operationId);
  return ok(null);
}
