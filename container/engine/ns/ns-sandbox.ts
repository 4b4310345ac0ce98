// One running `ns` container as the engine holds it: signals to the real main process, commands that enter its
// namespaces, connections through its agent.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { DEFAULT_PATH, HOME_DIR, type ExecPlan, type Sandbox } from '../sandbox.ts';
import type { HostTools } from './host-tools.ts';
import type { RelayAgent } from './relay-agent.ts';
import { launchArgv, type Launch } from './staging.ts';

/** Changes to the wanted folder inside, then becomes the command; 126 as a shell says it. */
const EXEC_SCRIPT = 'cd "$1" || exit 126; unset OLDPWD; shift; exec "$@"';

export interface NsSandboxParts {
  readonly main: ChildProcess;
  readonly initPid: number;
  readonly agent: RelayAgent;
  readonly launch: Launch;
  readonly tools: HostTools;
  /** Resource limits that every process of the container gets. */
  readonly inner: readonly string[];
  readonly path: string;
  readonly release: () => Promise<void>;
}

export class NsSandbox implements Sandbox {
  readonly main: ChildProcess;
  #pid: number | undefined;
  readonly #parts: NsSandboxParts;

  constructor(parts: NsSandboxParts) {
    this.#parts = parts;
    this.main = parts.main;
  }

  get pid(): number {
    // Known once the program's process exists, which is after the sandbox is made.
    this.#pid ??= firstChildOf(this.#parts.initPid);
    return this.#pid ?? this.#parts.initPid;
  }

  signal(name: NodeJS.Signals): void {
    if (this.#runs) trySignal(this.pid, name);
  }

  kill(): void {
    if (!this.#runs) return;
    // The namespace's first process takes all others with it.
    trySignal(this.#parts.initPid, 'SIGKILL');
    this.main.kill('SIGKILL');
  }

  /** Once the main process is reaped its number may be somebody else's. */
  get #runs(): boolean {
    return this.main.exitCode === null && this.main.signalCode === null;
  }

  /**
   * Enters the agent's user namespace first, which gives the rights to enter the others, then the container's own,
   * where they are lost again. The host's folders are left behind with the mount namespace.
   */
  exec(plan: ExecPlan): ChildProcess {
    const { tools, agent, initPid, inner, path } = this.#parts;
    const env = Object.entries({ PATH: path, ...plan.env }).map(([name, value]) => `${name}=${value}`);
    const command = [
      [tools.nsenter, '-t', String(agent.initPid), '-U', '--preserve-credentials', '--'],
      [tools.nsenter, '-t', String(initPid), '-U', '-m', '-n', '-p', '-i', '-u', '--preserve-credentials', '--'],
      [tools.setpriv, '--no-new-privs', '--', ...inner, tools.env, '-i', ...env],
      [tools.sh, '-c', EXEC_SCRIPT, 'sh', plan.workdir ?? '/', ...plan.command],
    ].flat();
    const [file = '', ...args] = launchArgv(this.#parts.launch, undefined, command);
    return spawn(file, args, { stdio: 'pipe', env: { PATH: DEFAULT_PATH }, cwd: '/', detached: true });
  }

  dial(port: number): Promise<Socket> {
    return this.#parts.agent.dial(port);
  }

  async saveHome(file: string): Promise<void> {
    const tar = this.exec({ command: ['tar', '-cf', '-', '-C', HOME_DIR, '.'], env: {}, workdir: '/' });
    tar.stdin?.end();
    if (tar.stdout === null) throw new Error('no way to read the home');
    const exited = once(tar, 'exit');
    await pipeline(tar.stdout, createWriteStream(file, { mode: 0o600 }));
    const [code] = await exited;
    // 1: a file changed while it was read; the caller asked for a copy of a running system.
    if (code !== 0 && code !== 1) throw new Error(`the home could not be saved (tar exited with ${String(code)})`);
  }

  async dispose(): Promise<void> {
    await this.#parts.release();
  }
}

/** bubblewrap's first process has one child: the program. Falls back on the namespace when it is gone already. */
function firstChildOf(pid: number): number | undefined {
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    return child === undefined || child === '' ? undefined : Number(child);
  } catch {
    return undefined;
  }
}

function trySignal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone already, which is what a signal is for.
  }
}
