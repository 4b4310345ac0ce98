/** Why a start or a run ended, in the codes of the contract: from what was thrown, or from an exit and its last words. */
import { ConfigInvalid } from './config-store.ts';
import type { FailureCode } from './contract.ts';
import type { GatewayExit } from './gateway-process.ts';
import { redact } from './log-ring.ts';
import { describeError, systemErrorCode } from './problem.ts';

/** Something a start ends with; carries the code of the contract. */
export class StartFailed extends Error {
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export function failureOf(error: unknown): { code: FailureCode; message: string } {
  if (error instanceof StartFailed) return { code: error.code, message: error.message };
  // OpenClaw may quote the value that it refuses.
  if (error instanceof ConfigInvalid) return { code: 'config_invalid', message: redact(error.message).slice(0, 2_000) };
  if (systemErrorCode(error) === 'ENOSPC') return { code: 'disk_full', message: 'The disk is full.' };
  return { code: 'gateway_exit', message: describeError(error) };
}

/** OpenClaw ends with 78 when config or state do not fit this version; a restart would end the same way. */
const exitCodeConfig = 78;

/** @param tail the last lines of the log, which tell one exit 78 from another */
export function explainExit(exit: GatewayExit, tail: string): { code: FailureCode; message: string } {
  const how = exit.signal === null ? `code ${exit.code}` : `signal ${exit.signal}`;
  if (/ENOSPC|SQLITE_FULL|database or disk is full|no space left/i.test(tail)) {
    return { code: 'disk_full', message: `The disk is full; the gateway ended with ${how}.` };
  }
  if (/newer schema version/i.test(tail)) {
    return {
      code: 'schema_newer',
      message: 'This state was written by a newer OpenClaw and cannot be read by this one.',
    };
  }
  if (/EADDRINUSE|already listening|port \d+ is (?:already )?in use/i.test(tail)) {
    return { code: 'port_in_use', message: `The gateway's port is in use; it ended with ${how}.` };
  }
  if (exit.code === exitCodeConfig) {
    return { code: 'config_invalid', message: `OpenClaw refused its config or state (exit ${exitCodeConfig}).` };
  }
  return { code: 'gateway_exit', message: `The gateway ended with ${how}.` };
}
