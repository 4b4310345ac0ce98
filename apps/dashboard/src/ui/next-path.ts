/**
 * Where to go after sign-in. Only a path of this very origin is honoured: anything a browser could read as another
 * host (`//host`, `/\host`, a scheme, control characters that browsers drop) becomes the home page.
 */

const nextMaxLength = 2048;

/** A safe same-origin path with query and fragment, or null. */
export function parseNextPath(raw: unknown): string | null {
  if (typeof raw !== 'string' || raw.length > nextMaxLength) return null;
  if (!raw.startsWith('/') || raw.startsWith('//') || raw.includes('\\')) return null;
  // Browsers drop tabs and newlines inside URLs, which can turn "/<tab>/host" into "//host".
  for (let i = 0; i < raw.length; i++) {
    const code = raw.charCodeAt(i);
    if (code <= 0x20 || code === 0x7f) return null;
  }
  const base = 'https://same.invalid';
  if (!URL.canParse(raw, base)) return null;
  const url = new URL(raw, base);
  if (url.origin !== base) return null;
  const path = `${url.pathname}${url.search}${url.hash}`;
  // Dot segments may normalise to a path that starts with two slashes.
  if (path.startsWith('//') || path.startsWith('/api/')) return null;
  return path;
}

/** True for paths that the control plane answers itself: they need a full navigation, not a client-side one. */
export function isServerPath(path: string): boolean {
  return /^\/(?:open|outbox|docs)(?:[/?#]|$)/.test(path);
}
