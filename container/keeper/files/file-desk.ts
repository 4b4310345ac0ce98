/**
 * Puts one file into the state while the gateway runs, and takes that back. What is replaced is kept in
 * `.tidepool/kept/<id>/` inside the state, so that it travels with it: the newest
 * ten.
 *
 * Must hold: a file is there whole or not at all; nothing is written outside the state, whatever links the assistant made;
 * no database is touched; the same id again changes nothing. Order: the new content lies whole beside it, then what it
 * replaces gets its second name under `kept`, then one rename puts it in place.
 */
import { createWriteStream } from 'node:fs';
import { chmod, copyFile, link, lstat, mkdir, open, readFile, readdir, realpath, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { isSqliteFile } from '../archive/sqlite-file.ts';
import { Problem, systemErrorCode } from '../problem.ts';
import type { PutQuery, PutResult, UndoRequest } from './put-contract.ts';

/** The tenant's object remembers five files that were put, and each may have been undone. */
const keptMax = 10;
const noteSchema = z.object({ path: z.string(), replaced: z.boolean(), atMs: z.number() });
type Note = z.infer<typeof noteSchema>;

const databaseName = /\.(?:sqlite3?|db3?|s3db)(?:-wal|-shm|-journal)?$/i;
const companions = ['-wal', '-shm', '-journal'];

interface Place {
  readonly at: string;
  readonly parent: string;
}

export class FileDesk {
  readonly #stateDir: string;
  readonly #nowMs: () => number;
  #busy = false;

  constructor(stateDir: string, nowMs: () => number) {
    this.#stateDir = stateDir;
    this.#nowMs = nowMs;
  }

  /** @throws Problem `file_refused`, `busy`, `disk_full`; nothing has changed then */
  put(content: Readable, query: PutQuery): Promise<PutResult> {
    return this.#alone(async () => {
      const target = await this.#placeOf(query.path);
      const incoming = await this.#incoming(query.id);
      try {
        await receive(content, incoming, query.bytes);
        if (isSqliteFile(incoming)) throw refused('it is a database');
        return await this.#switchIn(query.id, query.path, target, incoming);
      } finally {
        await rm(incoming, { force: true });
      }
    });
  }

  /** @throws Problem `not_found` when what was replaced is not kept any more; else as `put` */
  undo({ id, undoId }: UndoRequest): Promise<PutResult> {
    return this.#alone(async () => {
      const note = await this.#note(id);
      if (note === null) throw new Problem('not_found', 'What was replaced is not kept any more.');
      const target = await this.#placeOf(note.path);
      if (!note.replaced) return this.#switchIn(undoId, note.path, target, null);
      const incoming = await this.#incoming(undoId);
      try {
        await copyFile(path.join(this.#kept(id), 'file'), incoming);
        return await this.#switchIn(undoId, note.path, target, incoming);
      } finally {
        await rm(incoming, { force: true });
      }
    });
  }

  /** @param incoming what takes the place; null: nothing does, the file goes */
  async #switchIn(id: string, name: string, target: Place, incoming: string | null): Promise<PutResult> {
    const kept = this.#kept(id);
    const note = (await this.#note(id)) ?? (await this.#keep(id, name, target));
    const present = await fileAt(target.at);
    // Begun before and cut off: only while what was kept still stands there is anything left to do.
    const still = note.replaced
      ? present !== null && present.ino === (await lstat(path.join(kept, 'file'))).ino
      : present === null;
    if (still && incoming === null && present !== null) await rm(target.at);
    if (still && incoming !== null) {
      await chmod(incoming, (present?.mode ?? 0o600) & 0o777);
      await mkdir(target.parent, { recursive: true, mode: 0o700 });
      // Made by `mkdir` or there before: it is looked at once more, now that it exists.
      await this.#placeOf(name);
      await rename(incoming, target.at);
    }
    await this.#dropOldest(id);
    return { path: name, replaced: note.replaced };
  }

  /** Gives what stands there a second name, and writes down what was there. */
  async #keep(id: string, name: string, target: Place): Promise<Note> {
    const kept = this.#kept(id);
    await rm(kept, { recursive: true, force: true });
    await mkdir(kept, { recursive: true, mode: 0o700 });
    const present = await fileAt(target.at);
    if (present !== null) await link(target.at, path.join(kept, 'file'));
    const note: Note = { path: name, replaced: present !== null, atMs: this.#nowMs() };
    const handle = await open(path.join(kept, 'note.json.part'), 'w', 0o600);
    try {
      await handle.writeFile(JSON.stringify(note));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(path.join(kept, 'note.json.part'), path.join(kept, 'note.json'));
    return note;
  }

  /** Null when nothing was kept under this id, or only half. */
  async #note(id: string): Promise<Note | null> {
    try {
      return noteSchema.parse(JSON.parse(await readFile(path.join(this.#kept(id), 'note.json'), 'utf8')));
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return null;
      throw error;
    }
  }

  async #dropOldest(newest: string): Promise<void> {
    const ids = (await readdir(path.join(this.#stateDir, '.tidepool', 'kept'))).filter((id) => id !== newest);
    const dated = await Promise.all(
      ids.map(async (id) => ({ id, atMs: (await this.#note(id).catch(() => null))?.atMs ?? 0 })),
    );
    for (const { id } of dated.toSorted((a, b) => b.atMs - a.atMs).slice(keptMax - 1)) {
      await rm(this.#kept(id), { recursive: true, force: true });
    }
  }

  /**
   * Where a path of the state is on the disk.
   * @throws Problem `file_refused` when it is not plain, leads through a link, or is not a file's or a database's
   */
  async #placeOf(name: string): Promise<Place> {
    const parts = name.split('/');
    const plain = parts.every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'));
    if (!plain) throw refused('its path is not plain');
    if (parts[0] === '.tidepool') throw refused('it is a record of Tidepool’s own');
    if (parts.length === 1 && parts[0]?.startsWith('openclaw.json') === true) throw refused('it is the configuration');
    if (databaseName.test(name)) throw refused('it is a database');
    const root = await realpath(this.#stateDir);
    let parent = root;
    for (const part of parts.slice(0, -1)) {
      parent = path.join(parent, part);
      const found = await statOrNull(parent);
      if (found === null) break;
      if (!found.isDirectory()) throw refused('a folder above it is none, or a link');
    }
    parent = path.join(root, ...parts.slice(0, -1));
    const at = path.join(root, ...parts);
    const present = await fileAt(at);
    if (present !== null && isSqliteFile(at)) throw refused('a database stands there');
    for (const companion of companions) {
      if ((await statOrNull(`${at}${companion}`)) !== null) throw refused('a database stands there');
    }
    return { at, parent };
  }

  async #incoming(id: string): Promise<string> {
    const folder = path.join(this.#stateDir, '.tidepool', 'incoming');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return path.join(folder, id);
  }

  #kept(id: string): string {
    return path.join(this.#stateDir, '.tidepool', 'kept', id);
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#busy) throw new Problem('busy', 'Another file is being put; one at a time.');
    this.#busy = true;
    try {
      return await work();
    } catch (error) {
      if (!['ENOSPC', 'EDQUOT'].includes(systemErrorCode(error) ?? '')) throw error;
      throw new Problem('disk_full', 'The disk has no room for the file.', { cause: error });
    } finally {
      this.#busy = false;
    }
  }
}

async function receive(content: Readable, file: string, bytes: number): Promise<void> {
  let received = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      if (received > bytes) done(new Problem('invalid_request', 'More bytes came than were announced.'));
      else done(null, chunk);
    },
  });
  await pipeline(content, count, createWriteStream(file, { flags: 'w', mode: 0o600, flush: true }));
  if (received !== bytes) throw new Problem('invalid_request', 'Fewer bytes came than were announced.');
}

/** Null where nothing is. @throws Problem `file_refused` where something else than a file is */
async function fileAt(at: string) {
  const found = await statOrNull(at);
  if (found !== null && !found.isFile()) throw refused('something else than a file stands there');
  return found;
}

async function statOrNull(at: string) {
  try {
    return await lstat(at);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return null;
    throw error;
  }
}

function refused(why: string): Problem {
  return new Problem('file_refused', `The file was not put: ${why}.`);
}
