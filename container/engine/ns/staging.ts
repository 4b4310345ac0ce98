// How a confined process is launched from the engine: join the container's control groups, and, when the engine is
// root, bind what the container needs into a private mount namespace and become an unprivileged user before anything
// else runs. Staging is what lets that user see an image that lies in root's own home.
// Everything is exec'ed in place, so the process that was spawned is the process that runs.

/** Where staged sources appear, in a mount namespace that only this launch has. FHS guarantees the folder. */
const STAGE_DIR = '/mnt';
/** stdin to stderr and the pipes of `bwrap-process.ts`. */
const LAST_FD = 6;

/**
 * Control group files, "--", source and staged path pairs, "--", then the command. First of all it closes what the
 * engine inherited open from whoever started it (a lock, a log, a socket): descriptors without close-on-exec would go
 * through all namespaces into the container. Only bash can close descriptors of more than one digit.
 */
const SCRIPT = `for d in /proc/$$/fd/*; do d=\${d##*/}; if [ "$d" -gt ${LAST_FD} ]; then eval "exec $d>&-" || true; fi; done
set -e
while [ "$1" != -- ]; do echo $$ > "$1"; shift; done; shift
if [ "$1" != -- ]; then mount -t tmpfs -o mode=0755,size=1m,nosuid,nodev tidepool-stage ${STAGE_DIR}; fi
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then mkdir "$2"; else : > "$2"; fi
  mount --bind "$1" "$2"; shift 2
done; shift
exec "$@"`;

export interface LaunchTools {
  readonly bash: string;
  readonly unshare: string;
  readonly setpriv: string;
}

export interface Launch {
  /** `cgroup.procs` files to join first. */
  readonly groups: readonly string[];
  /** The unprivileged user of this machine to become, when the engine is root. */
  readonly hostUid: number | undefined;
  readonly tools: LaunchTools;
}

/** Gives each source the path under which the launched process sees it. */
export class Stage {
  readonly #active: boolean;
  readonly #sources: string[] = [];

  constructor(hostUid: number | undefined) {
    this.#active = hostUid !== undefined;
  }

  at(source: string): string {
    if (!this.#active) return source;
    this.#sources.push(source);
    return `${STAGE_DIR}/${this.#sources.length - 1}`;
  }

  get pairs(): readonly string[] {
    return this.#sources.flatMap((source, index) => [source, `${STAGE_DIR}/${index}`]);
  }
}

/** The argv that runs `command` with what was staged. */
export function launchArgv(launch: Launch, stage: Stage | undefined, command: readonly string[]): string[] {
  const { tools, hostUid } = launch;
  const pairs = stage?.pairs ?? [];
  const script = [tools.bash, '--noprofile', '--norc', '-c', SCRIPT, 'bash', ...launch.groups, '--', ...pairs, '--'];
  const become = hostUid === undefined ? [] : becomeArgv(tools.setpriv, hostUid);
  const own = pairs.length > 0 ? [tools.unshare, '--mount', '--propagation', 'private', '--'] : [];
  return [...own, ...script, ...become, ...command];
}

function becomeArgv(setpriv: string, uid: number): string[] {
  return [setpriv, '--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--'];
}
