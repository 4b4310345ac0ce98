/** Tar entries (POSIX ustar) for the few small files of our own that go in front of an export. Pure; names are short ASCII. */

const blockBytes = 512;

export interface TarFile {
  readonly path: string;
  readonly text: string;
}

/** The entries, without the end of the archive: more follows. */
export function tarFiles(files: readonly TarFile[], mtimeMs: number): Uint8Array {
  const entries = files.map((file) => entry(file, mtimeMs));
  const out = new Uint8Array(entries.reduce((sum, bytes) => sum + bytes.length, 0));
  let at = 0;
  for (const bytes of entries) {
    out.set(bytes, at);
    at += bytes.length;
  }
  return out;
}

function entry({ path, text }: TarFile, mtimeMs: number): Uint8Array {
  if (!/^[\x21-\x7e]{1,100}$/.test(path)) throw new Error('a tar name of ours is short and plain');
  const content = utf8(text);
  const out = new Uint8Array(blockBytes + Math.ceil(content.length / blockBytes) * blockBytes);
  const put = (value: string, at: number): void => out.set(utf8(value), at);
  put(path, 0);
  put(octal(0o644, 7), 100);
  put(octal(0, 7), 108);
  put(octal(0, 7), 116);
  put(octal(content.length, 11), 124);
  put(octal(Math.max(0, Math.floor(mtimeMs / 1_000)), 11), 136);
  put('        ', 148);
  put('0', 156);
  put('ustar\0', 257);
  put('00', 263);
  const sum = out.subarray(0, blockBytes).reduce((total, byte) => total + byte, 0);
  put(`${octal(sum, 6)}\0 `, 148);
  out.set(content, blockBytes);
  return out;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

/** Our own texts are ASCII; what a person named is made so before. */
function utf8(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => {
    const code = char.charCodeAt(0);
    if (code > 0x7f) throw new Error('a file of ours holds ASCII only');
    return code;
  });
}
