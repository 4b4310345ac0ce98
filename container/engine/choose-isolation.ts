// Turns the wanted isolation level into the one this machine gives, with the sentences a person should read.
import type { Isolation } from './sandbox.ts';
import { HostUsers } from './ns/host-users.ts';
import { NsIsolation } from './ns/ns-isolation.ts';
import { UsageError, type IsolationChoice } from './options.ts';
import { PlainIsolation } from './plain/plain-isolation.ts';
import { probeNamespaces } from './probe-isolation.ts';

export interface ChosenIsolation {
  readonly isolation: Isolation;
  readonly warnings: readonly string[];
}

const ROOT_WARNING =
  'The engine runs as root and containers keep its user outside: this machine does not let it become an unprivileged one.';

/** `ns` is never weakened silently: asked for and not to be had, it is an error. */
export function chooseIsolation(choice: IsolationChoice, stateDir: string): ChosenIsolation {
  if (choice === 'plain') return plain(stateDir, []);
  const probe = probeNamespaces();
  if ('reason' in probe) {
    if (choice === 'ns') throw new UsageError(`--isolation ns is not possible on this machine: ${probe.reason}.`);
    return plain(stateDir, [`Namespaces are not used: ${probe.reason}.`]);
  }
  const isRoot = process.getuid?.() === 0;
  const users = new HostUsers(probe.dropsUser, isRoot && !probe.dropsUser ? ROOT_WARNING : undefined);
  const isolation = new NsIsolation(probe.tools, users, stateDir);
  return { isolation, warnings: isolation.warnings };
}

function plain(stateDir: string, warnings: readonly string[]): ChosenIsolation {
  const isolation = new PlainIsolation(stateDir);
  return { isolation, warnings: [...warnings, ...isolation.warnings] };
}
