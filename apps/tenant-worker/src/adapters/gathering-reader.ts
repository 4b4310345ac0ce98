/**
 * Reads a fast event stream in fewer, larger pieces. The platform hands a body to JavaScript as its sender cut it, one event
 * at a time, and each step from the platform into JavaScript and back costs more than metering the event does. A stream that
 * turns out to be fast is split in two inside the platform: one half is what is read from then on, and the other is drawn on
 * in the background, so that the first half's bytes gather there, in the platform, between two reads. The second half is also
 * the bound: it is drawn on by no more than `AHEAD_BYTES` beyond what was read.
 *
 * A fast stream is read at most every `GATHER_MS`. One that pauses longer than that between two events, as models do, is
 * read as it comes and never split.
 */
import { BufferReader, openReader, type BodyReader, type Piece } from '../ai/body-reader.ts';
import type { Clock } from '../ports.ts';

const GATHER_MS = 3;
const AHEAD_BYTES = 32 * 1024;
/** So many pieces in a row, each within `GATHER_MS` of the one before, make a stream a fast one. */
const FAST_PIECES = 16;

export class GatheringReader implements BodyReader {
  readonly #body: ReadableStream<Uint8Array>;
  readonly #clock: Clock;
  #pieces: BodyReader;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #earlyPieces = 0;
  #ahead: Ahead | null = null;

  constructor(body: ReadableStream<Uint8Array>, clock: Clock) {
    this.#body = body;
    this.#clock = clock;
    this.#pieces = openReader(body);
  }

  async read(): Promise<Piece> {
    if (this.#ahead?.gathers) await pause(this.#readAtMs + GATHER_MS - this.#clock.nowMs());
    const piece = await this.#pieces.read();
    const nowMs = this.#clock.nowMs();
    this.#earlyPieces = nowMs - this.#readAtMs < GATHER_MS ? this.#earlyPieces + 1 : 0;
    this.#readAtMs = nowMs;
    if (piece.done) return piece;
    if (this.#ahead) this.#ahead.wasRead(piece.value.byteLength);
    else if (this.#earlyPieces >= FAST_PIECES) this.#split();
    return piece;
  }

  async cancel(why?: string): Promise<void> {
    await Promise.all([this.#pieces.cancel(why), this.#ahead?.cancel(why)]);
  }

  #split(): void {
    // What JavaScript made is not in the platform, and does not gather there.
    if (!(this.#pieces instanceof BufferReader)) return;
    this.#pieces.release();
    const [read, drawn] = this.#body.tee();
    this.#pieces = openReader(read);
    this.#ahead = new Ahead(drawn);
  }
}

/** The half that is drawn on, and thrown away. */
class Ahead {
  /** False: nothing gathers (any more), so there is nothing to wait for. */
  gathers = true;
  readonly #reader: ReadableStreamBYOBReader;
  #readBytes = 0;
  #drawnBytes = 0;
  /** The next bytes are being drawn, or there are no more. */
  #isDrawing = false;

  constructor(half: ReadableStream<Uint8Array>) {
    // Drawn from the half itself, so many bytes would hold back the other half until they are there.
    const through = new IdentityTransformStream();
    // The end and a break of the body show in the half that is read.
    void half.pipeTo(through.writable).catch(() => {
      this.gathers = false;
    });
    this.#reader = through.readable.getReader({ mode: 'byob' });
    this.#draw();
  }

  wasRead(bytes: number): void {
    this.#readBytes += bytes;
    this.#draw();
  }

  cancel(why?: string): Promise<void> {
    this.#isDrawing = true;
    return this.#reader.cancel(why);
  }

  #draw(): void {
    if (this.#isDrawing || this.#drawnBytes > this.#readBytes) return;
    this.#isDrawing = true;
    void this.#drawOn();
  }

  /** Never rejects. */
  async #drawOn(): Promise<void> {
    try {
      const { done, value } = await this.#reader.readAtLeast(AHEAD_BYTES, new Uint8Array(AHEAD_BYTES));
      if (done || value === undefined) return; // it stays "drawing": there is no more
      this.#drawnBytes += value.byteLength;
      this.#isDrawing = false;
      this.#draw();
    } catch {
      // The body broke off, or was cancelled: the half that is read says so.
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms <= 0) resolve();
    else setTimeout(resolve, Math.min(ms, GATHER_MS));
  });
}
