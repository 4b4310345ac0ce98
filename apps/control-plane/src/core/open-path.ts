/** Judges the parts of a hand-off request: all come from a URL that anybody may have written. Pure. */

/** base64url SHA-256. */
const stateShape = /^[A-Za-z0-9_-]{43}$/;

export function isStateHash(text: string): boolean {
  return stateShape.test(text);
}

/** A path on the tenant host: absolute, of this origin in every reading (as it is and decoded once), bounded. */
export function isSafePath(path: string): boolean {
  if (path.length > pathMax || !isPlainPath(path)) return false;
  try {
    return isPlainPath(decodeURIComponent(path));
  } catch {
    // A broken escape has no reading everybody agrees on.
    return false;
  }
}

const pathMax = 2_000;

/** One slash first, so it is no other host; no backslash or control character, which browsers fold or drop. */
function isPlainPath(path: string): boolean {
  if (!/^\/(?!\/)[^\\]*$/.test(path)) return false;
  return Array.from(path).every((char) => char >= ' ' && char !== '\u007f');
}
