/**
 * Authenticated encryption of a stream of any length in bounded memory (WebCrypto has no streaming GCM).
 *
 * Format: 8 bytes "TPSEAL1\n", then frames of up to 1 MiB: 4 bytes big-endian (bit 31 = last frame, the rest = length of
 * what follows), then AES-256-GCM ciphertext with its tag. The frame's number is its IV, and number and last-flag are
 * authenticated with the caller's context: a cut, reordered, spliced or foreign stream fails. The key is used for one stream.
 *
 * Either way one frame is read at a time, into one piece of memory that is used again; what comes out is WebCrypto's own
 * result, uncopied. Nothing is read before somebody asks.
 */
import { byteSource, type ByteSource } from './byte-source.ts';
import { joinParts } from './cell-keys.ts';

const magic = new TextEncoder().encode('TPSEAL1\n');
const frameBytes = 1024 * 1024;
const tagBytes = 16;
const lastBit = 0x8000_0000;
const headerBytes = 4;

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

/** The head of a frame with so many sealed bytes. */
function frameHeader(length: number, last: boolean): Uint8Array {
  const out = new Uint8Array(headerBytes);
  new DataView(out.buffer).setUint32(0, (length | (last ? lastBit : 0)) >>> 0);
  return out;
}

/** Makes a stream whose bytes `next` hands out; an error there ends it, and the source with it. */
function pulled(
  source: ByteSource,
  next: (controller: ReadableStreamDefaultController<Uint8Array>) => Promise<void>,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          await next(controller);
        } catch (error) {
          void source.cancel(error);
          throw error;
        }
      },
      cancel: (why) => source.cancel(why),
    },
    { highWaterMark: 0 },
  );
}

/**
 * Seals `plain`.
 * @param onPlain sees every byte before it is sealed, in order (for a digest). The memory is used again once it is done.
 */
export function seal(
  plain: ReadableStream<Uint8Array>,
  rawKey: Uint8Array<ArrayBuffer>,
  context: readonly (string | number)[],
  onPlain: (chunk: Uint8Array) => Promise<void>,
): ReadableStream<Uint8Array> {
  const source = byteSource(plain);
  // One byte more than a frame holds tells whether the frame is the last; that byte begins the next one.
  let memory = new ArrayBuffer(frameBytes + 1);
  let carried = 0;
  let index = 0;
  let key: CryptoKey | null = null;
  return pulled(source, async (controller) => {
    key ??= await crypto.subtle.importKey('raw', rawKey, 'AES-GCM', false, ['encrypt']);
    const read = await source.fill(memory, carried, frameBytes + 1);
    memory = read.memory;
    const last = read.end <= frameBytes;
    if (read.end > carried) await onPlain(new Uint8Array(memory, carried, read.end - carried));
    const frame = new Uint8Array(memory, 0, Math.min(read.end, frameBytes));
    const sealed = new Uint8Array(await crypto.subtle.encrypt(frameParams(context, index, last), key, frame));
    if (index === 0) controller.enqueue(magic.slice());
    controller.enqueue(frameHeader(sealed.length, last));
    controller.enqueue(sealed);
    index++;
    if (last) return controller.close();
    new Uint8Array(memory).copyWithin(0, frameBytes);
    carried = 1;
  });
}

/** Opens what `seal` made. The stream errors with `UnsealError` at the first byte that is not right. */
export function unseal(
  sealed: ReadableStream<Uint8Array>,
  rawKey: Uint8Array<ArrayBuffer>,
  context: readonly (string | number)[],
): ReadableStream<Uint8Array> {
  const source = byteSource(sealed);
  let memory = new ArrayBuffer(frameBytes + tagBytes);
  let index = 0;
  let key: CryptoKey | null = null;
  const take = async (count: number): Promise<Uint8Array<ArrayBuffer>> => {
    const read = await source.fill(memory, 0, count);
    memory = read.memory;
    if (read.end < count) throw new UnsealError('it was cut');
    return new Uint8Array(memory, 0, count);
  };
  return pulled(source, async (controller) => {
    if (key === null) {
      key = await crypto.subtle.importKey('raw', rawKey, 'AES-GCM', false, ['decrypt']);
      const head = await take(magic.length);
      if (head.some((byte, i) => byte !== magic[i])) throw new UnsealError('it is of an unknown format');
    }
    const word = new DataView((await take(headerBytes)).buffer).getUint32(0);
    const [length, last] = [(word & ~lastBit) >>> 0, (word & lastBit) !== 0];
    if (length < tagBytes || length > frameBytes + tagBytes) throw new UnsealError('a frame has a wrong length');
    const frame = await take(length);
    const plain = await open(key, frameParams(context, index, last), frame, index);
    index++;
    if (last && (await source.fill(memory, 0, 1)).end > 0) throw new UnsealError('it goes on after its last frame');
    controller.enqueue(plain);
    if (last) controller.close();
  });
}

async function open(
  key: CryptoKey,
  params: SubtleCryptoEncryptAlgorithm,
  frame: Uint8Array<ArrayBuffer>,
  index: number,
): Promise<Uint8Array> {
  try {
    return new Uint8Array(await crypto.subtle.decrypt(params, key, frame));
  } catch (error) {
    throw new UnsealError(`frame ${index} does not verify`, error);
  }
}
