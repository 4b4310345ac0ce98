/**
 * Brings a state from an archive: unpacked beside the present one, verified, then switched in by a rename. Until the switch
 * nothing of the present state is touched, and after it the replaced one is kept until the gateway proved the new one.
 * A process that dies between the two renames leaves the old state under its second name; `recover` puts it back.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { RestoreResult } from '../contract.ts';
import type { ArchiveLimits } from './entry-guard.ts';
import { ArchiveRefused } from './entry-guard.ts';
import { extractArchive } from './extract.ts';
import { dropGatewayLease } from './gateway-lease.ts';
import { databaseDamage } from './sqlite-file.ts';
import { isOpenclawDatabase } from './state-files.ts';

const partialPrefix = '.tidepool-restore-';

export class StateFolder {
  readonly #stateDir: string;
  readonly #parent: string;
  readonly #replaced: string;

  /** @param stateDir `$HOME/.openclaw`; its parent must be on the same disk */
  constructor(stateDir: string) {
    this.#stateDir = stateDir;
    this.#parent = path.dirname(stateDir);
    this.#replaced = `${stateDir}.replaced`;
  }

  /** Whether a tenant's state is here: restored, or made by a gateway that ran. */
  get present(): boolean {
    return existsSync(path.join(this.#stateDir, 'state', 'openclaw.sqlite'));
  }

  /** Cleans up after a keeper that died: half-made folders go, an interrupted switch is undone. Run before listening. */
  async recover(): Promise<void> {
    await mkdir(this.#parent, { recursive: true, mode: 0o700 });
    if (existsSync(this.#replaced) && !existsSync(this.#stateDir)) await rename(this.#replaced, this.#stateDir);
    for (const name of await readdir(this.#parent)) {
      if (name.startsWith(partialPrefix)) await rm(path.join(this.#parent, name), { recursive: true, force: true });
    }
  }

  /**
   * Replaces the state. The caller makes sure that no gateway runs.
   * @throws ArchiveRefused or a system error; the present state is untouched then
   */
  async replace(
    source: Readable,
    expected: { readonly sha256: string; readonly bytes: number },
    limits: ArchiveLimits,
  ): Promise<RestoreResult> {
    const partial = path.join(this.#parent, `${partialPrefix}${randomUUID()}`);
    try {
      await mkdir(partial, { mode: 0o700 });
      const { manifest, files, bytes } = await extractArchive(source, expected, partial, limits);
      for (const file of manifest.files) {
        if (!isOpenclawDatabase(file.path)) continue;
        const damage = databaseDamage(path.join(partial, file.path));
        if (damage !== null) throw new ArchiveRefused(`${file.path} is damaged: ${damage}`);
      }
      const stateDatabase = path.join(partial, 'state', 'openclaw.sqlite');
      if (existsSync(stateDatabase)) dropGatewayLease(stateDatabase);
      await this.#switch(partial);
      return { files, bytes };
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  }

  /**
   * Puts a state where none is: `fill` makes it in a folder of its own, `prove` works on it in its place. When either
   * fails, nothing is left.
   */
  async create<T>(
    fill: (rawDir: string, stateDir: string) => Promise<T>,
    prove: (made: T) => Promise<void>,
  ): Promise<T> {
    if (existsSync(this.#stateDir)) throw new Error('there is a state already');
    const partial = path.join(this.#parent, `${partialPrefix}${randomUUID()}`);
    const [raw, made] = [path.join(partial, 'raw'), path.join(partial, 'state')];
    try {
      await mkdir(partial, { mode: 0o700 });
      await mkdir(raw, { mode: 0o700 });
      await mkdir(made, { mode: 0o700 });
      const result = await fill(raw, made);
      await this.#switch(made);
      try {
        await prove(result);
      } catch (error) {
        await rm(this.#stateDir, { recursive: true, force: true });
        throw error;
      }
      return result;
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  }

  /** The new state has proved itself; the one it replaced is not needed any more. */
  async forgetReplaced(): Promise<void> {
    await rm(this.#replaced, { recursive: true, force: true });
  }

  async #switch(partial: string): Promise<void> {
    // A replaced state that is still here belongs to the last gateway that got ready; the one in place never proved itself.
    const unproven = existsSync(this.#replaced);
    const aside = unproven ? path.join(this.#parent, `${partialPrefix}${randomUUID()}`) : this.#replaced;
    const present = existsSync(this.#stateDir);
    if (present) await rename(this.#stateDir, aside);
    try {
      await rename(partial, this.#stateDir);
    } catch (error) {
      if (present) await rename(aside, this.#stateDir);
      throw error;
    }
    if (unproven) await rm(aside, { recursive: true, force: true });
    const folder = await open(this.#parent, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}
