/**
 * Decompresses as it is asked to: the runtime's own zstd, fed only while somebody reads what comes out. Holds one chunk of
 * the source and a few of what comes out of it.
 */
import { createZstdDecompress } from 'node:zlib';
import type { Decompressor } from 'node:zlib';

/** Each chunk costs a turn; the runtime's own 16 KiB makes many. */
const chunkBytes = 256 * 1024;
/** What goes in at a time: a chunk that unpacks hugely would else be unpacked whole before anyone takes a part. */
const feedBytes = 64 * 1024;

/** @throws what `source` throws, or the decoder's own error for bytes that are no zstd or were cut */
export async function* unzstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = createZstdDecompress({ chunkSize: chunkBytes });
  const feeder = new Feeder(decoder);
  // What goes wrong on the way in comes out at the other end.
  void feeder.feed(source).catch((error: unknown) => decoder.destroy(asError(error)));
  try {
    for await (const chunk of decoder) yield chunk;
  } finally {
    decoder.destroy();
  }
}

/** Writes as fast as the decoder takes it, and stops when that is closed. */
class Feeder {
  readonly #decoder: Decompressor;
  #closed = false;
  #wakeUp: (() => void) | null = null;

  constructor(decoder: Decompressor) {
    this.#decoder = decoder;
    decoder.on('drain', () => this.#wakeUp?.());
    decoder.on('close', () => {
      this.#closed = true;
      this.#wakeUp?.();
    });
  }

  async feed(source: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of source) {
      for (let at = 0; at < chunk.length; at += feedBytes) await this.#write(chunk.subarray(at, at + feedBytes));
      // Leaving the loop gives the source up.
      if (this.#closed) return;
    }
    this.#decoder.end();
  }

  async #write(part: Uint8Array): Promise<void> {
    if (this.#closed || this.#decoder.write(part)) return;
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve;
    });
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
