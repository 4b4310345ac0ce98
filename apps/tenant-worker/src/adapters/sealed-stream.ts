/**
 * Authenticated encryption of a stream of any length in bounded memory (WebCrypto has no streaming GCM).
 *
 * Format: 8 bytes "TPSEAL1\n", then frames of up to 1 MiB: 4 bytes big-endian (bit 31 = last frame, the rest = length of
 * what follows), then AES-256-GCM ciphertext with its tag. The frame's number is its IV, and number and last-flag are
 * authenticated with the caller's context: a cut, reordered, spliced or foreign stream fails. The key is used for one stream.
 */
import { joinParts } from './cell-keys.ts';

const magic = new TextEncoder().encode('TPSEAL1\n');
const frameBytes = 1024 * 1024;
const tagBytes = 16;
const lastBit = 0x8000_0000;

/** The stream is not what was sealed: damaged, cut, of another context, or of an unknown format. */
export class UnsealError extends Error {
  constructor(why: string, cause?: unknown) {
    super(`sealed stream refused: ${why}`, { cause });
    this.name = 'UnsealError';
  }
}

function frameParams(
  context: readonly (string | number)[],
  index: number,
  last: boolean,
): SubtleCryptoEncryptAlgorithm {
  const iv = new Uint8Array(12);
  new DataView(iv.buffer).setBigUint64(4, BigInt(index));
  return { name: 'AES-GCM', iv, additionalData: joinParts('seal', 'v1', ...context, index, last ? 1 : 0) };
}

/** Collects chunks of any size and gives them out in exact sizes. */
class ByteQueue {
  #chunks: Uint8Array[] = [];
  length = 0;

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.length += chunk.length;
  }

  take(count: number): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      const head = this.#chunks[0];
      if (head === undefined) throw new UnsealError('it ends too early');
      const part = head.subarray(0, count - filled);
      out.set(part, filled);
      filled += part.length;
      if (part.length === head.length) this.#chunks.shift();
      else this.#chunks[0] = head.subarray(part.length);
    }
    this.length -= count;
    return out;
  }
}

/** Seals `plain`. `onPlain` sees every chunk before it is sealed, in order (for a digest). */
export function seal(
  plain: ReadableStream<Uint8Array>,
  rawKey: Uint8Array<ArrayBuffer>,
  context: readonly (string | number)[],
  onPlain: (chunk: Uint8Array) => Promise<void>,
): ReadableStream<Uint8Array> {
  const queue = new ByteQueue();
  let index = 0;
  let key: CryptoKey | null = null;
  const frame = async (bytes: Uint8Array<ArrayBuffer>, last: boolean): Promise<Uint8Array> => {
    key ??= await crypto.subtle.importKey('raw', rawKey, 'AES-GCM', false, ['encrypt']);
    const sealed = new Uint8Array(await crypto.subtle.encrypt(frameParams(context, index, last), key, bytes));
    index++;
    const out = new Uint8Array(4 + sealed.length);
    new DataView(out.buffer).setUint32(0, (sealed.length | (last ? lastBit : 0)) >>> 0);
    out.set(sealed, 4);
    return out;
  };
  return plain.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      start: (controller) => controller.enqueue(magic.slice()),
      transform: async (chunk, controller) => {
        await onPlain(chunk);
        queue.push(chunk);
        while (queue.length > frameBytes) controller.enqueue(await frame(queue.take(frameBytes), false));
      },
      flush: async (controller) => controller.enqueue(await frame(queue.take(queue.length), true)),
    }),
  );
}

/** Opens what `seal` made. The stream errors with `UnsealError` at the first byte that is not right. */
export function unseal(
  sealed: ReadableStream<Uint8Array>,
  rawKey: Uint8Array<ArrayBuffer>,
  context: readonly (string | number)[],
): ReadableStream<Uint8Array> {
  const queue = new ByteQueue();
  let index = 0;
  let key: CryptoKey | null = null;
  let header: { length: number; last: boolean } | null = null;
  let started = false;
  let ended = false;
  const open = async (bytes: Uint8Array<ArrayBuffer>, last: boolean): Promise<Uint8Array> => {
    key ??= await crypto.subtle.importKey('raw', rawKey, 'AES-GCM', false, ['decrypt']);
    try {
      return new Uint8Array(await crypto.subtle.decrypt(frameParams(context, index++, last), key, bytes));
    } catch (error) {
      throw new UnsealError(`frame ${index - 1} does not verify`, error);
    }
  };
  return sealed.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform: async (chunk, controller) => {
        queue.push(chunk);
        if (!started) {
          if (queue.length < magic.length) return;
          const head = queue.take(magic.length);
          if (head.some((byte, i) => byte !== magic[i])) throw new UnsealError('it is of an unknown format');
          started = true;
        }
        for (;;) {
          if (header === null) {
            if (queue.length < 4) return;
            if (ended) throw new UnsealError('it goes on after its last frame');
            const word = new DataView(queue.take(4).buffer).getUint32(0);
            header = { length: (word & ~lastBit) >>> 0, last: (word & lastBit) !== 0 };
            if (header.length < tagBytes || header.length > frameBytes + tagBytes)
              throw new UnsealError('a frame has a wrong length');
          }
          if (queue.length < header.length) return;
          const { length, last } = header;
          header = null;
          ended = last;
          controller.enqueue(await open(queue.take(length), last));
        }
      },
      flush: () => {
        if (!ended || queue.length > 0) throw new UnsealError('it was cut');
      },
    }),
  );
}
