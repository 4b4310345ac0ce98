/**
 * The cell's half of sealing. The private key is derived from a key of the ring, so nothing stores it and a rotation of
 * the ring rotates it; a value sealed to a retired key opens as long as that key is in the ring.
 * X25519, because any 32 bytes are a private key of it and workerd, Node and browsers have it in WebCrypto.
 */
import type { SealedValue, SealingKey } from '../../../control-plane/src/contract/secrets.ts';
import { sealingContext } from '../../../control-plane/src/contract/secrets.ts';
import { fromBase64, toBase64 } from './cell-keys.ts';

/** RFC 8410: the PKCS #8 frame around 32 bytes of an X25519 private key. */
const pkcs8Frame = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20]);

const utf8 = new TextEncoder();

type Agreement = Parameters<typeof crypto.subtle.deriveBits>[0];
type PrivateKey = Parameters<typeof crypto.subtle.deriveBits>[1];

async function keysOf(secret: Uint8Array): Promise<{ privateKey: PrivateKey; publicBytes: Uint8Array<ArrayBuffer> }> {
  const pkcs8 = new Uint8Array([...pkcs8Frame, ...secret]);
  const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, { name: 'X25519' }, true, ['deriveBits']);
  const jwk = await crypto.subtle.exportKey('jwk', privateKey);
  if (jwk instanceof ArrayBuffer || jwk.x === undefined) throw new Error('the platform gave no public key');
  return { privateKey, publicBytes: fromBase64(jwk.x.replaceAll('-', '+').replaceAll('_', '/')) };
}

export async function sealingKeyOf(kid: string, secret: Uint8Array): Promise<SealingKey> {
  return { kid, publicKey: toBase64((await keysOf(secret)).publicBytes) };
}

/** @throws when it was sealed for another tenant, name or key, or changed on the way */
export async function openSealed(
  secret: Uint8Array,
  value: SealedValue,
  about: { readonly tenantId: string; readonly name: string },
): Promise<string> {
  const { privateKey, publicBytes } = await keysOf(secret);
  const ephemeral = fromBase64(value.ephemeral);
  const publicKey = await crypto.subtle.importKey('raw', ephemeral, { name: 'X25519' }, false, []);
  // The field's name differs between the platforms' types, not between the platforms.
  const agreement = { name: 'X25519', public: publicKey } as unknown as Agreement;
  const shared = await crypto.subtle.deriveBits(agreement, privateKey, 256);
  const salt = new Uint8Array([...ephemeral, ...publicBytes]);
  const context = utf8.encode(sealingContext(value.kid, about.tenantId, about.name));
  const source = await crypto.subtle.importKey('raw', shared, 'HKDF', false, ['deriveKey']);
  const aes = await crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt, info: context },
    source,
    { name: 'AES-GCM', length: 256 },
    false,
    ['decrypt'],
  );
  const algorithm = { name: 'AES-GCM', iv: fromBase64(value.iv), additionalData: context };
  return new TextDecoder().decode(await crypto.subtle.decrypt(algorithm, aes, fromBase64(value.sealed)));
}
