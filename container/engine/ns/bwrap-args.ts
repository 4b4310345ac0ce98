// The bubblewrap command lines: one for the relay agent (owns the network namespace), one for the tenant's program.
// Pure apart from what it is told about this machine's folders; the order of mounts is the order of arguments.
import { CONTAINER_ADDRESS } from '../agent/addresses.ts';
import { HOME_DIR } from '../sandbox.ts';

const MIB = 1024 * 1024;
const TMP_BYTES = 1024 * MIB;
const RUN_BYTES = 64 * MIB;
const SHM_BYTES = 256 * MIB;

/** The user inside: not root, and the only one that is mapped. */
export const INSIDE_UID = 1000;

/** A top-level folder of this machine that programs need: mounted, or the link that merged-/usr systems have. */
export type SystemDir = { readonly name: string } & ({ readonly link: string } | { readonly link?: undefined });

export interface BwrapOptions {
  readonly size: boolean;
  readonly disableUserns: boolean;
}

export interface AgentMounts {
  readonly systemDirs: readonly SystemDir[];
  readonly node: string;
  readonly agentDir: string;
  readonly relayDir: string;
}

/** The agent: root inside its own user namespace, for the network only; sees its code and its two sockets. */
export function agentArgs(mounts: AgentMounts): string[] {
  return [
    namespaces(['net']),
    ['--uid', '0', '--gid', '0', '--cap-drop', 'ALL'],
    ['--cap-add', 'CAP_NET_ADMIN', '--cap-add', 'CAP_NET_BIND_SERVICE'],
    system(mounts.systemDirs),
    ['--proc', '/proc', '--dev', '/dev'],
    ['--ro-bind', mounts.node, '/node', '--ro-bind', mounts.agentDir, '/agent'],
    ['--bind', mounts.relayDir, '/run/relay'],
    ['--remount-ro', '/dev', '--remount-ro', '/', '--clearenv', '--chdir', '/'],
  ].flat();
}

export interface TenantMounts {
  readonly systemDirs: readonly SystemDir[];
  /** Files and folders of this machine's /etc that exist here and hold no secret. */
  readonly etcPaths: readonly string[];
  /** Folder with the files made for this container (see `etcFiles`) and `cloudflare/`. */
  readonly etcDir: string;
  readonly home: { readonly bind: string } | { readonly sizeMib: number };
  readonly image: readonly { readonly source: string; readonly target: string }[];
}

/** The tenant's program: no capability, no further user namespaces, a read-only root, its home and /tmp to write. */
export function tenantArgs(mounts: TenantMounts, options: BwrapOptions, hostname: string): string[] {
  const memory = (bytes: number, mode: string, path: string): string[] =>
    (options.size ? ['--perms', mode, '--size', String(bytes)] : []).concat('--tmpfs', path);
  return [
    namespaces([]),
    options.disableUserns ? ['--disable-userns'] : [],
    ['--uid', String(INSIDE_UID), '--gid', String(INSIDE_UID), '--cap-drop', 'ALL', '--hostname', hostname],
    system(mounts.systemDirs),
    ['--proc', '/proc', '--dev', '/dev', ...memory(SHM_BYTES, '1777', '/dev/shm'), '--remount-ro', '/dev'],
    memory(TMP_BYTES, '1777', '/tmp'),
    memory(RUN_BYTES, '0755', '/run'),
    ['--dir', '/var', '--symlink', '../tmp', '/var/tmp', '--dir', '/mnt', '--dir', '/opt', '--dir', '/srv'],
    mounts.etcPaths.flatMap((path) => ['--ro-bind', path, path]),
    Object.keys(etcFiles(hostname)).flatMap((name) => ['--ro-bind', `${mounts.etcDir}/${name}`, `/etc/${name}`]),
    ['--ro-bind', `${mounts.etcDir}/cloudflare`, '/etc/cloudflare'],
    'bind' in mounts.home
      ? ['--bind', mounts.home.bind, HOME_DIR]
      : memory(mounts.home.sizeMib * MIB, '0700', HOME_DIR),
    mounts.image.flatMap(({ source, target }) => ['--ro-bind', source, target]),
    ['--remount-ro', '/', '--clearenv', '--chdir', '/'],
  ].flat();
}

/** The files of /etc that are made for each container. */
export function etcFiles(hostname: string): Readonly<Record<string, string>> {
  return {
    passwd: `root:x:0:0:root:/root:/usr/sbin/nologin\ntidepool:x:${INSIDE_UID}:${INSIDE_UID}::${HOME_DIR}:/bin/sh\n`,
    group: `root:x:0:\ntidepool:x:${INSIDE_UID}:\n`,
    hosts: `127.0.0.1 localhost\n${CONTAINER_ADDRESS} ${hostname}\n`,
    hostname: `${hostname}\n`,
    'resolv.conf': 'nameserver 127.0.0.1\n',
    'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
  };
}

function namespaces(more: readonly string[]): string[] {
  const unshared = ['user', 'pid', 'ipc', 'uts', ...more].map((name) => `--unshare-${name}`);
  return [...unshared, '--unshare-cgroup-try', '--die-with-parent', '--new-session'];
}

function system(dirs: readonly SystemDir[]): string[] {
  return dirs.flatMap(({ name, link }) =>
    link === undefined ? ['--ro-bind', `/${name}`, `/${name}`] : ['--symlink', link, `/${name}`],
  );
}
