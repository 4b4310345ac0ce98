// What of this machine a container may see: programs and libraries, and the parts of /etc that hold no secret.
import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import type { SystemDir } from './bwrap-args.ts';

const DIRS = ['usr', 'bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];

/** Named one by one: /etc as a whole has keys, password hashes and host names. */
const ETC_PATHS = [
  '/etc/alternatives',
  '/etc/ca-certificates',
  '/etc/debian_version',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/localtime',
  '/etc/mime.types',
  '/etc/os-release',
  '/etc/pki/ca-trust',
  '/etc/pki/tls/certs',
  '/etc/protocols',
  '/etc/services',
  '/etc/ssl/certs',
  '/etc/ssl/openssl.cnf',
  '/etc/timezone',
];

export function findSystemDirs(): SystemDir[] {
  return DIRS.flatMap((name): SystemDir[] => {
    const stat = lstatSync(`/${name}`, { throwIfNoEntry: false });
    if (stat === undefined) return [];
    return [stat.isSymbolicLink() ? { name, link: readlinkSync(`/${name}`) } : { name }];
  });
}

export function findEtcPaths(): string[] {
  return ETC_PATHS.filter((path) => existsSync(path));
}
