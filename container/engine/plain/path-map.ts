// A `plain` container has no file system of its own: paths that exist inside a real container are replaced by where the
// same thing is on this machine. Pure.

export interface PathMapping {
  readonly from: string;
  readonly to: string;
}

/** Replaces every whole path prefix (`/opt/x`, `/opt/x/…`, `--dir=/opt/x:…`) in a text; longer prefixes first. */
export function mapPaths(text: string, mappings: readonly PathMapping[]): string {
  if (mappings.length === 0) return text;
  const longestFirst = [...mappings].sort((a, b) => b.from.length - a.from.length);
  const pattern = longestFirst.map(({ from }) => escapeRegExp(from)).join('|');
  const target = new Map(mappings.map(({ from, to }) => [from, to]));
  // Neither in the middle of a longer path nor followed by more of a name.
  return text.replaceAll(
    new RegExp(`(?<![\\w.-])(?:${pattern})(?![\\w-]|\\.\\w)`, 'g'),
    (found) => target.get(found) ?? found,
  );
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
