// Finds out, by doing it once, which isolation level this machine can give. Used by the engine for `auto`, and by the
// launcher for its banner and doctor. The trial runs in a process of its own (`probe-container.ts`), so that this answer
// is there at once, whoever asks.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { findHostTools, type HostTools } from './ns/host-tools.ts';
import type { IsolationKind } from './sandbox.ts';

export interface IsolationProbe {
  readonly isolation: IsolationKind;
  /** Why it is `plain`, or what `ns` was proved with; without a full stop. */
  readonly reason: string;
}

export interface NamespaceProbe {
  readonly tools: HostTools;
  /** Whether containers can run as an unprivileged user of this machine although the engine is root. */
  readonly dropsUser: boolean;
}

const TRIAL_TIMEOUT_MS = 20_000;
const TRIAL = fileURLToPath(new URL('./probe-container.ts', import.meta.url));

/** What a trial prints: null when a container ran, else what went wrong. */
const trialSchema = z.object({ problem: z.string().nullable() });

/** The best level this machine gives: `ns` when a container really ran, else `plain` with the reason. */
export function probeIsolation(): IsolationProbe {
  const probe = probeNamespaces();
  if ('reason' in probe) return { isolation: 'plain', reason: probe.reason };
  return { isolation: 'ns', reason: 'a container ran in its own user, network, process and mount namespaces' };
}

/** What the `ns` level needs to start, or the reason why it can't. */
export function probeNamespaces(): NamespaceProbe | { readonly reason: string } {
  if (process.platform !== 'linux') return { reason: `namespaces exist on Linux only, this is ${process.platform}` };
  const found = findHostTools();
  if ('missing' in found) return { reason: found.missing };
  const isRoot = process.getuid?.() === 0;
  if (isRoot && tryContainer('drop') === null) return { tools: found.tools, dropsUser: true };
  const problem = tryContainer('keep');
  return problem === null
    ? { tools: found.tools, dropsUser: false }
    : { reason: `no container could be made: ${problem}` };
}

function tryContainer(user: 'drop' | 'keep'): string | null {
  const { PATH } = process.env;
  const trial = spawnSync(process.execPath, [TRIAL, user], {
    encoding: 'utf8',
    timeout: TRIAL_TIMEOUT_MS,
    env: PATH === undefined ? {} : { PATH },
  });
  try {
    return trialSchema.parse(JSON.parse(trial.stdout)).problem;
  } catch {
    const last = (trial.error?.message ?? trial.stderr).trim().split('\n').at(-1);
    return last === undefined || last === '' ? `the trial ended with ${String(trial.status)}` : last;
  }
}
