// The unprivileged users of this machine that containers run as when the engine is root: one each, so that even a
// process that left its namespaces could not touch another container. Numbers need no entry in /etc/passwd.

import { readdirSync, statSync } from 'node:fs';

/** Between Debian's ordinary users and systemd's dynamic ones (https://systemd.io/UIDS-GIDS). */
const FIRST_UID = 60_578;
const UIDS_MAX = 120;

export class HostUsers {
  readonly warning: string | undefined;
  readonly #free: number[];
  readonly #drop: boolean;
  readonly #inUse: () => ReadonlySet<number>;

  /**
   * `drop` false: containers run as the engine's own user, and `warning` says so when that is a loss. `inUse` names the
   * users that have a process now: another engine of this machine has the same range, and the limit on processes is one
   * for all that a user runs.
   */
  constructor(drop: boolean, warning?: string, inUse: () => ReadonlySet<number> = runningUsers) {
    this.#drop = drop;
    this.#inUse = inUse;
    // Each engine begins elsewhere, so that two that look in the same moment take different ones.
    const from = process.pid % UIDS_MAX;
    this.#free = Array.from({ length: UIDS_MAX }, (_, index) => FIRST_UID + ((from + index) % UIDS_MAX));
    this.warning = warning;
  }

  /** A user that no other container has, or undefined when the engine's own user is used. */
  take(): number | undefined {
    if (!this.#drop) return undefined;
    const taken = this.#inUse();
    const at = this.#free.findIndex((uid) => !taken.has(uid));
    const [uid] = at === -1 ? [] : this.#free.splice(at, 1);
    if (uid === undefined) throw new Error(`more than ${UIDS_MAX} containers run at once`);
    return uid;
  }

  give(uid: number | undefined): void {
    if (uid !== undefined) this.#free.push(uid);
  }
}

/** The owners of all processes of this machine. */
function runningUsers(): ReadonlySet<number> {
  const users = new Set<number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    // It may have ended since it was listed.
    const owner = statSync(`/proc/${name}`, { throwIfNoEntry: false })?.uid;
    if (owner !== undefined) users.add(owner);
  }
  return users;
}
