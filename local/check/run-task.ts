// Runs one external checker as a child process and keeps what it printed. Used by `check` and `test`.
// What holds: argv arrays only, output bounded, every child ended when its time limit is over or we are stopped.

import { spawn, type ChildProcess } from 'node:child_process';

export interface Task {
  readonly name: string;
  readonly argv: readonly [file: string, ...args: string[]];
  readonly cwd: string;
  /** Show the output while it runs instead of keeping it. */
  readonly live?: boolean;
}

export interface TaskResult {
  readonly name: string;
  /** The exit code; 127 = the program does not exist, 124 = ended at the time limit or by a signal. */
  readonly code: number;
  readonly output: string;
  readonly tookMs: number;
}

const OUTPUT_CHARS_MAX = 400_000;
const TASK_TIMEOUT_MS = 45 * 60_000; // Longer than the whole suite on a slow machine; only a hang gets here.

const running = new Set<ChildProcess>();

/** Ends every task that still runs; for a Ctrl-C handler. */
export function stopTasks(): void {
  for (const child of running) child.kill('SIGTERM');
}

/** Runs one task to its end. Never rejects: a program that can't be started is a result with code 127. */
export function runTask(task: Task): Promise<TaskResult> {
  const startedMs = performance.now();
  const [file, ...args] = task.argv;
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(file, args, {
      cwd: task.cwd,
      env: { ...process.env, ...(task.live === true ? {} : { NO_COLOR: '1' }) },
      stdio: task.live === true ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    const timer = setTimeout(() => child.kill('SIGKILL'), TASK_TIMEOUT_MS);
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-OUTPUT_CHARS_MAX);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    const finish = (code: number, more = ''): void => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ name: task.name, code, output: output + more, tookMs: performance.now() - startedMs });
    };
    child.on('error', (error) => finish(127, error.message));
    child.on('close', (code) => finish(code ?? 124));
  });
}

/** Runs tasks with at most `atOnce` at a time, in order of the list; `onDone` sees each result as it comes. */
export async function runTasks(
  tasks: readonly Task[],
  atOnce: number,
  onDone: (result: TaskResult) => void,
): Promise<TaskResult[]> {
  const results: TaskResult[] = [];
  const waiting = [...tasks];
  const worker = async (): Promise<void> => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      const result = await runTask(task);
      results.push(result);
      onDone(result);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, atOnce) }, worker));
  return results;
}
