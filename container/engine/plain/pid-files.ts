// Process groups of `plain` containers, on disk, so that the next engine ends what a killed one left behind.
// A number may have been reused in between: a group is ended only when its leader started when ours did, or when the
// leader is gone and a member still carries the container's id in its environment.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const recordSchema = z.object({ pid: z.int().min(2), started: z.string().min(1) });
type Record = z.infer<typeof recordSchema>;

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
    for (const id of readdirSync(this.#dir)) {
      const record = readRecord(join(this.#dir, id));
      if (record !== undefined && isOurs(id, record)) {
        try {
          process.kill(-record.pid, 'SIGKILL');
          ended += 1;
        } catch {
          // It ended between the look and the signal.
        }
      }
      this.remove(id);
    }
    return ended;
  }
}

function isOurs(id: string, { pid, started }: Record): boolean {
  const leader = startTimeOf(pid);
  if (leader !== undefined) return leader === started;
  return groupMembers(pid).some((member) => readText(`/proc/${member}/environ`).split('\0').includes(`HOSTNAME=${id}`));
}

/** Processes of a group, Linux only. */
function groupMembers(group: number): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(statFields(name)[GROUP_FIELD]) === group);
}

/** Places in /proc/<pid>/stat, counted after the command name, which may hold spaces and parentheses (proc(5)). */
const GROUP_FIELD = 2;
const START_FIELD = 19;

function statFields(pid: number | string): string[] {
  const stat = readText(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** When a process started, in the system's own words, or undefined when it does not run. */
function startTimeOf(pid: number): string | undefined {
  if (process.platform === 'linux') return statFields(pid)[START_FIELD];
  try {
    const shown = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', timeout: 5_000 });
    return shown.trim() === '' ? undefined : shown.trim();
  } catch {
    return undefined;
  }
}

function readRecord(file: string): Record | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
