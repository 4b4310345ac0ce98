/**
 * Reads a body in pieces, into one buffer that is used again and again. The platform's own way makes a buffer of 4 KiB for
 * each piece, and a large body comes in as many of them.
 */

export type Piece = { readonly done: false; readonly value: Uint8Array } | { readonly done: true };

export interface BodyReader {
  /** The next bytes; they are the caller's. Rejects when the body breaks off. */
  read(): Promise<Piece>;
  /** Ends the body. Rejects when it had broken by itself. */
  cancel(why?: string): Promise<void>;
}

const PIECE_BYTES = 64 * 1024;

/** Pieces as they come. */
export function openReader(body: ReadableStream<Uint8Array>): BodyReader {
  const bytes = ofBytes(body);
  if (bytes) return new BufferReader(bytes);
  const reader = body.getReader();
  return {
    async read() {
      const { done, value } = await reader.read();
      return done ? { done } : { done, value };
    },
    cancel: (why) => reader.cancel(why),
  };
}

/** Null: the body is not made of bytes but of whatever somebody enqueues, and cannot be read into a buffer. */
function ofBytes(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | null {
  try {
    return body.getReader({ mode: 'byob' });
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** Of a body of bytes, as the platform's own are. */
export class BufferReader implements BodyReader {
  readonly #reader: ReadableStreamBYOBReader;
  #buffer = new ArrayBuffer(PIECE_BYTES);

  constructor(reader: ReadableStreamBYOBReader) {
    this.#reader = reader;
  }

  async read(): Promise<Piece> {
    const { done, value } = await this.#reader.read(new Uint8Array(this.#buffer));
    if (done || value === undefined) return { done: true };
    this.#buffer = value.buffer;
    return { done: false, value: value.slice() };
  }

  cancel(why?: string): Promise<void> {
    return this.#reader.cancel(why);
  }

  /** Lets the body go as it is. Not while a read is under way. */
  release(): void {
    this.#reader.releaseLock();
  }
}
