/**
 * Reads server-sent events from bytes that may be split anywhere, in bounded memory, without a platform's decoder.
 * Bytes are read as Latin-1: every JSON delimiter, key, number and id that metering looks at is ASCII, and a
 * multi-byte character inside a JSON string stays a valid JSON string. Nothing of the text itself is kept.
 * Format: WHATWG HTML, "Server-sent events" (lines end in LF, CRLF or CR; `data` lines of one event join with LF).
 */

export interface SseReaderOptions {
  /** One event's data above this is skipped, not kept. */
  readonly eventBytesMax: number;
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
/** `data: ` itself. */
const FIELD_CHARS = 6;

export function createSseReader(options: SseReaderOptions): SseReader {
  let line = '';
  let data: string | null = null;
  let skipping = false;
  let afterCr = false;

  function endEvent(): void {
    if (skipping) options.onSkipped();
    else if (data !== null) options.onData(data);
    data = null;
    skipping = false;
  }

  function endLine(): void {
    const whole = line;
    line = '';
    if (whole === '') {
      endEvent();
      return;
    }
    if (skipping || !whole.startsWith('data')) return;
    const rest = whole.slice(4);
    if (rest !== '' && !rest.startsWith(':')) return;
    const value = rest.startsWith(': ') ? rest.slice(2) : rest.slice(1);
    data = data === null ? value : `${data}\n${value}`;
    if (data.length > options.eventBytesMax) skip();
  }

  function skip(): void {
    skipping = true;
    data = null;
  }

  function append(bytes: Uint8Array, from: number, to: number): void {
    if (from === to) return;
    if (!skipping) {
      line += latin1(bytes, from, to);
      if (line.length > options.eventBytesMax + FIELD_CHARS) skip();
    }
    if (skipping) line = '-'; // kept only as "not blank", so that the rest of this line does not end the event
  }

  return {
    push(bytes) {
      let from = 0;
      for (let at = 0; at < bytes.length; at += 1) {
        const byte = bytes[at];
        if (byte !== LF && byte !== CR) {
          afterCr = false;
          continue;
        }
        if (byte === LF && afterCr) {
          afterCr = false;
          from = at + 1;
          continue;
        }
        append(bytes, from, at);
        endLine();
        afterCr = byte === CR;
        from = at + 1;
      }
      append(bytes, from, bytes.length);
    },
    finish() {
      if (line !== '') endLine();
      endEvent();
    },
  };
}

const CHUNK = 8192; // arguments per call; engines cap them

/** Bytes as one character each. */
export function latin1(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; at += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(at, Math.min(at + CHUNK, to)));
  }
  return text;
}
