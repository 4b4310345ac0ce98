/** Judges the parts of a hand-off request: all come from a URL that anybody may have written. Pure. */

/** base64url SHA-256. */
const stateShape = /^[A-Za-z0-9_-]{43}$/;

export function isStateHash(text: string): boolean {
  return stateShape.test(text);
}

/** A path on the tenant host: absolute, of this origin in every reading, bounded. */
export function isSafePath(path: string): boolean {
  if (path.length > 2_000 || !/^\/(?![/\\])/.test(path)) return false;
  if (/[\u0000-\u001f\u007f\\]/.test(path)) return false;
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return false;
  }
  return /^\/(?![/\\])/.test(decoded) && !/[\u0000-\u001f\u007f\\]/.test(decoded);
}
