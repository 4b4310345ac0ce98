// Memory and process limits through Linux control groups, version 2 or 1, where this user may make them.
// A group is made per container, filled by the launch script (`staging.ts`) and removed after the last process.
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

export interface GroupLimits {
  readonly memoryMib: number | undefined;
  readonly pids: number | undefined;
}

export interface ControlGroup {
  /** Files to write a process id to; empty when no group could be made. */
  readonly procsFiles: readonly string[];
  readonly limits: { readonly memory: boolean; readonly pids: boolean };
  /** Removes the group once its last process is gone. */
  remove(): Promise<void>;
}

const ROOT = '/sys/fs/cgroup';
/** Followed by the engine's process id, so that no engine removes a living one's groups. */
const PREFIX = 'tidepool-engine-';
const MIB = 1024 * 1024;
const REMOVE_ATTEMPTS = 20;
const REMOVE_RETRY_MS = 100;

type Hierarchies = { readonly memory: string | undefined; readonly pids: string | undefined; readonly version: 1 | 2 };

export class ControlGroups {
  readonly #at: Hierarchies;

  constructor(ownGroups: string = readText('/proc/self/cgroup')) {
    this.#at = unified(ownGroups) ?? {
      memory: legacy(ownGroups, 'memory'),
      pids: legacy(ownGroups, 'pids'),
      version: 1,
    };
    for (const parent of this.#parents) {
      for (const name of readdirSync(parent)) if (isAbandoned(name)) removeGroup(join(parent, name));
    }
  }

  get available(): { readonly memory: boolean; readonly pids: boolean } {
    return { memory: this.#at.memory !== undefined, pids: this.#at.pids !== undefined };
  }

  /** A group for one container with what can be limited here. */
  create(name: string, limits: GroupLimits): ControlGroup {
    const made: string[] = [];
    for (const parent of this.#parents) {
      const path = join(parent, groupName(name));
      if (tryDo(() => mkdirSync(path))) made.push(path);
    }
    const set = (parent: string | undefined, file: string, value: string): boolean =>
      parent !== undefined && tryDo(() => writeFileSync(join(parent, groupName(name), file), value));
    const v2 = this.#at.version === 2;
    const bytes = String((limits.memoryMib ?? 0) * MIB);
    const memory =
      limits.memoryMib !== undefined && set(this.#at.memory, v2 ? 'memory.max' : 'memory.limit_in_bytes', bytes);
    if (memory && v2) set(this.#at.memory, 'memory.swap.max', '0');
    const pids = limits.pids !== undefined && set(this.#at.pids, 'pids.max', String(limits.pids));
    return {
      procsFiles: made.map((path) => join(path, 'cgroup.procs')),
      limits: { memory, pids },
      remove: () => removeWhenEmpty(made),
    };
  }

  get #parents(): readonly string[] {
    return [...new Set([this.#at.memory, this.#at.pids])].filter((path) => path !== undefined);
  }
}

/** Version 2: a sibling of our own group, since a group with processes may not have groups with controllers below it. */
function unified(ownGroups: string): Hierarchies | undefined {
  const own = /^0::(\/.*)$/m.exec(ownGroups)?.[1];
  if (own === undefined || !existsSync(join(ROOT, 'cgroup.controllers'))) return undefined;
  const parent = own === '/' ? ROOT : dirname(join(ROOT, own));
  if (own === '/') tryDo(() => writeFileSync(join(parent, 'cgroup.subtree_control'), '+memory +pids'));
  const controllers = readText(join(parent, 'cgroup.subtree_control')).split(/\s+/);
  // Moving a process needs the right to write the procs file of the closest common ancestor (cgroups(7)).
  const usable = isWritable(parent) && isWritable(join(parent, 'cgroup.procs'));
  const at = (controller: string): string | undefined =>
    usable && controllers.includes(controller) ? parent : undefined;
  return { memory: at('memory'), pids: at('pids'), version: 2 };
}

function legacy(ownGroups: string, controller: string): string | undefined {
  const line = ownGroups.split('\n').find((entry) => entry.split(':')[1]?.split(',').includes(controller));
  if (line === undefined) return undefined;
  const own = line.split(':').slice(2).join(':');
  return [join(ROOT, controller, own), join(ROOT, controller)].find((path) => isWritable(path));
}

/** The processes were killed a moment ago; a group that stays is removed by the next engine. */
async function removeWhenEmpty(paths: readonly string[]): Promise<void> {
  for (let attempt = 0; attempt < REMOVE_ATTEMPTS && !paths.every(removeGroup); attempt += 1) {
    await setTimeout(REMOVE_RETRY_MS);
  }
}

function groupName(name: string): string {
  return `${PREFIX}${process.pid}-${name}`;
}

/** A group of an engine that runs no more. */
function isAbandoned(name: string): boolean {
  const pid = name.startsWith(PREFIX) ? /^(\d+)-/.exec(name.slice(PREFIX.length))?.[1] : undefined;
  return pid !== undefined && pid !== String(process.pid) && !existsSync(`/proc/${pid}`);
}

function removeGroup(path: string): boolean {
  return !existsSync(path) || tryDo(() => rmdirSync(path));
}

function isWritable(path: string): boolean {
  return tryDo(() => accessSync(path, constants.W_OK));
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function tryDo(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}
