// One running `plain` container: a process group.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Env, ExecPlan, Sandbox } from '../sandbox.ts';
import { mapPaths, type PathMapping } from './path-map.ts';

const run = promisify(execFile);
const TAR_TIMEOUT_MS = 600_000;

export interface PlainSandboxParts {
  readonly main: ChildProcess;
  readonly dir: string;
  /** What every command gets besides its own environment: PATH, and the proxy that stands for interception. */
  readonly execEnv: Env;
  readonly mappings: readonly PathMapping[];
  /** Put before every command. */
  readonly guard: readonly string[];
  readonly dial: (port: number) => Promise<Socket>;
  readonly release: () => void;
}

export class PlainSandbox implements Sandbox {
  readonly main: ChildProcess;
  readonly pid: number;
  readonly #parts: PlainSandboxParts;
  readonly #commands = new Set<ChildProcess>();

  constructor(parts: PlainSandboxParts) {
    this.#parts = parts;
    this.main = parts.main;
    this.pid = parts.main.pid ?? 0;
  }

  signal(name: NodeJS.Signals): void {
    this.main.kill(name);
  }

  kill(): void {
    for (const child of [this.main, ...this.#commands]) killGroup(child);
  }

  exec(plan: ExecPlan): ChildProcess {
    const { dir, execEnv, mappings, guard } = this.#parts;
    const [file = '', ...args] = [...guard, ...plan.command.map((arg) => mapPaths(arg, mappings))];
    const env = Object.fromEntries(Object.entries(plan.env).map(([name, value]) => [name, mapPaths(value, mappings)]));
    // The container's folder stands for "/", so that a command without a folder does not write to this machine's root.
    const cwd = plan.workdir === undefined || plan.workdir === '/' ? dir : mapPaths(plan.workdir, mappings);
    const child = spawn(file, args, { env: { ...execEnv, ...env }, cwd, stdio: 'pipe', detached: true });
    this.#commands.add(child);
    child.once('exit', () => this.#commands.delete(child));
    child.once('error', () => this.#commands.delete(child));
    return child;
  }

  dial(port: number): Promise<Socket> {
    return this.#parts.dial(port);
  }

  async saveHome(file: string): Promise<void> {
    await runTar(['-cf', file, '-C', join(this.#parts.dir, 'home'), '.']);
  }

  async dispose(): Promise<void> {
    this.kill();
    this.#parts.release();
  }
}

/** Runs tar; code 1 means that a file changed while it was read, which a copy of a running system allows. */
export async function runTar(args: readonly string[]): Promise<void> {
  try {
    await run('tar', [...args], { timeout: TAR_TIMEOUT_MS, env: { PATH: process.env.PATH } });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 1)) throw error;
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}
