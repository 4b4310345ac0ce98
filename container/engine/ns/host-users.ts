// The unprivileged users of this machine that containers run as when the engine is root: one each, so that even a
// process that left its namespaces could not touch another container. Numbers need no entry in /etc/passwd.

/** Between Debian's ordinary users and systemd's dynamic ones (https://systemd.io/UIDS-GIDS). */
const FIRST_UID = 60_578;
const UIDS_MAX = 120;

export class HostUsers {
  readonly warning: string | undefined;
  readonly #free: number[];
  readonly #drop: boolean;

  /** `drop` false: containers run as the engine's own user, and `warning` says so when that is a loss. */
  constructor(drop: boolean, warning?: string) {
    this.#drop = drop;
    this.#free = Array.from({ length: UIDS_MAX }, (_, index) => FIRST_UID + index);
    this.warning = warning;
  }

  /** A user that no other container has, or undefined when the engine's own user is used. */
  take(): number | undefined {
    if (!this.#drop) return undefined;
    const uid = this.#free.shift();
    if (uid === undefined) throw new Error(`more than ${UIDS_MAX} containers run at once`);
    return uid;
  }

  give(uid: number | undefined): void {
    if (uid !== undefined) this.#free.push(uid);
  }
}
