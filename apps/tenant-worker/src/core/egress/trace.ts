/**
 * What is remembered of a request's path: no query, bounded, and nothing that looks like a token, since some services
 * take theirs in the path. The feed and the log show this form and no other.
 */

const pathCharsMax = 200;
const prefixCharsMax = 120;

/** Long with digits, or with a colon inside: an id or a key, not a word. */
function looksSecret(segment: string): boolean {
  return (
    segment.includes(':') || segment.includes('%3A') || /^(?=.*\d)[\w.~%-]{20,}$/.test(segment) || segment.length > 48
  );
}

export interface PathTrace {
  readonly path: string;
  /** The first segment, by which refusals are counted together. */
  readonly prefix: string;
}

export function tracePath(path: string): PathTrace {
  const segments = path.split('/').map((segment) => (looksSecret(segment) ? '…' : segment));
  return {
    path: segments.join('/').slice(0, pathCharsMax),
    prefix: `/${segments[1] ?? ''}`.slice(0, prefixCharsMax),
  };
}
