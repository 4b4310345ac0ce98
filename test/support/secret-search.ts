/**
 * A search for secrets over anything that has bytes: files of every kind (databases and objects as they lie on the disk),
 * environments, answers. Each secret is looked for in every form in which it could have been copied.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** The largest file that is read; a larger one is told, never passed over in silence. */
const fileBytesMax = 256 * 1024 * 1024;

export interface Searched {
  readonly places: number;
  readonly bytes: number;
  readonly found: readonly string[];
}

/** @throws Error for a secret that is too short to be told from chance */
export function formsOf(secrets: Readonly<Record<string, string>>): Map<string, Buffer> {
  const forms = new Map<string, Buffer>();
  for (const [name, secret] of Object.entries(secrets)) {
    if (secret.length < 12) throw new Error(`the ${name} is not known, or too short to search for`);
    const texts = {
      'as it is': secret,
      'in a URL': encodeURIComponent(secret),
      decoded: decodeURIComponent(secret),
      base64: Buffer.from(secret).toString('base64').replace(/=+$/, ''),
      base64url: Buffer.from(secret).toString('base64url'),
      hex: Buffer.from(secret).toString('hex'),
      'in JSON': JSON.stringify(secret).slice(1, -1),
      'of two bytes a character': Buffer.from(secret, 'utf16le').toString('latin1'),
    };
    const seen = new Set<string>();
    for (const [form, text] of Object.entries(texts)) {
      if (!seen.has(text))
        forms.set(`${name}, ${form}`, Buffer.from(text, form.startsWith('of two') ? 'latin1' : 'utf8'));
      seen.add(text);
    }
  }
  return forms;
}

export class SecretSearch {
  readonly #forms: ReadonlyMap<string, Buffer>;
  readonly #found: string[] = [];
  #places = 0;
  #bytes = 0;

  constructor(secrets: Readonly<Record<string, string>>) {
    this.#forms = formsOf(secrets);
  }

  text(place: string, content: string): void {
    this.#look(place, Buffer.from(content));
  }

  /** Every file below a folder but those named, by their path below it. */
  folder(dir: string, but: readonly string[] = []): void {
    for (const file of filesBelow(dir)) {
      const name = path.relative(dir, file);
      if (but.includes(name)) continue;
      try {
        if (statSync(file).size > fileBytesMax) throw new Error(`${file} is too large to be searched`);
        this.#look(name, readFileSync(file));
      } catch (error) {
        // A running stack replaces files while it is looked at.
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
      }
    }
  }

  get result(): Searched {
    return { places: this.#places, bytes: this.#bytes, found: this.#found };
  }

  #look(place: string, content: Buffer): void {
    this.#places++;
    this.#bytes += content.length;
    for (const [name, form] of this.#forms) if (content.includes(form)) this.#found.push(`${name}: ${place}`);
  }
}

function* filesBelow(dir: string): Generator<string> {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const file = path.join(dir, entry.name);
    if (entry.isDirectory()) yield* filesBelow(file);
    else if (entry.isFile()) yield file;
  }
}
