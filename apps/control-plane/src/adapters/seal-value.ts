/**
 * Seals a value so that only the cell opens it. The control plane has the public key alone: what it sealed a moment ago
 * it cannot read. A fresh key pair per value; the shared secret lives for one call.
 */
import type { SealedValue, SealingKey } from '../contract/secrets.ts';
import { sealingContext } from '../contract/secrets.ts';

const utf8 = new TextEncoder();

type Agreement = Parameters<typeof crypto.subtle.deriveBits>[0];

export async function sealValue(
  key: SealingKey,
  about: { readonly tenantId: string; readonly name: string },
  plain: string,
): Promise<SealedValue> {
  const recipient = fromBase64(key.publicKey);
  const publicKey = await crypto.subtle.importKey('raw', recipient, { name: 'X25519' }, false, []);
  const pair = await crypto.subtle.generateKey({ name: 'X25519' }, true, ['deriveBits']);
  if (!('privateKey' in pair)) throw new Error('the platform made no key pair');
  // The field's name differs between the platforms' types, not between the platforms.
  const agreement = { name: 'X25519', public: publicKey } as unknown as Agreement;
  const shared = await crypto.subtle.deriveBits(agreement, pair.privateKey, 256);
  const exported = await crypto.subtle.exportKey('raw', pair.publicKey);
  if (!(exported instanceof ArrayBuffer)) throw new Error('the platform exported no bytes');
  const ephemeral = new Uint8Array(exported);
  const salt = new Uint8Array([...ephemeral, ...recipient]);
  const context = utf8.encode(sealingContext(key.kid, about.tenantId, about.name));
  const source = await crypto.subtle.importKey('raw', shared, 'HKDF', false, ['deriveKey']);
  const aes = await crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt, info: context },
    source,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt'],
  );
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: context }, aes, utf8.encode(plain));
  return { kid: key.kid, ephemeral: toBase64(ephemeral), iv: toBase64(iv), sealed: toBase64(new Uint8Array(sealed)) };
}

function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
