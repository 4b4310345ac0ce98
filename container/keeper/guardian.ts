/**
 * Keeps a keeper running: the container's main process starts the keeper as a child in a process group of its own, and
 * starts it again when it dies without being asked to. The container and its disk live on, so nothing since the last
 * snapshot is lost; the object claims the new keeper and starts the gateway where it stands. What the dead keeper had
 * started in its group is ended first: two gateways on one state must never be.
 */
import { spawn, type ChildProcess } from 'node:child_process';

export interface GuardianOptions {
  readonly command: readonly [string, ...string[]];
  readonly log: (line: string) => void;
  /** Time between a death and the next start. */
  readonly restartDelayMs?: number;
}

/** More deaths than this within the window, and the container ends: the object then starts a fresh one. */
const deathsMax = 5;
const deathWindowMs = 60_000;
const restartDelayMs = 100;

/** Resolves to the exit code of the container: the keeper's own when it ended by itself or was told to. */
export function guard(options: GuardianOptions): Promise<number> {
  const deathsAtMs: number[] = [];
  let stopping = false;
  let child: ChildProcess | null = null;
  const [file, ...args] = options.command;

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stopping = true;
      child?.kill(signal);
    });
  }

  return new Promise((resolve) => {
    const start = (): void => {
      child = spawn(file, args, { stdio: 'inherit', detached: true });
      const { pid } = child;
      child.once('error', (error) => {
        options.log(`guardian: the keeper cannot be started: ${error.message}`);
        resolve(1);
      });
      child.once('exit', (code, signal) => {
        if (pid !== undefined) endGroup(pid);
        if (stopping || code === 0) return resolve(code ?? 1);
        const nowMs = Date.now();
        deathsAtMs.push(nowMs);
        const recent = deathsAtMs.filter((at) => nowMs - at < deathWindowMs).length;
        options.log(`guardian: the keeper died (${signal ?? `code ${code ?? 'unknown'}`})`);
        if (recent > deathsMax) return resolve(1);
        setTimeout(start, options.restartDelayMs ?? restartDelayMs);
      });
    };
    start();
  });
}

/** Ends what is left of a process group. */
function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing was left.
  }
}
