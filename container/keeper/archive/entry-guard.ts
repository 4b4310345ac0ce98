/**
 * Which archive entries may touch the disk: pure, one decision per entry, in the order they come. Must hold: nothing is
 * written outside the target folder, by any combination of entries. A link may only lead inside by a path that needs no
 * other link (leading `..` only), and nothing may be placed below a link or a file.
 */

export interface ArchiveLimits {
  readonly entriesMax: number;
  /** Of the tar stream, headers included. */
  readonly uncompressedBytesMax: number;
  /** Uncompressed to compressed, judged once more than `ratioFreeBytes` came out. */
  readonly ratioMax: number;
  readonly ratioFreeBytes: number;
}

export function archiveLimits(uncompressedBytesMax: number): ArchiveLimits {
  // A tenant may well keep a large file of zeros: up to a quarter of what it may hold, the absolute bound alone counts.
  const ratioFreeBytes = Math.max(64 * 1024 * 1024, uncompressedBytesMax / 4);
  return { entriesMax: 500_000, uncompressedBytesMax, ratioMax: 100, ratioFreeBytes };
}

/** An entry as a tar header states it. */
export interface EntryHeader {
  readonly name: string;
  readonly type: string | null | undefined;
  readonly mode: number | undefined;
  readonly size: number | undefined;
  readonly linkname: string | null | undefined;
}

export type Entry =
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly bytes: number }
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string };

/** The archive asks for something that is not allowed; the sentence names the entry. */
export class ArchiveRefused extends Error {}

const pathCharsMax = 1_024;
const segmentBytesMax = 255;
/** setuid, setgid, sticky. */
const specialBits = 0o7000;

export class EntryGuard {
  readonly #limits: ArchiveLimits;
  readonly #kinds = new Map<string, Entry['kind']>();

  constructor(limits: ArchiveLimits) {
    this.#limits = limits;
  }

  /**
   * @returns what to create, at a path relative to the target folder
   * @throws ArchiveRefused when the entry is not allowed
   */
  admit(header: EntryHeader): Entry {
    const entry = parseEntry(header);
    if (this.#kinds.size >= this.#limits.entriesMax) {
      throw new ArchiveRefused(`more than ${this.#limits.entriesMax} entries`);
    }
    if (this.#kinds.has(entry.path)) throw new ArchiveRefused(`${shown(entry.path)} comes twice`);
    for (const parent of parentsOf(entry.path)) {
      const kind = this.#kinds.get(parent);
      if (kind !== undefined && kind !== 'directory')
        throw new ArchiveRefused(`${shown(entry.path)} lies below a ${kind}`);
    }
    this.#kinds.set(entry.path, entry.kind);
    return entry;
  }
}

/** @throws ArchiveRefused once either bound is passed; call with running totals */
export function checkVolume(limits: ArchiveLimits, compressedBytes: number, uncompressedBytes: number): void {
  if (uncompressedBytes > limits.uncompressedBytesMax) {
    throw new ArchiveRefused(`more than ${limits.uncompressedBytesMax} bytes uncompressed`);
  }
  if (uncompressedBytes > limits.ratioFreeBytes && uncompressedBytes > compressedBytes * limits.ratioMax) {
    throw new ArchiveRefused(`unpacks to more than ${limits.ratioMax} times its size`);
  }
}

/**
 * The target of a link as it may be stored, or null when it leads out of the folder or needs another link to be judged.
 * @param linkPath of the link itself, relative to the folder
 */
export function safeLinkTarget(linkPath: string, target: string): string | null {
  if (target === '' || target.startsWith('/') || target.includes('\0') || target.length > pathCharsMax) return null;
  const segments = target.split('/').filter((segment) => segment !== '' && segment !== '.');
  const ups = segments.findIndex((segment) => segment !== '..');
  const leading = ups === -1 ? segments.length : ups;
  if (segments.slice(leading).includes('..')) return null;
  return leading <= linkPath.split('/').length - 1 ? target : null;
}

function parseEntry(header: EntryHeader): Entry {
  const mode = header.mode ?? 0o600;
  if ((mode & specialBits) !== 0) throw new ArchiveRefused(`${shown(header.name)} has setuid, setgid or sticky bits`);
  switch (header.type ?? 'unknown') {
    case 'file':
      return { kind: 'file', path: parsePath(header.name), mode: mode & 0o777, bytes: header.size ?? 0 };
    case 'directory':
      return { kind: 'directory', path: parsePath(header.name.replace(/\/$/, '')), mode: mode & 0o777 };
    case 'symlink': {
      const path = parsePath(header.name);
      const target = safeLinkTarget(path, header.linkname ?? '');
      if (target === null) throw new ArchiveRefused(`${shown(path)} links out of the folder`);
      return { kind: 'symlink', path, target };
    }
    default:
      throw new ArchiveRefused(`${shown(header.name)} is a ${header.type ?? 'thing of unknown kind'}`);
  }
}

/** Only the plain form is accepted: nothing to normalise is nothing to normalise wrongly. */
function parsePath(name: string): string {
  const segments = name.split('/');
  const plain =
    name.length <= pathCharsMax &&
    !name.includes('\0') &&
    segments.every(
      (segment) =>
        segment !== '' && segment !== '.' && segment !== '..' && Buffer.byteLength(segment) <= segmentBytesMax,
    );
  if (!plain) throw new ArchiveRefused(`${shown(name)} is not a plain relative path`);
  return name;
}

function* parentsOf(path: string): Generator<string> {
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) yield path.slice(0, at);
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 200));
}
