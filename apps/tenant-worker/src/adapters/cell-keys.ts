/**
 * The cell's key ring and everything derived from it. Each purpose has its own derived key, so that one used in public
 * (session MACs) says nothing of another (the key-encryption key). Raw ring keys leave this module only as derived keys.
 *
 * CELL_KEYS = `{"current":"k1","keys":{"k1":"<base64, 32 bytes>"}}`. A retired key stays in the ring until nothing uses it.
 */
import { z } from 'zod';
import type { SealedValue, SealingKey } from '../../../control-plane/src/contract/secrets.ts';
import { openSealed, sealingKeyOf } from './open-sealed.ts';

const RingSchema = z
  .object({ current: z.string().min(1), keys: z.record(z.string().min(1).max(32), z.base64()) })
  .refine((ring) => Object.hasOwn(ring.keys, ring.current), 'the current key is not in the ring');

export type KeyRing = z.infer<typeof RingSchema>;

const utf8 = new TextEncoder();

/** Length-prefixed parts, so that ("a|b","c") and ("a","b|c") differ. */
export function joinParts(...parts: readonly (string | number)[]): Uint8Array<ArrayBuffer> {
  const encoded = parts.map((part) => utf8.encode(String(part)));
  const out = new Uint8Array(encoded.reduce((sum, part) => sum + 4 + part.length, 0));
  const view = new DataView(out.buffer);
  let offset = 0;
  for (const part of encoded) {
    view.setUint32(offset, part.length);
    out.set(part, offset + 4);
    offset += 4 + part.length;
  }
  return out;
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

async function hkdf(secret: Uint8Array<ArrayBuffer>, salt: string, info: string): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
  const params = { name: 'HKDF', hash: 'SHA-256', salt: utf8.encode(salt), info: utf8.encode(info) };
  return new Uint8Array(await crypto.subtle.deriveBits(params, key, 256));
}

const aes = (raw: Uint8Array<ArrayBuffer>, usage: 'encrypt' | 'decrypt') =>
  crypto.subtle.importKey('raw', raw, 'AES-GCM', false, [usage]);

export interface WrappedKey {
  readonly kid: string;
  /** base64 of IV (12 bytes) and ciphertext with tag. */
  readonly wrapped: string;
}

export class CellKeys {
  readonly #ring: KeyRing;

  /** @throws when the text is not a key ring of 32-byte keys; the message names no key material */
  constructor(ringJson: string) {
    let value: unknown;
    try {
      value = JSON.parse(ringJson);
    } catch {
      throw new Error('CELL_KEYS is not JSON: set it to {"current":"k1","keys":{"k1":"<base64 of 32 bytes>"}}');
    }
    const ring = RingSchema.safeParse(value);
    if (!ring.success)
      throw new Error('CELL_KEYS is not a key ring: it needs "current" and "keys", with the current key in it');
    for (const [kid, key] of Object.entries(ring.data.keys)) {
      if (fromBase64(key).length !== 32) throw new Error(`CELL_KEYS: key ${kid} is not 32 bytes long`);
    }
    this.#ring = ring.data;
  }

  #secret(kid: string): Uint8Array<ArrayBuffer> {
    const key = Object.hasOwn(this.#ring.keys, kid) ? this.#ring.keys[kid] : undefined;
    if (key === undefined) throw new Error(`the cell's key ring has no key ${kid}`);
    return fromBase64(key);
  }

  /** A key for one public-facing purpose, from the current ring key. */
  async derived(purpose: string): Promise<Uint8Array<ArrayBuffer>> {
    return hkdf(this.#secret(this.#ring.current), 'tidepool', `tidepool/${purpose}/v1`);
  }

  /** The same purpose's keys of every ring key, current first: what checks must accept during a rotation. */
  async derivedAll(purpose: string): Promise<Uint8Array<ArrayBuffer>[]> {
    const kids = [this.#ring.current, ...Object.keys(this.#ring.keys).filter((kid) => kid !== this.#ring.current)];
    return Promise.all(kids.map((kid) => hkdf(this.#secret(kid), 'tidepool', `tidepool/${purpose}/v1`)));
  }

  async #kek(kid: string): Promise<Uint8Array<ArrayBuffer>> {
    return hkdf(this.#secret(kid), 'tidepool', 'tidepool/kek/v1');
  }

  async wrapDataKey(tenantId: string, dataKey: Uint8Array<ArrayBuffer>): Promise<WrappedKey> {
    const kid = this.#ring.current;
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const key = await aes(await this.#kek(kid), 'encrypt');
    const additionalData = joinParts('dek', 'v1', kid, tenantId);
    const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, key, dataKey));
    const out = new Uint8Array(iv.length + sealed.length);
    out.set(iv);
    out.set(sealed, iv.length);
    return { kid, wrapped: toBase64(out) };
  }

  /** @throws when the wrap is of another tenant, was changed, or its key left the ring */
  async unwrapDataKey(tenantId: string, wrapped: WrappedKey): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = fromBase64(wrapped.wrapped);
    const key = await aes(await this.#kek(wrapped.kid), 'decrypt');
    const additionalData = joinParts('dek', 'v1', wrapped.kid, tenantId);
    const iv = bytes.slice(0, 12);
    return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, key, bytes.slice(12)));
  }

  async #sealingSecret(kid: string): Promise<Uint8Array<ArrayBuffer>> {
    return hkdf(this.#secret(kid), 'tidepool', 'tidepool/sealing/v1');
  }

  /** What the control plane seals values to. */
  async sealingKey(): Promise<SealingKey> {
    const kid = this.#ring.current;
    return sealingKeyOf(kid, await this.#sealingSecret(kid));
  }

  /** @throws when it was sealed for another tenant, name or key, was changed, or its key left the ring */
  async openSealed(value: SealedValue, about: { tenantId: string; name: string }): Promise<string> {
    return openSealed(await this.#sealingSecret(value.kid), value, about);
  }

  /** The label of the ring's current key. A run remembers the one it was claimed with. */
  get currentKid(): string {
    return this.#ring.current;
  }

  /**
   * The token by which the sandbox object claims one run's keeper. Derived, so that nothing stores it. A claimed keeper
   * keeps its token: after a rotation it is the one under the label that was current at the claim.
   */
  async keeperToken(tenantId: string, run: number | `scratch-${number}`, kid = this.#ring.current): Promise<string> {
    const secret = await hkdf(this.#secret(kid), `${tenantId}.${run}`, 'tidepool/keeper/v1');
    return Array.from(secret, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
}

/** The key of one snapshot's inventory, from the tenant's data key: another than that of its data. */
export async function inventoryKey(
  dataKey: Uint8Array<ArrayBuffer>,
  snapshotId: string,
): Promise<Uint8Array<ArrayBuffer>> {
  return hkdf(dataKey, snapshotId, 'tidepool/inventory/v1');
}

/** The key of one snapshot, from the tenant's data key. */
export async function snapshotKey(
  dataKey: Uint8Array<ArrayBuffer>,
  snapshotId: string,
): Promise<Uint8Array<ArrayBuffer>> {
  return hkdf(dataKey, snapshotId, 'tidepool/snapshot/v1');
}
