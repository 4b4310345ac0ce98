/** The keeper's one error type: a refusal with a code of the contract, a sentence, and its HTTP status. */
import type { ProblemCode } from './contract.ts';

const statusOf: Record<ProblemCode, number> = {
  invalid_request: 400,
  unauthorized: 401,
  not_found: 404,
  method_not_allowed: 405,
  too_large: 413,
  already_claimed: 409,
  gateway_running: 409,
  gateway_not_ready: 409,
  busy: 409,
  archive_refused: 422,
  file_refused: 409,
  disk_full: 507,
  internal: 500,
};

export class Problem extends Error {
  readonly code: ProblemCode;

  constructor(code: ProblemCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get status(): number {
    return statusOf[this.code];
  }
}

/** The `code` of a failed system call, such as `ENOSPC`, or null. */
export function systemErrorCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

/** A sentence for a log or a failure record; never throws. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
