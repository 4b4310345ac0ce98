// The programs an `ns` container needs from this machine, found once. A missing one is a sentence, not a crash.
import { execFileSync } from 'node:child_process';
import { findTool } from '../tools.ts';

/** program -> Debian package, for the sentence that says what is missing. */
const NEEDED = {
  bash: 'bash',
  bwrap: 'bubblewrap',
  ip: 'iproute2',
  nsenter: 'util-linux',
  prlimit: 'util-linux',
  setpriv: 'util-linux',
  unshare: 'util-linux',
  sh: 'dash',
  env: 'coreutils',
  tar: 'tar',
} as const;

export type HostTools = Readonly<Record<keyof typeof NEEDED, string>> & {
  /** Options of newer bubblewrap releases, by name. */
  readonly bwrapOptions: { readonly size: boolean; readonly disableUserns: boolean };
};

/** Every program with its absolute path, or the sentence that says which are missing. */
export function findHostTools(): { tools: HostTools } | { missing: string } {
  const found = Object.fromEntries(Object.keys(NEEDED).map((name) => [name, findTool(name)]));
  const missing = Object.entries(NEEDED).filter(([name]) => found[name] === undefined);
  if (missing.length > 0) {
    const list = missing.map(([name, pkg]) => `${name} (package ${pkg})`).join(', ');
    return { missing: `not found on this machine: ${list}` };
  }
  const help = bwrapHelp(found.bwrap ?? '');
  return {
    tools: {
      ...(found as Record<keyof typeof NEEDED, string>),
      bwrapOptions: { size: help.includes('--size'), disableUserns: help.includes('--disable-userns') },
    },
  };
}

function bwrapHelp(bwrap: string): string {
  try {
    return execFileSync(bwrap, ['--help'], { encoding: 'utf8', timeout: 5_000, stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}
