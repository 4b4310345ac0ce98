// Runs the local container engine (container/engine/main.ts) as a child: started, watched, started again when it dies,
// and ended with us. Speaks to it only through its command line and the one JSON line it prints when it listens.

import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { StackError, type Progress } from './progress.ts';
import { restartBudget } from './restart-budget.ts';

const readySchema = z.object({
  ready: z.literal(true),
  socket: z.string(),
  isolation: z.enum(['ns', 'plain']),
  warnings: z.array(z.string()).max(20),
});
export type EngineReady = z.infer<typeof readySchema>;

export interface EngineOptions {
  readonly root: string;
  readonly socket: string;
  readonly stateDir: string;
  readonly imagesFile: string;
  readonly isolation: 'ns' | 'plain' | 'auto';
  readonly logDir: string;
  readonly progress: Progress;
  /** Called after each start, the first included, with the new process id. */
  readonly onStarted: (pid: number) => void;
  /** The engine died too often; it is not started again. */
  readonly onGaveUp: (why: string) => void;
}

export interface EngineProcess {
  readonly ready: EngineReady;
  pid(): number | null;
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 30_000; // The isolation probe runs a bwrap; a loaded machine needs seconds for it.
const STOP_TIMEOUT_MS = 8_000; // It ends its containers first.

/** Starts the engine and waits until it listens. Throws StackError with its own words when it can't. */
export async function startEngine(options: EngineOptions): Promise<EngineProcess> {
  mkdirSync(options.stateDir, { recursive: true });
  mkdirSync(options.logDir, { recursive: true });
  const budget = restartBudget();
  let stopping = false;
  let current: ChildProcess | null = null;

  const launch = async (): Promise<EngineReady> => {
    const child = spawnEngine(options);
    current = child;
    const ready = await waitUntilReady(child, path.join(options.logDir, 'engine.err.log'));
    if (child.pid !== undefined) options.onStarted(child.pid);
    child.once('exit', (code, signal) => {
      if (!stopping) void relaunch(code === null ? `signal ${String(signal)}` : `exit ${code}`);
    });
    return ready;
  };

  const relaunch = async (how: string): Promise<void> => {
    if (!budget.spend(Date.now())) {
      options.onGaveUp(`The container engine died again (${how}) and is not started any more: see ${options.logDir}.`);
      return;
    }
    options.progress.say(`The container engine died (${how}); starting it again. Running assistants wake afresh.`);
    try {
      await launch();
    } catch (error) {
      if (!stopping) await relaunch(error instanceof Error ? error.message : String(error));
    }
  };

  const ready = await launch();
  return {
    ready,
    pid: () => (current?.exitCode === null && current.signalCode === null ? (current.pid ?? null) : null),
    async stop() {
      stopping = true;
      if (current !== null) await endChild(current, STOP_TIMEOUT_MS);
    },
  };
}

function spawnEngine(options: EngineOptions): ChildProcess {
  const errors = openSync(path.join(options.logDir, 'engine.err.log'), 'a');
  const settings = {
    socket: options.socket,
    state: options.stateDir,
    images: options.imagesFile,
    isolation: options.isolation,
    log: path.join(options.logDir, 'engine.log'),
    'parent-pid': String(process.pid),
  };
  const argv = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  try {
    return spawn(
      process.execPath,
      [path.join(options.root, 'container/engine/main.ts'), ...argv],
      // Detached: Ctrl-C goes to the whole process group, and the engine must outlive the Workers that use it.
      { cwd: options.root, stdio: ['ignore', 'pipe', errors], detached: true },
    );
  } finally {
    closeSync(errors);
  }
}

function waitUntilReady(child: ChildProcess, errorFile: string): Promise<EngineReady> {
  return new Promise((resolve, reject) => {
    const { stdout } = child;
    if (stdout === null) return reject(new Error('The engine was started without an output pipe.'));
    const fail = (why: string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new StackError(`The container engine did not start: ${why} (its messages are in ${errorFile}).`));
    };
    const timer = setTimeout(() => fail(`nothing heard in ${READY_TIMEOUT_MS / 1000} s`), READY_TIMEOUT_MS);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => fail(`it ended with exit code ${String(code)}`));
    createInterface({ input: stdout }).once('line', (line) => {
      const parsed = readySchema.safeParse(parseJson(line));
      if (!parsed.success) return fail(`it said "${line.slice(0, 300)}"`);
      clearTimeout(timer);
      child.removeAllListeners('exit');
      resolve(parsed.data);
    });
  });
}

/** Asks a child to end and makes sure of it. Resolves when it has ended. */
async function endChild(child: ChildProcess, timeoutMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  await ended;
  clearTimeout(timer);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
