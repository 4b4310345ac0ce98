/**
 * Writes tar entry headers (POSIX ustar, with a pax record where a name does not fit): pure. Only what a snapshot holds:
 * files, folders and symbolic links, owned by nobody in particular.
 */

export interface TarEntry {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'symlink';
  readonly mode: number;
  readonly mtimeMs: number;
  /** Of a file's content; 0 for the others. */
  readonly bytes: number;
  readonly target?: string;
}

const blockBytes = 512;
const nameBytesMax = 100;
/** Eleven octal digits. */
const fileBytesMax = 0o77777777777;

const typeFlags = { file: '0', symlink: '2', directory: '5' } as const;

/**
 * @returns the header blocks that come before the content
 * @throws RangeError for a file of 8 GiB or more
 */
export function tarHeader(entry: TarEntry): Buffer {
  if (entry.bytes > fileBytesMax) throw new RangeError(`${entry.path} is too large for an archive`);
  const name = entry.kind === 'directory' ? `${entry.path}/` : entry.path;
  const target = entry.target ?? '';
  const records = [
    ...(fits(name) ? [] : [paxRecord('path', name)]),
    ...(fits(target) ? [] : [paxRecord('linkpath', target)]),
  ];
  const main = block({
    name,
    target,
    typeFlag: typeFlags[entry.kind],
    mode: entry.mode,
    bytes: entry.bytes,
    mtimeMs: entry.mtimeMs,
  });
  if (records.length === 0) return main;
  const body = Buffer.concat(records);
  const extended = block({
    name: 'PaxHeader',
    target: '',
    typeFlag: 'x',
    mode: 0o600,
    bytes: body.length,
    mtimeMs: entry.mtimeMs,
  });
  return Buffer.concat([extended, body, tarPadding(body.length), main]);
}

/** Zeros that fill the last block of a content of `bytes` bytes. */
export function tarPadding(bytes: number): Buffer {
  return Buffer.alloc((blockBytes - (bytes % blockBytes)) % blockBytes);
}

/** What ends an archive. */
export const tarEnd = Buffer.alloc(2 * blockBytes);

function fits(name: string): boolean {
  return Buffer.byteLength(name) <= nameBytesMax && /^[\x20-\x7e]*$/.test(name);
}

function block(fields: {
  name: string;
  target: string;
  typeFlag: string;
  mode: number;
  bytes: number;
  mtimeMs: number;
}): Buffer {
  const header = Buffer.alloc(blockBytes);
  header.write(fits(fields.name) ? fields.name : 'pax', 0);
  header.write(octal(fields.mode & 0o777, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(fields.bytes, 11), 124);
  header.write(octal(Math.max(0, Math.floor(fields.mtimeMs / 1_000)), 11), 136);
  header.write('        ', 148);
  header.write(fields.typeFlag, 156);
  header.write(fits(fields.target) ? fields.target : 'pax', 157);
  header.write('ustar\0', 257);
  header.write('00', 263);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148);
  return header;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

/** `<length> <key>=<value>\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`;
  const restBytes = Buffer.byteLength(rest);
  let length = restBytes + String(restBytes).length;
  if (restBytes + String(length).length !== length) length = restBytes + String(length).length;
  return Buffer.from(`${length}${rest}`);
}
