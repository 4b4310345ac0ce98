// The `ns` isolation level: starts a container as two bubblewrap processes, the relay agent (network) and, inside its
// network but in namespaces of its own, the tenant's program. Knows the machine's abilities; one instance per engine.
import { once } from 'node:events';
import { chownSync, createReadStream, mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CERTIFICATE_FILE, certificateEnv, DEFAULT_PATH, HOME_DIR } from '../sandbox.ts';
import type { Isolation, Sandbox, SandboxPlan } from '../sandbox.ts';
import { etcFiles, tenantArgs, type TenantMounts } from './bwrap-args.ts';
import { ARGS_FD, GATE_FD, SECCOMP_FD, spawnBwrap, STATUS_FD } from './bwrap-process.ts';
import { ControlGroups, type ControlGroup } from './control-groups.ts';
import type { HostTools } from './host-tools.ts';
import type { HostUsers } from './host-users.ts';
import { NsSandbox } from './ns-sandbox.ts';
import { RelayAgent } from './relay-agent.ts';
import { makeRelayRoot } from './relay-root.ts';
import { seccompFilter } from './seccomp.ts';
import { launchArgv, Stage, type Launch } from './staging.ts';
import { findEtcPaths, findSystemDirs } from './system-dirs.ts';

const GATE_TIMEOUT_MS = 30_000;

/** Says it is there, waits for the word, then becomes the program: the gate and the program are one process. */
const GATE_SCRIPT = `echo r >&${GATE_FD} && IFS= read -r word <&${GATE_FD} || exit 125
exec ${GATE_FD}<&-; cd "$1" || exit 126; unset word OLDPWD; shift; exec "$@"`;

/** What one container holds of the machine, to be given back in any case. */
interface Holdings {
  readonly launch: Launch;
  readonly group: ControlGroup;
  readonly agent: RelayAgent;
  readonly release: () => Promise<void>;
}

export class NsIsolation implements Isolation {
  readonly kind = 'ns';
  readonly warnings: readonly string[];
  readonly #tools: HostTools;
  readonly #groups = new ControlGroups();
  readonly #users: HostUsers;
  readonly #relayRoot: string;

  constructor(tools: HostTools, users: HostUsers, stateDir: string) {
    this.#tools = tools;
    this.#relayRoot = makeRelayRoot(stateDir);
    this.#users = users;
    this.warnings = limitWarnings(this.#groups.available, tools, users.warning);
  }

  async start(plan: SandboxPlan): Promise<Sandbox> {
    const holdings = await this.#hold(plan);
    try {
      const { sandbox, gate, said } = this.#launch(plan, holdings);
      await gateReady(gate, said);
      if (plan.restoreFrom !== undefined) await restoreHome(await sandbox, plan.restoreFrom);
      gate.end('go\n');
      return await sandbox;
    } catch (error) {
      await holdings.release();
      throw error;
    }
  }

  async close(): Promise<void> {
    await rm(this.#relayRoot, { recursive: true, force: true });
  }

  async #hold(plan: SandboxPlan): Promise<Holdings> {
    const { memoryMib, diskMib, pids } = plan.image;
    const shortId = plan.id.slice(0, 12);
    const hostUid = this.#users.take();
    // The sized home lives in memory and counts: the program gets its own limit on top.
    const memoryLimit = memoryMib === undefined ? undefined : memoryMib + (diskMib ?? 0);
    const group = this.#groups.create(shortId, { memoryMib: memoryLimit, pids });
    const giveBack = async (): Promise<void> => {
      await group.remove();
      this.#users.give(hostUid);
    };
    try {
      const relayDir = join(this.#relayRoot, shortId);
      const systemDirs = findSystemDirs();
      const agent = await RelayAgent.start({ tools: this.#tools, hostUid, systemDirs, relayDir, egress: plan.egress });
      const release = async (): Promise<void> => {
        await agent.stop();
        await giveBack();
      };
      return { launch: { groups: group.procsFiles, hostUid, tools: this.#tools }, group, agent, release };
    } catch (error) {
      await giveBack();
      throw error;
    }
  }

  #launch(
    plan: SandboxPlan,
    { launch, group, agent, release }: Holdings,
  ): { sandbox: Promise<NsSandbox>; gate: Duplex; said: () => string } {
    const { image } = plan;
    const tools = this.#tools;
    const inner = prlimitArgv(tools, image.pids, group.limits.pids);
    const stage = new Stage(launch.hostUid);
    const args = tenantArgs(this.#mounts(plan, stage, launch.hostUid), tools.bwrapOptions, plan.id);
    const filter = seccompFilter(process.arch);
    const env = Object.entries(mainEnv(plan)).flatMap(([name, value]) => ['--setenv', name, value]);
    const command = [
      [tools.nsenter, '-t', String(agent.initPid), '-U', '-n', '--preserve-credentials', '--'],
      [tools.bwrap, '--args', String(ARGS_FD), '--json-status-fd', String(STATUS_FD)],
      filter === undefined ? [] : ['--seccomp', String(SECCOMP_FD)],
      [...inner, tools.sh, '-c', GATE_SCRIPT, 'sh', plan.workdir ?? image.workdir ?? '/'],
      plan.command.length > 0 ? plan.command : image.command,
    ].flat();
    const { child, initPid, gate, said } = spawnBwrap(launchArgv(launch, stage, command), [...args, ...env], filter);
    const sandbox = initPid.then((pid) => {
      const made = new NsSandbox({
        main: child,
        initPid: pid,
        agent,
        launch,
        tools,
        inner,
        path: image.env.PATH ?? DEFAULT_PATH,
        release,
      });
      // Without its network a container is of no use.
      agent.child.once('exit', () => made.kill());
      return made;
    });
    sandbox.catch(() => gate.destroy());
    return { sandbox, gate, said };
  }

  #mounts(plan: SandboxPlan, stage: Stage, hostUid: number | undefined): TenantMounts {
    const { diskMib, mounts } = plan.image;
    const sized = diskMib !== undefined && this.#tools.bwrapOptions.size;
    return {
      systemDirs: findSystemDirs(),
      etcPaths: findEtcPaths(),
      etcDir: stage.at(writeEtc(plan)),
      home: sized ? { sizeMib: diskMib } : { bind: stage.at(makeHome(plan.dir, hostUid)) },
      image: mounts.map(({ source, target }) => ({ source: stage.at(source), target })),
    };
  }
}

function mainEnv(plan: SandboxPlan): Record<string, string> {
  const { image } = plan;
  return {
    PATH: DEFAULT_PATH,
    HOME: HOME_DIR,
    TMPDIR: '/tmp',
    LANG: 'C.UTF-8',
    HOSTNAME: plan.id,
    ...certificateEnv(plan.dir, CERTIFICATE_FILE),
    ...Object.fromEntries(Object.entries(image.ports).map(([port, name]) => [name, port])),
    ...image.env,
    ...plan.env,
    TIDEPOOL_ISOLATION: 'ns',
  };
}

function writeEtc(plan: SandboxPlan): string {
  const dir = join(plan.dir, 'etc');
  mkdirSync(join(dir, 'cloudflare'), { recursive: true });
  for (const [name, content] of Object.entries(etcFiles(plan.id))) {
    writeFileSync(join(dir, name), content, { mode: 0o644 });
  }
  return dir;
}

function makeHome(dir: string, hostUid: number | undefined): string {
  const home = join(dir, 'home');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  if (hostUid !== undefined) chownSync(home, hostUid, hostUid);
  return home;
}

/** Without a control group the kernel still limits the processes of a user in its own user namespace (since 5.14). */
function prlimitArgv(tools: HostTools, pids: number | undefined, limited: boolean): string[] {
  return [tools.prlimit, '--core=0', ...(pids === undefined || limited ? [] : [`--nproc=${pids}`]), '--'];
}

async function gateReady(gate: Duplex, said: () => string): Promise<void> {
  const signal = AbortSignal.timeout(GATE_TIMEOUT_MS);
  await Promise.race([once(gate, 'data', { signal }), once(gate, 'close', { signal })]);
  if (gate.destroyed)
    throw new Error(`the container ended before its program could start: ${said() || 'it said nothing'}`);
}

async function restoreHome(sandbox: NsSandbox, file: string): Promise<void> {
  const tar = sandbox.exec({ command: ['tar', '-xf', '-', '-C', HOME_DIR], env: {}, workdir: '/' });
  if (tar.stdin === null) throw new Error('no way to write the saved home');
  const exited = once(tar, 'exit');
  await pipeline(createReadStream(file), tar.stdin);
  const [code] = await exited;
  if (code !== 0) throw new Error(`the saved home could not be restored (tar exited with ${String(code)})`);
}

function limitWarnings(
  groups: { readonly memory: boolean; readonly pids: boolean },
  { bwrapOptions }: HostTools,
  userWarning: string | undefined,
): string[] {
  const sentences = [
    groups.memory ? undefined : 'Memory limits are not applied: this user may not make memory control groups.',
    groups.pids
      ? undefined
      : 'Process limits count threads per container user only: no pids control group can be made.',
    bwrapOptions.size ? undefined : 'Disk limits are not applied: this bubblewrap has no --size.',
    bwrapOptions.disableUserns
      ? undefined
      : 'Programs inside may make user namespaces: this bubblewrap has no --disable-userns.',
    userWarning,
  ];
  return sentences.filter((sentence) => sentence !== undefined);
}
