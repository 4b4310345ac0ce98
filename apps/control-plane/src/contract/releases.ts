/**
 * The OpenClaw versions that Tidepool knows how to run: data that both Workers, the image set and the dashboard read. A
 * release is a version, its named image and what its config renderer has to leave out; a tenant keeps its release until it
 * is upgraded. Newest first.
 */
export const knownReleases = ['2026.9.6', '2026.8.2'] as const;

/** The release new assistants start on. */
export const defaultRelease: string = knownReleases[0];

export function isKnownRelease(version: string): boolean {
  return (knownReleases as readonly string[]).includes(version);
}

/** Name of the image in wrangler.toml: versions hold dots, names do not. */
export function imageNameOfRelease(version: string): string {
  return `openclaw-${version.replaceAll('.', '-')}`;
}

/** Negative when `a` is older than `b`. Versions are numbers with dots; anything else is older than every version. */
export function compareReleases(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? -1) - (right[i] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

function parts(version: string): number[] {
  return /^\d+(\.\d+)*$/.test(version) ? version.split('.').map(Number) : [];
}
