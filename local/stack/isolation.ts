// The three ways tenant containers can be run here, and the variable that chooses.

import { StackError } from './progress.ts';

export type Isolation = 'docker' | 'ns' | 'plain';

/** Parses `TENANT_ENGINE`; undefined = choose for me. Throws StackError for anything but the three names. */
export function parseIsolation(value: string | undefined): Isolation | undefined {
  if (value === undefined || value === '') return undefined;
  if (value === 'docker' || value === 'ns' || value === 'plain') return value;
  throw new StackError(`TENANT_ENGINE is "${value}"; it must be docker, ns or plain.`);
}
