// One exec: created by a request, run when its stream is attached. Output is framed as the Docker API frames it
// (8-byte header: stream, 3 zeros, length) unless a terminal was asked for.
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { Duplex, Readable } from 'node:stream';
import type { Sandbox } from './sandbox.ts';
import { resizeCommand, terminalCommand, type TerminalSize } from './terminal.ts';

export interface ExecRequest {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string | undefined;
  readonly terminal: boolean;
  readonly size: TerminalSize | undefined;
}

const STDOUT = 1;
const STDERR = 2;

export class ExecSession {
  readonly id: string;
  readonly containerId: string;
  readonly #request: ExecRequest;
  #child: ChildProcess | undefined;
  #exitCode: number | null = null;
  #started = false;
  #size: TerminalSize | undefined;

  constructor(id: string, containerId: string, request: ExecRequest) {
    this.id = id;
    this.containerId = containerId;
    this.#request = request;
    this.#size = request.size;
  }

  get state(): { readonly running: boolean; readonly exitCode: number | null; readonly pid: number } {
    return { running: this.#started && this.#exitCode === null, exitCode: this.#exitCode, pid: this.#child?.pid ?? 0 };
  }

  get started(): boolean {
    return this.#started;
  }

  /** Runs the command with its streams on `stream`, or detached when there is none. */
  run(sandbox: Sandbox, stream: Duplex | undefined): void {
    this.#started = true;
    const { command, env, workdir, terminal } = this.#request;
    const child = sandbox.exec({
      command: terminal ? terminalCommand(command, this.id, this.#size) : command,
      env,
      workdir,
    });
    this.#child = child;
    const end = (code: number): void => {
      this.#exitCode ??= code;
      stream?.end();
    };
    child.once('error', () => end(127));
    // 'close', not 'exit': the exit code is reported once all output is handed over.
    child.once('close', (code, signal) => end(exitCodeOf(code, signal)));
    child.stdin?.on('error', () => {});
    if (stream === undefined) {
      child.stdin?.end();
      child.stdout?.resume();
      child.stderr?.resume();
      return;
    }
    stream.on('error', () => stream.destroy());
    if (child.stdin !== null) stream.pipe(child.stdin);
    copy(child.stdout, stream, terminal ? undefined : STDOUT);
    copy(child.stderr, stream, terminal ? undefined : STDERR);
    stream.on('close', () => {
      // Nobody reads any more: let the command run on, as a detached one would.
      child.stdout?.resume();
      child.stderr?.resume();
    });
  }

  /** Gives the command's terminal a new size; before the start it is the size it starts with. */
  resize(sandbox: Sandbox, size: TerminalSize): void {
    this.#size = size;
    if (!this.#request.terminal || !this.state.running) return;
    const child = sandbox.exec({ command: resizeCommand(this.id, size), env: {}, workdir: undefined });
    child.once('error', () => {});
    child.stdin?.end();
    child.stdout?.resume();
    child.stderr?.resume();
  }
}

/** A shell's way to say how a process ended: its code, or 128 plus the signal's number. */
export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

function copy(from: Readable | null, to: Duplex, frame: number | undefined): void {
  from?.on('data', (chunk: Buffer) => {
    if (to.destroyed) return;
    if (frame !== undefined) {
      const header = Buffer.alloc(8);
      header[0] = frame;
      header.writeUInt32BE(chunk.length, 4);
      to.write(header);
    }
    if (!to.write(chunk)) {
      from.pause();
      to.once('drain', () => from.resume());
    }
  });
  from?.on('error', () => {});
}
