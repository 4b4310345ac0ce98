// Append-only log files under the state folder, bounded: one older file is kept, each at most about 16 MiB.

import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';

const LOG_BYTES_MAX = 16 * 1024 * 1024;

export interface LogFile {
  readonly file: string;
  /** Appends one line with the time in front. Never throws: a full disk must not stop the stack. */
  write(line: string): void;
}

/** Opens (and when large, turns over) a log file. */
export function openLog(file: string): LogFile {
  mkdirSync(path.dirname(file), { recursive: true });
  let bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return {
    file,
    write(line) {
      try {
        if (bytes > LOG_BYTES_MAX) {
          renameSync(file, `${file}.1`);
          bytes = 0;
        }
        const text = `${new Date().toISOString()} ${line}\n`;
        appendFileSync(file, text);
        bytes += Buffer.byteLength(text);
      } catch {
        // The log is an aid; what it would have said is lost and nothing else.
      }
    },
  };
}
