// Spawns bubblewrap so that nothing of this machine leaks through it: its arguments go through a pipe (a command line is
// readable inside as /proc/1/cmdline) and its environment is empty (as /proc/1/environ).
import { spawn, type ChildProcess } from 'node:child_process';
import type { Duplex, Readable, Writable } from 'node:stream';
import { DEFAULT_PATH } from '../sandbox.ts';

/** File descriptors of the spawned bubblewrap. */
export const ARGS_FD = 3;
export const STATUS_FD = 4;
/** Inherited by the confined command, which says "r" on it and waits for a line before it becomes the program. */
export const GATE_FD = 5;
/** The system call filter; empty and unread when none is used. */
export const SECCOMP_FD = 6;

const STATUS_CHARS_MAX = 16_384;
const ERROR_CHARS_MAX = 2_000;
const START_TIMEOUT_MS = 20_000;

export interface BwrapProcess {
  readonly child: ChildProcess;
  /** The namespace's first process as this machine numbers it; rejects when bubblewrap ends before it exists. */
  readonly initPid: Promise<number>;
  readonly gate: Duplex;
  /** What came on stderr until the gate opened: why bubblewrap could not do its work. */
  readonly said: () => string;
}

/** Runs `argv` (which ends in a bubblewrap call reading its arguments from ARGS_FD) with `args` given on that pipe. */
export function spawnBwrap(argv: readonly string[], args: readonly string[], filter?: Buffer): BwrapProcess {
  const [file = '', ...rest] = argv;
  const child = spawn(file, rest, {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', filter === undefined ? 'ignore' : 'pipe'],
    env: { PATH: DEFAULT_PATH },
    cwd: '/',
    detached: true,
  });
  const pipes: readonly unknown[] = child.stdio;
  give(pipes[ARGS_FD] as Writable, Buffer.from(args.map((arg) => `${arg}\0`).join('')));
  if (filter !== undefined) give(pipes[SECCOMP_FD] as Writable, filter);
  const gate = pipes[GATE_FD] as Duplex;
  gate.on('error', () => {});
  const errors = keepErrors(child, gate);
  return { child, initPid: readInitPid(child, pipes[STATUS_FD] as Readable), gate, said: () => errors.text.trim() };
}

/** Keeps the end of stderr until the gate opens; from then on it is the program's. */
function keepErrors(child: ChildProcess, gate: Duplex): { text: string } {
  const errors = { text: '' };
  const keep = (chunk: Buffer): void => {
    errors.text = (errors.text + chunk.toString('utf8')).slice(-ERROR_CHARS_MAX);
  };
  child.stderr?.on('data', keep);
  gate.once('data', () => child.stderr?.off('data', keep));
  return errors;
}

function give(pipe: Writable, content: Buffer): void {
  pipe.on('error', () => {});
  pipe.end(content);
}

function readInitPid(child: ChildProcess, status: Readable): Promise<number> {
  return new Promise((done, fail) => {
    let text = '';
    const timer = setTimeout(() => fail(new Error('bubblewrap did not start in time')), START_TIMEOUT_MS);
    status.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString('utf8')).slice(0, STATUS_CHARS_MAX);
      const pid = /"child-pid":\s*(\d+)/.exec(text)?.[1];
      if (pid !== undefined) {
        clearTimeout(timer);
        done(Number(pid));
      }
    });
    status.on('error', () => {});
    child.once('error', fail);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      fail(new Error(`bubblewrap ended with ${code ?? signal ?? 'nothing'} before the container existed`));
    });
  });
}
