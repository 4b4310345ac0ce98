/**
 * The processes and files of the local stack's containers, seen from the host: for kills and for searches. Linux only,
 * through /proc.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

function readProcess(pid: number): ProcessInfo | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, parent, command };
  } catch {
    // It ended while we looked.
    return null;
  }
}

/** All processes below `ancestor`, nearest first. */
export function descendants(ancestor: number): ProcessInfo[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((info) => info !== null);
  const found: ProcessInfo[] = [];
  for (let level = [ancestor]; level.length > 0;) {
    const next = all.filter((info) => level.includes(info.parent));
    found.push(...next);
    level = next.map((info) => info.pid);
  }
  return found;
}

/** The keeper itself: the child that its guardian runs. */
export const isKeeper = (info: ProcessInfo): boolean => info.command.endsWith('keeper.mjs');

export const isGateway = (info: ProcessInfo): boolean => /^openclaw-gateway|openclaw\.mjs gateway/.test(info.command);

/** The start environment of a process, as anybody of the same user could read it. */
export function environmentOf(pid: number): string {
  const file = `/proc/${pid}/environ`;
  return existsSync(file) ? readFileSync(file, 'latin1') : '';
}
