/**
 * A stream's bytes in exact amounts, read into memory that the caller gives and gets back: nothing is queued, and nothing
 * is copied where the stream can fill memory by itself (bodies of requests, answers and R2 objects can).
 */

export interface Filled {
  /** The memory that was given; by now another object may stand for it, and the given one must not be used any more. */
  readonly memory: ArrayBuffer;
  /** Where the content ends. Short of what was wanted only when the stream has ended. */
  readonly end: number;
}

export interface ByteSource {
  /** Reads into `memory` from `from` until `to`. One call at a time. @throws what the stream errors with */
  fill(memory: ArrayBuffer, from: number, to: number): Promise<Filled>;
  /** Nothing more is wanted. Never rejects. */
  cancel(why: unknown): Promise<void>;
}

/**
 * Frees what a chunk lies in, now: the collector counts memory outside of its heap late, and a snapshot would float a
 * hundred MiB of it. Only for one who owns the chunk; a part of larger memory is left alone.
 */
export function release({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

/** @param used is given each chunk once nothing is needed of it any more; a stream that fills memory itself makes none */
export function byteSource(stream: ReadableStream<Uint8Array>, used?: (chunk: Uint8Array) => void): ByteSource {
  try {
    return filledByStream(stream.getReader({ mode: 'byob' }));
  } catch (error) {
    // A stream of chunks says so by a TypeError; so does one that is locked, and the next line throws that.
    if (!(error instanceof TypeError)) throw error;
    return filledFromChunks(stream.getReader(), used);
  }
}

/** What the standard says of a reader that fills memory; the platform's types know no `min` yet. */
interface FillingReader {
  read(view: Uint8Array<ArrayBuffer>, options: { min: number }): Promise<{ done: boolean; value?: ArrayBufferView }>;
  cancel(why: unknown): Promise<void>;
}

function filledByStream(reader: FillingReader): ByteSource {
  return {
    fill: async (given, from, to) => {
      let memory = given;
      for (let end = from; ;) {
        if (end === to) return { memory, end };
        const { done, value } = await reader.read(new Uint8Array(memory, end, to - end), { min: to - end });
        if (value === undefined || !(value.buffer instanceof ArrayBuffer)) throw new Error('the stream was given up');
        memory = value.buffer;
        end += value.byteLength;
        if (done) return { memory, end };
      }
    },
    // Whoever cancels has its own reason to stop, and tells that; a stream that broke already says so here only again.
    cancel: (why) => reader.cancel(why).catch(() => undefined),
  };
}

function filledFromChunks(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  used: (chunk: Uint8Array) => void = () => undefined,
): ByteSource {
  let chunk = new Uint8Array(0) as Uint8Array;
  let taken = 0;
  return {
    fill: async (memory, from, to) => {
      const target = new Uint8Array(memory);
      for (let end = from; ;) {
        const count = Math.min(chunk.length - taken, to - end);
        target.set(chunk.subarray(taken, taken + count), end);
        taken += count;
        end += count;
        if (end === to) return { memory, end };
        used(chunk);
        const { done, value } = await reader.read();
        chunk = done ? new Uint8Array(0) : value;
        taken = 0;
        if (done) return { memory, end };
      }
    },
    // Whoever cancels has its own reason to stop, and tells that; a stream that broke already says so here only again.
    cancel: (why) => reader.cancel(why).catch(() => undefined),
  };
}
