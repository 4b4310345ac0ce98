/**
 * One OpenClaw gateway as a child process. It stays in the keeper's process group, so whatever ends the group ends both;
 * the kill at a deadline walks the tree instead, because OpenClaw starts helpers in groups of their own.
 */
import { randomBytes } from 'node:crypto';
import { spawn, execFileSync, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Writable } from 'node:stream';
import type { Settings } from './settings.ts';
import type { LogRing } from './log-ring.ts';
import { goFile, standbyArguments, type StandbyFiles } from './standby.ts';

export interface GatewayExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Descendants looked at before a kill; a fork bomb must not keep the keeper busy. */
const descendantsMax = 4_096;

/** The environment of every OpenClaw command: what it inherits plus OpenClaw's own switches for a quiet, managed boot. */
export function openclawEnv(settings: Settings, configFile: string): Record<string, string> {
  return {
    ...settings.inheritedEnv,
    HOME: settings.home,
    TMPDIR: settings.tmpDir,
    OPENCLAW_STATE_DIR: settings.stateDir,
    OPENCLAW_CONFIG_PATH: configFile,
    // A respawned launcher would be a process the keeper does not watch.
    OPENCLAW_NO_RESPAWN: '1',
    OPENCLAW_NO_AUTO_UPDATE: '1',
    OPENCLAW_DISABLE_BONJOUR: '1',
    OPENCLAW_SKIP_GMAIL_WATCHER: '1',
    OPENCLAW_SKIP_STARTUP_MODEL_PREWARM: '1',
    OPENCLAW_EXEC_SHELL_SNAPSHOT: '0',
  };
}

export class GatewayProcess {
  readonly pid: number;
  /** Of the local operator connection, for this process only. */
  readonly password: string;
  /** Resolves once, when the process is gone and its output is read to the end. */
  readonly exited: Promise<GatewayExit>;
  #running = true;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, pid: number, password: string, log: LogRing) {
    this.#child = child;
    this.pid = pid;
    this.password = password;
    for (const stream of [child.stdout, child.stderr]) {
      const feed = log.feeder('gateway');
      stream?.setEncoding('utf8');
      stream?.on('data', (chunk: string) => feed(chunk));
      stream?.on('end', () => feed(null));
    }
    this.exited = new Promise((resolve) => {
      child.once('exit', () => {
        this.#running = false;
      });
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
  }

  /** @throws Error when the process cannot be started at all */
  static spawn(settings: Settings, log: LogRing): Promise<GatewayProcess> {
    return GatewayProcess.#spawn(settings, log, [path.join(settings.openclawDir, 'openclaw.mjs'), 'gateway']);
  }

  /**
   * Starts a gateway that loads its modules and waits for `go()`; it ends by itself when the keeper does.
   * @throws Error when the process cannot be started at all
   */
  static standBy(settings: Settings, log: LogRing, keeperFile: string, standby: StandbyFiles): Promise<GatewayProcess> {
    const { openclawDir, tmpDir } = settings;
    return GatewayProcess.#spawn(settings, log, [
      keeperFile,
      'standby',
      ...standbyArguments({ openclawDir, tmpDir, ...standby }),
    ]);
  }

  static async #spawn(settings: Settings, log: LogRing, argv: readonly string[]): Promise<GatewayProcess> {
    const password = randomBytes(32).toString('base64url');
    const child = spawn(settings.node, argv, {
      cwd: settings.home,
      env: {
        ...openclawEnv(settings, path.join(settings.stateDir, 'openclaw.json')),
        OPENCLAW_GATEWAY_PASSWORD: password,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    // A later error event (a failed signal) must not end the keeper; the exit is what counts.
    child.on('error', (error) => log.add('keeper', `gateway process: ${error.message}`));
    child.stdio[goFile]?.on('error', () => undefined);
    if (child.pid === undefined) throw new Error('the gateway process has no id');
    return new GatewayProcess(child, child.pid, password, log);
  }

  /** Lets a gateway that stands by begin. */
  go(): void {
    const file = this.#child.stdio[goFile];
    if (file instanceof Writable) file.end('g');
  }

  get running(): boolean {
    return this.#running;
  }

  terminate(): void {
    this.#child.kill('SIGTERM');
  }

  /** Kills the gateway and everything it started. */
  kill(): void {
    for (const pid of [...descendantsOf(this.pid), this.pid]) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone between the look and the kill, which is what is wanted.
      }
    }
  }
}

/** Children, their children and so on, by one look at the process table. */
function descendantsOf(root: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const [pid, parent] of processTable()) childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), pid]);
  const found: number[] = [];
  const queue = [root];
  while (queue.length > 0 && found.length < descendantsMax) {
    const children = childrenOf.get(queue.shift() ?? -1) ?? [];
    found.push(...children);
    queue.push(...children);
  }
  return found;
}

function processTable(): (readonly [pid: number, parent: number])[] {
  if (!existsSync('/proc/self/stat')) {
    // macOS, where the gateway runs as a plain process for development.
    const listing = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8', timeout: 5_000 });
    return listing.split('\n').map((line) => {
      const [pid, parent] = line.trim().split(/\s+/);
      return [Number(pid), Number(parent)] as const;
    });
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), parentOf(name)] as const);
}

function parentOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name is in parentheses and may hold anything; the parent is the second field after it.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return -1;
  }
}
