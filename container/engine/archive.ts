// Reads the small tar archives that workerd PUTs into a container (its CA file). Pure: bytes in, entries out.
// Only plain files and folders with relative paths are accepted; links and devices are refused.

export interface ArchiveEntry {
  /** Relative, normalised, never leading out: "cloudflare/certs/x.crt". */
  readonly path: string;
  readonly content: Buffer;
}

const BLOCK = 512;
const ENTRIES_MAX = 1_000;

/** The files of a ustar archive; folders are implied by the files. Throws a sentence on anything unexpected. */
export function readArchive(archive: Buffer): ArchiveEntry[] {
  const entries: ArchiveEntry[] = [];
  for (let at = 0; at + BLOCK <= archive.length;) {
    const header = archive.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    const size = Number.parseInt(field(header, 124, 12) || '0', 8);
    if (!Number.isSafeInteger(size) || size < 0 || at + BLOCK + size > archive.length) {
      throw new Error('The archive is cut short or has an unreadable size.');
    }
    const type = field(header, 156, 1);
    const path = [field(header, 345, 155), field(header, 0, 100)].filter((part) => part !== '').join('/');
    if (type === '' || type === '0') {
      entries.push({ path: relativePath(path), content: Buffer.from(archive.subarray(at + BLOCK, at + BLOCK + size)) });
    } else if (type !== '5') {
      throw new Error(`The archive has an entry of type "${type}" (${path}); only files and folders are accepted.`);
    }
    if (entries.length > ENTRIES_MAX) throw new Error(`The archive has more than ${ENTRIES_MAX} files.`);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return entries;
}

function field(header: Buffer, start: number, length: number): string {
  const text = header.toString('latin1', start, start + length);
  const end = text.indexOf('\0');
  return (end < 0 ? text : text.slice(0, end)).trim();
}

function relativePath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length === 0 || parts.includes('..')) throw new Error(`The archive has an unusable path: "${path}".`);
  return parts.join('/');
}
