/** How far an operation has come, as one number: what is told of it may arrive in any order, and only further counts. */
import type { Operation } from '../contract/tenant-rpc.ts';

/** Attempts first, then steps begun, then steps ended. 0 is for an operation that no cell has spoken of yet. */
export function operationProgress(operation: Operation): number {
  const ended = operation.steps.filter((step) => step.endedAtMs !== null).length;
  return operation.attempt * 10_000 + operation.steps.length * 100 + ended;
}

export const progressUntold = 0;
