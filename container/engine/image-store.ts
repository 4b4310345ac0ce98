// The images this engine knows: the catalog's, and the ones committed from running containers (a saved home on top of a
// catalog image). Committed ones are kept on disk and found again by the next engine.
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { ResolvedImage } from './container.ts';
import { findImage, isSidecarImage, type ImageCatalog } from './image-catalog.ts';
import type { Sandbox } from './sandbox.ts';

const committedSchema = z.object({ reference: z.string(), base: z.string(), id: z.string(), size: z.int() });
type Committed = z.infer<typeof committedSchema>;

export interface ImageFacts {
  readonly Id: string;
  readonly Parent: string;
  readonly Size: number;
}

/** The oldest is forgotten first: a platform snapshot is a fast way back, never the only copy. */
const COMMITTED_MAX = 100;

export class ImageStore {
  readonly #catalog: ImageCatalog;
  readonly #dir: string;
  readonly #committed = new Map<string, Committed>();

  constructor(catalog: ImageCatalog, stateDir: string) {
    this.#catalog = catalog;
    this.#dir = join(stateDir, 'images');
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(this.#dir)) {
      const record = readCommitted(join(this.#dir, name, 'image.json'));
      if (record === undefined) rmSync(join(this.#dir, name), { recursive: true, force: true });
      else this.#committed.set(record.reference, record);
    }
  }

  /** What the Docker API says of an image, or undefined when there is none of that name. */
  inspect(reference: string): ImageFacts | undefined {
    const committed = this.#committed.get(reference);
    if (committed !== undefined) {
      return { Id: committed.id, Parent: this.#baseId(committed.base), Size: committed.size };
    }
    if (isSidecarImage(reference) || findImage(this.#catalog, reference) !== undefined) {
      return { Id: this.#baseId(reference), Parent: '', Size: 0 };
    }
    return undefined;
  }

  resolve(reference: string): ResolvedImage | undefined {
    const committed = this.#committed.get(reference);
    const spec = findImage(this.#catalog, committed?.base ?? reference);
    if (spec === undefined) return undefined;
    return { spec, home: committed === undefined ? undefined : join(this.#pathOf(reference), 'home.tar') };
  }

  /** Saves the container's home under a new reference. Nothing is visible before it is complete. */
  async commit(reference: string, imageReference: string, sandbox: Sandbox): Promise<string> {
    const partial = join(this.#dir, `partial-${randomBytes(6).toString('hex')}`);
    mkdirSync(partial, { mode: 0o700 });
    try {
      const home = join(partial, 'home.tar');
      await sandbox.saveHome(home);
      const base = this.#committed.get(imageReference)?.base ?? imageReference;
      const id = `sha256:${randomBytes(32).toString('hex')}`;
      const record = { reference, base, id, size: statSync(home).size };
      writeFileSync(join(partial, 'image.json'), JSON.stringify(record));
      rmSync(this.#pathOf(reference), { recursive: true, force: true });
      renameSync(partial, this.#pathOf(reference));
      this.#committed.delete(reference);
      this.#committed.set(reference, record);
      const oldest = this.#committed.keys().next();
      if (this.#committed.size > COMMITTED_MAX && !oldest.done) this.remove(oldest.value);
      return id;
    } finally {
      rmSync(partial, { recursive: true, force: true });
    }
  }

  /** Forgets a committed image; false when there is none. */
  remove(reference: string): boolean {
    if (!this.#committed.delete(reference)) return false;
    rmSync(this.#pathOf(reference), { recursive: true, force: true });
    return true;
  }

  #pathOf(reference: string): string {
    return join(this.#dir, createHash('sha256').update(reference).digest('hex').slice(0, 32));
  }

  #baseId(reference: string): string {
    const what = JSON.stringify(findImage(this.#catalog, reference) ?? reference);
    return `sha256:${createHash('sha256').update(what).digest('hex')}`;
  }
}

function readCommitted(file: string): Committed | undefined {
  if (!existsSync(file)) return undefined;
  const parsed = committedSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  return parsed.success ? parsed.data : undefined;
}
