// Which process is which: a process id alone may have been reused, an id with its start time may not.

import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

/** A value that is the same as long as `pid` is the same process; null when there is no such process. */
export function processKey(pid: number): string | null {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // Fields after the name, which may itself hold ")" and spaces: proc(5), field 3 is the state, 22 the start time.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? null : `${pid}:${fields[19] ?? ''}`;
    } catch {
      return null;
    }
  }
  try {
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return started === '' ? null : `${pid}:${started}`;
  } catch {
    return null;
  }
}

/** Process ids of the direct children of `parent` whose command line contains `text`. */
export function findChildren(parent: number, text: string): number[] {
  return listProcesses()
    .filter((entry) => entry.parent === parent && entry.command.includes(text))
    .map((entry) => entry.pid);
}

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

function listProcesses(): ProcessEntry[] {
  if (process.platform === 'linux') {
    return readdirSync('/proc').flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        return [
          { pid: Number(name), parent, command: readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ') },
        ];
      } catch {
        return []; // Ended while we looked.
      }
    });
  }
  const table = execFileSync('ps', ['-axo', 'pid=,ppid=,command='], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 });
  return table.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
    return match === null ? [] : [{ pid: Number(match[1]), parent: Number(match[2]), command: match[3] ?? '' }];
  });
}

/** Sends `signal` when `pid` is still the process that `key` names. */
export function signalProcess(pid: number, key: string, signal: NodeJS.Signals): void {
  if (processKey(pid) !== key) return;
  try {
    process.kill(pid, signal);
  } catch {
    // Ended in between: that is what was wanted.
  }
}
