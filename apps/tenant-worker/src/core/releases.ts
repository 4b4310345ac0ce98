/**
 * Releases this cell can run: an OpenClaw version and the named image in wrangler.toml. A tenant's spec names a version;
 * a version that is not here is refused, never replaced by another.
 */
export const releases: Readonly<Record<string, { readonly imageName: string }>> = {
  '2026.9.6': { imageName: 'openclaw-2026-9-6' },
};

/** @throws when the release is not one this cell carries */
export function imageNameOf(release: string): string {
  const found = releases[release];
  if (found === undefined) throw new Error(`release ${release} is not one this cell carries`);
  return found.imageName;
}
