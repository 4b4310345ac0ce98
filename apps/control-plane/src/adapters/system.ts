/** The only place of this Worker that reads the clock or draws randomness. */
import { ulidFrom } from '../contract/ids.ts';

export interface System {
  nowMs(): number;
  /** A fresh lower-case ULID body. */
  ulid(): string;
}

export const realSystem: System = {
  nowMs: () => Date.now(),
  ulid: () => ulidFrom(Date.now(), crypto.getRandomValues(new Uint8Array(10))),
};

/** base64url SHA-256 of a text (43 characters). */
export async function sha256Base64Url(text: string): Promise<string> {
  return toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))));
}

const idAlphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** The body of an id that follows from a text: 130 bits of its SHA-256. The same text is the same id. */
export async function idBodyFrom(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest).subarray(0, 26), (byte) => idAlphabet[byte & 31]).join('');
}

/** 256 random bits for a link or a key, base64url (43 characters). */
export function newSecret(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(32)));
}

function toBase64Url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
