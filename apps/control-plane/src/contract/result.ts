/**
 * The one Result of the house: a refusal is a value with a code from the catalogue, not an exception,
 * wherever it crosses an RPC (exceptions lose their class there) or is an expected outcome.
 */
import type { ErrorCode } from './errors.ts';

/** A refusal that a person may read: what happened and what to do next. Never vendor text, never a secret. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly next: string;
}

export type Result<T, E = Refusal> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E };

export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

export function err<E>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error };
}

/** Ends a total switch: reaching it means a case was added and not handled. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
