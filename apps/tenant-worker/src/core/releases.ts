/**
 * Releases this cell can run: an OpenClaw version and the named image in wrangler.toml. A tenant's spec names a version;
 * a version that is not here is refused, never replaced by another.
 */
import { imageNameOfRelease, isKnownRelease } from '../../../control-plane/src/contract/releases.ts';

/** @throws when the release is not one this cell carries */
export function imageNameOf(release: string): string {
  if (!isKnownRelease(release)) throw new Error(`release ${release} is not one this cell carries`);
  return imageNameOfRelease(release);
}
