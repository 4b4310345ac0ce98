/**
 * Reads server-sent events from bytes that may be split anywhere, in bounded memory, without a platform's decoder.
 * Bytes are read as Latin-1: every JSON delimiter, key, number and id that metering looks at is ASCII, and a
 * multi-byte character inside a JSON string stays a valid JSON string. Nothing of the text itself is kept.
 * Format: WHATWG HTML, "Server-sent events" (lines end in LF, CRLF or CR; `data` lines of one event join with LF).
 */

export interface SseReaderOptions {
  /** One event's data above this is skipped, not kept. */
  readonly eventBytesMax: number;
  /**
   * Whether the data `bytes[from, to)` may say something, asked of an event that came in one piece. What does not is passed
   * over without being made a text.
   */
  readonly mayMatter: (bytes: Uint8Array, from: number, to: number) => boolean;
  /** The whole data of one event, `data:` prefixes removed. */
  readonly onData: (data: string) => void;
  /** An event was too long and was skipped. */
  readonly onSkipped: () => void;
}

export interface SseReader {
  push(bytes: Uint8Array): void;
  /** The stream ended: an event without its closing blank line counts too. */
  finish(): void;
}

const LF = 10;
const CR = 13;
const SPACE = 32;
const COLON = 58;
/** `data: ` itself. */
const FIELD_CHARS = 6;
const nothing = new Uint8Array(0);

export function createSseReader(options: SseReaderOptions): SseReader {
  /** What came of the line in earlier pieces. */
  let line = '';
  /** Of the event so far: its data as text, or where its only data line stands in the bytes at hand; never both. */
  let data: string | null = null;
  let inHand: { readonly from: number; readonly to: number } | null = null;
  let bytes: Uint8Array = nothing;
  let skipping = false;
  let afterCr = false;

  function endEvent(): void {
    if (skipping) options.onSkipped();
    else if (inHand) {
      if (options.mayMatter(bytes, inHand.from, inHand.to)) options.onData(latin1(bytes, inHand.from, inHand.to));
    } else if (data !== null) options.onData(data);
    data = null;
    inHand = null;
    skipping = false;
  }

  /** A line that began in an earlier piece. */
  function endLine(): void {
    const whole = line;
    line = '';
    if (skipping || !whole.startsWith('data')) return;
    const rest = whole.slice(4);
    if (rest !== '' && !rest.startsWith(':')) return;
    addData(rest.startsWith(': ') ? rest.slice(2) : rest.slice(1));
  }

  /** A line that stands whole in the bytes at hand. */
  function readLine(from: number, to: number): void {
    if (skipping) return;
    if (to - from > options.eventBytesMax + FIELD_CHARS) {
      skip();
      return;
    }
    if (!startsWithData(bytes, from, to)) return;
    const colon = from + 4;
    const valueFrom = Math.min(bytes[colon + 1] === SPACE ? colon + 2 : colon + 1, to);
    if (data !== null || inHand) addData(latin1(bytes, valueFrom, to));
    else if (to - valueFrom > options.eventBytesMax) skip();
    else inHand = { from: valueFrom, to };
  }

  function addData(value: string): void {
    keep();
    data = data === null ? value : `${data}\n${value}`;
    if (data.length > options.eventBytesMax) skip();
  }

  /** Makes a text of what stands in the bytes at hand. */
  function keep(): void {
    if (inHand) data = latin1(bytes, inHand.from, inHand.to);
    inHand = null;
  }

  function skip(): void {
    skipping = true;
    data = null;
    inHand = null;
  }

  function append(from: number, to: number): void {
    if (from === to) return;
    if (!skipping) {
      line += latin1(bytes, from, to);
      if (line.length > options.eventBytesMax + FIELD_CHARS) skip();
    }
    if (skipping) line = '-'; // kept only as "not blank", so that the rest of this line does not end the event
  }

  return {
    push(piece) {
      bytes = piece;
      let from = 0;
      for (let at = 0; at < piece.length; at += 1) {
        const byte = piece[at];
        if (byte !== LF && byte !== CR) {
          afterCr = false;
          continue;
        }
        if (byte === LF && afterCr) {
          afterCr = false;
          from = at + 1;
          continue;
        }
        if (line !== '') {
          append(from, at);
          endLine();
        } else if (from === at) endEvent();
        else readLine(from, at);
        afterCr = byte === CR;
        from = at + 1;
      }
      append(from, piece.length);
      keep();
      bytes = nothing;
    },
    finish() {
      if (line !== '') endLine();
      endEvent();
    },
  };
}

/** `data`, with a colon after it or alone. */
function startsWithData(bytes: Uint8Array, from: number, to: number): boolean {
  if (bytes[from] !== 0x64 || bytes[from + 1] !== 0x61 || bytes[from + 2] !== 0x74 || bytes[from + 3] !== 0x61) {
    return false;
  }
  return to - from === 4 || (to - from > 4 && bytes[from + 4] === COLON);
}

const CHUNK = 8192; // arguments per call; engines cap them

/** Bytes as one character each. */
export function latin1(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; at += CHUNK) {
    // Not spread: that walks an iterator, which takes ten times as long.
    text += Reflect.apply(String.fromCharCode, null, bytes.subarray(at, Math.min(at + CHUNK, to)));
  }
  return text;
}
