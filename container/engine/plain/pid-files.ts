// Process groups of `plain` containers, on disk, so that the next engine ends what a killed one left behind.
// A process is named by its id and its start time: a number that was reused in between is left alone.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const recordSchema = z.object({ pid: z.int().min(2), started: z.string().min(1) });

export class PidFiles {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  }

  write(id: string, pid: number): void {
    const started = startTimeOf(pid);
    if (started !== undefined) writeFileSync(join(this.#dir, id), JSON.stringify({ pid, started }), { mode: 0o600 });
  }

  remove(id: string): void {
    rmSync(join(this.#dir, id), { force: true });
  }

  /** Ends every recorded process group that still runs; returns how many. */
  reap(): number {
    let ended = 0;
    for (const name of readdirSync(this.#dir)) {
      const record = readRecord(join(this.#dir, name));
      if (record !== undefined && startTimeOf(record.pid) === record.started) {
        try {
          process.kill(-record.pid, 'SIGKILL');
          ended += 1;
        } catch {
          // It ended between the look and the signal.
        }
      }
      this.remove(name);
    }
    return ended;
  }
}

function readRecord(file: string): z.infer<typeof recordSchema> | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** When a process started, in the system's own words, or undefined when it does not run. */
export function startTimeOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // Field 22, counted after the command name, which may hold spaces and parentheses (proc(5)).
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    }
    const shown = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', timeout: 5_000 });
    return shown.trim() === '' ? undefined : shown.trim();
  } catch {
    return undefined;
  }
}
