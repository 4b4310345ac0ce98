/**
 * Tokens of the tenant host: the session cookie and the one-time sign-in code. Both are `id.expiry.mac`; the MAC covers
 * purpose, host, id and expiry, so that junk, a token of another tenant, and an expired one are refused before any object
 * is called. Whether an authentic token is still good is the object's to say; it knows only the hash of the id.
 */

/** Gives the cell's keys for one purpose, the signing key first. `CellKeys` is one. */
export interface KeySource {
  derivedAll(purpose: string): Promise<Uint8Array<ArrayBuffer>[]>;
}

export interface TokenFacts {
  /** base64url SHA-256 of the id: what the object stores and compares. */
  readonly hash: string;
  readonly expiresAtMs: number;
}

export type TokenPurpose = 'session' | 'code';

/** Clocks of two isolates may differ by this much; the object's own clock decides within it. */
const skewMs = 60_000;

/** A sign-in code is good this long. */
export const codeLifetimeMs = 60_000;

const utf8 = { encode: (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text)) };
const shape = /^([A-Za-z0-9_-]{43})\.([0-9a-z]{1,9})\.([A-Za-z0-9_-]{43})$/;

export function toBase64Url(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
}

/** base64url SHA-256 of a text. */
export async function sha256(text: string): Promise<string> {
  return toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8.encode(text))));
}

/** 256 random bits as base64url (43 characters). */
export function newTokenId(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(32)));
}

/** A WebCrypto key, under either world's types. */
type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

const imported = new WeakMap<KeySource, Map<TokenPurpose, Promise<Key[]>>>();

function keysFor(source: KeySource, purpose: TokenPurpose): Promise<Key[]> {
  const byPurpose = imported.get(source) ?? new Map<TokenPurpose, Promise<Key[]>>();
  imported.set(source, byPurpose);
  const cached = byPurpose.get(purpose);
  if (cached) return cached;
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const keys = source
    .derivedAll(`edge-${purpose}`)
    .then((raw) => Promise.all(raw.map((key) => crypto.subtle.importKey('raw', key, hmac, false, ['sign', 'verify']))));
  byPurpose.set(purpose, keys);
  return keys;
}

function message(purpose: TokenPurpose, host: string, id: string, expiry: string): Uint8Array<ArrayBuffer> {
  // A host has no line break, and the other parts have fixed alphabets: the joined text can be read one way only.
  return utf8.encode(`tidepool-${purpose}-1\n${host}\n${id}\n${expiry}`);
}

/** Signs a token for one host. `expiresAtMs` is cut to whole seconds. */
export async function signToken(
  keys: KeySource,
  token: { purpose: TokenPurpose; host: string; id: string; expiresAtMs: number },
): Promise<string> {
  const [current] = await keysFor(keys, token.purpose);
  if (current === undefined) throw new Error('the key ring is empty');
  const expiry = Math.floor(token.expiresAtMs / 1000).toString(36);
  const mac = await crypto.subtle.sign('HMAC', current, message(token.purpose, token.host, token.id, expiry));
  return `${token.id}.${expiry}.${toBase64Url(new Uint8Array(mac))}`;
}

/** What an authentic, unexpired token of this purpose and host says; null for everything else. */
export async function verifyToken(
  keys: KeySource,
  token: { purpose: TokenPurpose; host: string; text: string; nowMs: number },
): Promise<TokenFacts | null> {
  const match = shape.exec(token.text);
  if (match === null) return null;
  const [, id = '', expiry = '', mac = ''] = match;
  const expiresAtMs = Number.parseInt(expiry, 36) * 1000;
  if (expiresAtMs + skewMs <= token.nowMs) return null;
  const signature = fromBase64Url(mac);
  // One spelling per token: the last letter has two bits to spare.
  if (toBase64Url(signature) !== mac) return null;
  const signed = message(token.purpose, token.host, id, expiry);
  for (const key of await keysFor(keys, token.purpose)) {
    // WebCrypto compares in constant time.
    if (await crypto.subtle.verify('HMAC', key, signature, signed)) return { hash: await sha256(id), expiresAtMs };
  }
  return null;
}

/** Makes a one-time sign-in code for a host. The object stores the hash; the code goes to the browser once. */
export async function newHandoffCode(
  keys: KeySource,
  host: string,
  nowMs: number,
): Promise<{ code: string; codeHash: string; expiresAtMs: number }> {
  const id = newTokenId();
  const expiresAtMs = nowMs + codeLifetimeMs;
  const code = await signToken(keys, { purpose: 'code', host, id, expiresAtMs });
  return { code, codeHash: await sha256(id), expiresAtMs };
}
