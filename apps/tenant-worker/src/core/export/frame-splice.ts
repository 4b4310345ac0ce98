/**
 * Puts bytes in front of what a zstd frame holds, without a compressor: the frame gets a new header, then our bytes as raw
 * blocks, then its own blocks unchanged. One frame comes out, not two: Node's decoder and others stop after the first frame
 * of a file without a word. Sound because a block refers back by distance only, and raw blocks change no decoder state.
 * Facts: RFC 8878, sections 3.1.1.1 (frame header) and 3.1.1.2 (blocks).
 */

const magic = [0x28, 0xb5, 0x2f, 0xfd] as const;
/** Magic, descriptor, window, dictionary id (4), content size (8). */
export const frameHeaderBytesMax = 18;
/** A block holds no more than this, nor more than the window. */
const blockBytesMax = 128 * 1024;
const windowLogMin = 17;
/** The largest window that a decoder takes without being asked to. */
const windowLogMax = 27;

const contentSizeBytes = [0, 2, 4, 8] as const;

export interface Splice {
  /** What the new frame begins with: its header and the blocks with the inserted bytes. */
  readonly start: Uint8Array;
  /** Bytes of the old frame that `start` takes the place of. */
  readonly replaces: number;
}

/**
 * @param head the first bytes of the frame, at least `frameHeaderBytesMax` of them
 * @throws Error for a frame whose header promises what an insertion would break, or that is none
 */
export function spliceFrame(head: Uint8Array, inserted: Uint8Array): Splice {
  if (head.length < frameHeaderBytesMax) throw new Error('a zstd frame begins with more bytes than these');
  if (magic.some((byte, i) => head[i] !== byte)) throw new Error('these bytes do not begin a zstd frame');
  const descriptor = head[4] ?? 0;
  const singleSegment = (descriptor & 0x20) !== 0;
  // A checksum covers the content, and a dictionary lies before it; the keeper writes neither.
  if ((descriptor & 0x0f) !== 0) throw new Error('a zstd frame with a checksum or a dictionary takes no insertion');
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 && singleSegment ? 1 : (contentSizeBytes[sizeFlag] ?? 0);
  const sizeAt = singleSegment ? 5 : 6;
  const window = singleSegment
    ? windowFor(readContentSize(head.subarray(sizeAt, sizeAt + sizeBytes)))
    : atLeastMin(head[5] ?? 0);
  const blocks = rawBlocks(inserted);
  const start = new Uint8Array(6 + blocks.length);
  start.set([...magic, 0, window]);
  start.set(blocks, 6);
  return { start, replaces: sizeAt + sizeBytes };
}

/** The content size was the window; now that more comes before, it has to be said apart. */
function windowFor(contentBytes: number): number {
  let log = windowLogMin;
  while (2 ** log < contentBytes) log++;
  if (log > windowLogMax) throw new Error('a zstd frame of one segment is too large for a window');
  return (log - 10) << 3;
}

function atLeastMin(window: number): number {
  return Math.max(window, (windowLogMin - 10) << 3);
}

/** Little-endian; two bytes count from 256. */
function readContentSize(bytes: Uint8Array): number {
  const size = bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
  return bytes.length === 2 ? size + 256 : size;
}

function rawBlocks(content: Uint8Array): Uint8Array {
  const count = Math.ceil(content.length / blockBytesMax);
  const out = new Uint8Array(content.length + count * 3);
  let at = 0;
  for (let from = 0; from < content.length; from += blockBytesMax) {
    const part = content.subarray(from, from + blockBytesMax);
    // Bit 0: last block (no); bits 1 and 2: raw; the rest: its size.
    const header = part.length << 3;
    out.set([header & 0xff, (header >> 8) & 0xff, (header >> 16) & 0xff], at);
    out.set(part, at + 3);
    at += 3 + part.length;
  }
  return out;
}
