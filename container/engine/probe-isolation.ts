// Finds out, by doing it once, which isolation level this machine can give. Used by the engine for `auto`, and by the
// launcher for its banner and doctor.
import { spawnSync } from 'node:child_process';
import { LOCAL_RANGE } from './agent/addresses.ts';
import { agentArgs } from './ns/bwrap-args.ts';
import { findHostTools, type HostTools } from './ns/host-tools.ts';
import { launchArgv, Stage } from './ns/staging.ts';
import { findSystemDirs } from './ns/system-dirs.ts';
import { DEFAULT_PATH, type IsolationKind } from './sandbox.ts';

export interface IsolationProbe {
  readonly isolation: IsolationKind;
  /** A sentence: why it is `plain`, or what `ns` was proved with. */
  readonly reason: string;
}

export interface NamespaceProbe {
  readonly tools: HostTools;
  /** Whether containers can run as an unprivileged user of this machine although the engine is root. */
  readonly dropsUser: boolean;
}

const PROBE_TIMEOUT_MS = 15_000;
/** Any number that is nobody's; see `ns/host-users.ts`. */
const PROBE_UID = 60_577;

/** The best level this machine gives: `ns` when a container could really be made, else `plain` with the reason. */
export function probeIsolation(): IsolationProbe {
  const probe = probeNamespaces();
  if ('reason' in probe) return { isolation: 'plain', reason: probe.reason };
  return { isolation: 'ns', reason: 'bubblewrap made a container with its own user, network and process namespaces' };
}

/** What the `ns` level needs to start, or the reason why it can't. */
export function probeNamespaces(): NamespaceProbe | { readonly reason: string } {
  if (process.platform !== 'linux') return { reason: `namespaces exist on Linux only, this is ${process.platform}` };
  const found = findHostTools();
  if ('missing' in found) return { reason: found.missing };
  const { tools } = found;
  const isRoot = process.getuid?.() === 0;
  if (isRoot && tryContainer(tools, PROBE_UID) === undefined) return { tools, dropsUser: true };
  const problem = tryContainer(tools, undefined);
  return problem === undefined ? { tools, dropsUser: false } : { reason: problem };
}

/** Makes the two nested sandboxes of a container, the route included; undefined when it worked. */
function tryContainer(tools: HostTools, hostUid: number | undefined): string | undefined {
  const stage = new Stage(hostUid);
  const folder = stage.at('/usr');
  const outer = agentArgs({ systemDirs: findSystemDirs(), node: '/bin/sh', agentDir: folder, relayDir: folder });
  const route = [tools.sh, '-c', 'ip route add local "$1" dev lo', 'sh', LOCAL_RANGE];
  const [file = '', ...args] = launchArgv({ groups: [], hostUid, tools }, stage, [tools.bwrap, ...outer, ...route]);
  const run = spawnSync(file, args, {
    encoding: 'utf8',
    timeout: PROBE_TIMEOUT_MS,
    env: { PATH: DEFAULT_PATH },
    cwd: '/',
  });
  if (run.status === 0) return undefined;
  const said = (run.error?.message ?? run.stderr ?? '').trim().split('\n').at(-1) ?? '';
  return `bubblewrap could not make a container here: ${said === '' ? `exit ${String(run.status)}` : said}`;
}
