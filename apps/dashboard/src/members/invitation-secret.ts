/**
 * The secret of an invitation's link. It comes behind the `#`, which no server sees, and is kept for this tab while the
 * person signs in or up; then the address bar is cleared of it.
 */
const key = 'invitation';

export function takeSecret(): string | null {
  const found = /^#([A-Za-z0-9_-]{43})$/.exec(window.location.hash)?.[1];
  if (found !== undefined) {
    sessionStorage.setItem(key, found);
    window.history.replaceState(window.history.state, '', window.location.pathname);
    return found;
  }
  return sessionStorage.getItem(key);
}

export function forgetSecret(): void {
  sessionStorage.removeItem(key);
}
