// A container's stdout and stderr, kept in two files of about 1 MiB: the current one and the one before it.
// Synchronous appends: the amounts are small, and a crash of the engine must not lose the last lines.
import { appendFileSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';

const FILE_BYTES_MAX = 1024 * 1024;
/** Logs of containers that are gone; each incarnation of a tenant leaves one. */
const FILES_MAX = 100;

export class RingLog {
  readonly file: string;
  #bytes: number;

  constructor(file: string) {
    this.file = file;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    this.#bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Appends everything the stream gives until it ends. */
  follow(stream: Readable | null): void {
    stream?.on('data', (chunk: Buffer) => this.append(chunk));
    stream?.on('error', () => {});
  }

  append(chunk: Buffer): void {
    try {
      if (this.#bytes + chunk.length > FILE_BYTES_MAX && this.#bytes > 0) {
        renameSync(this.file, `${this.file}.1`);
        this.#bytes = 0;
      }
      const kept = chunk.subarray(Math.max(0, chunk.length - FILE_BYTES_MAX));
      appendFileSync(this.file, kept, { mode: 0o600 });
      this.#bytes += kept.length;
    } catch {
      // A full disk costs log lines, never the container that writes them.
    }
  }
}

/** Removes the oldest logs beyond a fixed number; called when the engine starts. */
export function pruneLogs(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const files = readdirSync(dir).map((name) => ({ path: join(dir, name), at: statSync(join(dir, name)).mtimeMs }));
  for (const { path } of files.sort((a, b) => b.at - a.at).slice(FILES_MAX)) rmSync(path, { force: true });
}
