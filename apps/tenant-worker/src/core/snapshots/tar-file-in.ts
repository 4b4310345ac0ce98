/**
 * Finds one regular file in a tar archive as it comes by: pure, one pass, nothing kept but a header block. Reads what the
 * keeper writes (POSIX ustar, a pax record for a name that does not fit) and refuses everything else, so that what is
 * found is what a restore would put there. It stops reading where the file ends.
 */

const blockBytes = 512;
/** One pax record holds a path of at most 1,024 characters and a link's target of as many. */
const paxBytesMax = 16 * 1024;
const entriesMax = 500_000;

/** The bytes are not an archive of ours. */
export class TarDamaged extends Error {}

export type FoundInTar =
  | { readonly kind: 'file'; readonly bytes: number; readonly content: AsyncGenerator<Uint8Array, void, undefined> }
  | { readonly kind: 'absent' }
  /** A folder or a link stands at the path. */
  | { readonly kind: 'no_file' }
  | { readonly kind: 'too_large'; readonly bytes: number };

/**
 * @param source the archive; its reading is given up once the answer is known, or once `content` has ended
 * @param bytesMax a larger file is not opened
 * @throws TarDamaged, or what `source` throws; `content` throws the same when it breaks off
 */
export async function tarFileIn(
  source: AsyncIterable<Uint8Array>,
  path: string,
  bytesMax: number,
): Promise<FoundInTar> {
  const reader = new BlockReader(source);
  let handedOn = false;
  try {
    for (let entries = 0; entries < entriesMax; entries++) {
      const entry = await nextEntry(reader);
      if (entry === null) return { kind: 'absent' };
      if (entry.path !== path) {
        await reader.skip(padded(entry.bytes));
        continue;
      }
      if (entry.kind !== 'file') return { kind: 'no_file' };
      if (entry.bytes > bytesMax) return { kind: 'too_large', bytes: entry.bytes };
      handedOn = true;
      return { kind: 'file', bytes: entry.bytes, content: contentOf(reader, entry.bytes) };
    }
    throw new TarDamaged(`more than ${entriesMax} entries`);
  } finally {
    if (!handedOn) await reader.close();
  }
}

async function* contentOf(reader: BlockReader, bytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (let left = bytes; left > 0;) {
      const part = await reader.some(left);
      left -= part.length;
      yield part;
    }
  } finally {
    await reader.close();
  }
}

interface TarEntry {
  readonly path: string;
  readonly kind: 'file' | 'other';
  readonly bytes: number;
}

/** Null at the end of the archive. */
async function nextEntry(reader: BlockReader): Promise<TarEntry | null> {
  let longPath: string | null = null;
  for (;;) {
    const header = await reader.exactly(blockBytes);
    if (header.every((byte) => byte === 0)) return null;
    const { name, type, bytes } = parseHeader(header);
    if (type === 'x') {
      if (bytes > paxBytesMax) throw new TarDamaged('a long name is too long');
      longPath = paxPath((await reader.exactly(padded(bytes))).subarray(0, bytes));
      continue;
    }
    if (type !== '0' && type !== '2' && type !== '5') throw new TarDamaged('an entry is of an unknown kind');
    const path = longPath ?? name;
    return { path: type === '5' ? path.replace(/\/$/, '') : path, kind: type === '0' ? 'file' : 'other', bytes };
  }
}

function parseHeader(header: Uint8Array): { name: string; type: string; bytes: number } {
  // The sum is over the header with its own field as blanks.
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  if (sum !== octal(header, 148, 8)) throw new TarDamaged('a header does not add up');
  const type = String.fromCharCode(header[156] ?? 0);
  return { name: ascii(header, 0, 100), type, bytes: octal(header, 124, 12) };
}

function octal(header: Uint8Array, from: number, length: number): number {
  const digits = ascii(header, from, length).trim();
  if (!/^[0-7]{1,11}$/.test(digits)) throw new TarDamaged('a header holds no number');
  return Number.parseInt(digits, 8);
}

/** Up to the first zero. */
function ascii(header: Uint8Array, from: number, length: number): string {
  const field = header.subarray(from, from + length);
  const end = field.indexOf(0);
  return String.fromCharCode(...field.subarray(0, end === -1 ? length : end));
}

/** Records are `<length> <key>=<value>\n`, the length in bytes and counting itself. Null when none is a path. */
function paxPath(records: Uint8Array): string | null {
  let path: string | null = null;
  for (let at = 0; at < records.length;) {
    const space = records.indexOf(0x20, at);
    const length = Number(space === -1 ? NaN : String.fromCharCode(...records.subarray(at, space)));
    if (!Number.isSafeInteger(length) || length <= space - at || at + length > records.length)
      throw new TarDamaged('a long name cannot be read');
    const record = utf8(records.subarray(space + 1, at + length - 1));
    if (record.startsWith('path=')) path = record.slice('path='.length);
    at += length;
  }
  return path;
}

function utf8(bytes: Uint8Array): string {
  try {
    return decodeURIComponent(Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
  } catch (error) {
    throw new TarDamaged('a long name is not text', { cause: error });
  }
}

function padded(bytes: number): number {
  return Math.ceil(bytes / blockBytes) * blockBytes;
}

/** Exact amounts out of chunks of any size. */
class BlockReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  #closed = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** What is there, at least a byte and at most so many. */
  async some(bytesMax: number): Promise<Uint8Array> {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#source.next();
      if (done === true) throw new TarDamaged('it was cut');
      this.#chunk = value;
    }
    const part = this.#chunk.subarray(0, bytesMax);
    this.#chunk = this.#chunk.subarray(part.length);
    return part;
  }

  async exactly(bytes: number): Promise<Uint8Array> {
    const out = new Uint8Array(bytes);
    for (let at = 0; at < bytes;) {
      const part = await this.some(bytes - at);
      out.set(part, at);
      at += part.length;
    }
    return out;
  }

  async skip(bytes: number): Promise<void> {
    for (let left = bytes; left > 0;) left -= (await this.some(left)).length;
  }

  /** Nothing more is read. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#source.return?.();
  }
}
