/**
 * Packs a state folder, live or stopped, into a `tar.zst` stream. Databases are copied by SQLite's backup first, so all of
 * them are of nearly one moment; other files are read once, and what is sent is what the manifest hashes, even when a file
 * changes or vanishes underneath. Memory stays at a few chunks: the consumer's pace is ours.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import type { SnapshotResult } from '../contract.ts';
import { freeBytesOf } from '../disk.ts';
import { describeError, Problem } from '../problem.ts';
import { checkVolume, type ArchiveLimits } from './entry-guard.ts';
import { makeInventory, readContents } from './inventory.ts';
import type { Inventory } from '../inventory-contract.ts';
import { backupDatabase, databaseDamage } from './sqlite-file.ts';
import { isOpenclawDatabase, listState, type StateItem } from './state-files.ts';
import { tarStream } from './tar-stream.ts';

export interface PackOptions {
  readonly stateDir: string;
  /** Where database copies wait; a folder of our own is made in it and removed. */
  readonly stagingParent: string;
  readonly limits: ArchiveLimits;
  readonly openclawVersion: string;
  readonly nowMs: number;
}

/** The staged copies must not fill the disk under a running gateway. */
const stagingReserveBytes = 64 * 1024 * 1024;
/** zstd's own default: about 300 MB/s on one core. */
const zstdLevel = 3;

/** What an archive came to. */
export type Packed = Omit<SnapshotResult, 'ok' | 'error'>;

/**
 * Writes the archive into `target` and ends it.
 * @param onPacked called when all bytes are known and before the consumer sees the end, so that it can be asked right after
 * @throws Problem `disk_full` before anything is written; Error when the state cannot be packed or the consumer went away:
 *   `target` is destroyed then, never ended, unless nothing was written yet
 */
export async function packState(
  options: PackOptions,
  target: Writable,
  onPacked: (packed: Packed, inventory: Inventory | null) => void,
): Promise<void> {
  await mkdir(options.stagingParent, { recursive: true, mode: 0o700 });
  const staging = await mkdtemp(path.join(options.stagingParent, 'tidepool-snapshot-'));
  try {
    const { items, skipped } = await listState(options.stateDir, options.limits.entriesMax - 1);
    const staged = await stageDatabases(options.stateDir, staging, items);
    const contents = readContents(options.stateDir, staged);
    const progress = { files: 0, uncompressedBytes: 0 };
    let inventory: Inventory | null = null;
    const sent = createHash('sha256');
    let bytes = 0;
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        sent.update(chunk);
        done(null, chunk);
      },
      flush(done) {
        // An archive that the restore would refuse must not be taken for a snapshot.
        try {
          checkVolume(options.limits, bytes, progress.uncompressedBytes);
          onPacked({ bytes, sha256: sent.digest('hex'), ...progress }, inventory);
          done();
        } catch (error) {
          done(error instanceof Error ? error : new Error(describeError(error)));
        }
      },
    });
    await pipeline(
      tarStream({
        ...options,
        items,
        skipped,
        staged,
        progress,
        onManifest: ({ files }) => {
          inventory = makeInventory(files, contents);
        },
      }),
      createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: zstdLevel } }),
      measure,
      target,
    );
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/**
 * Copies every database of the state into `staging`.
 * @returns where the consistent copy lies, by path in the state
 */
async function stageDatabases(
  stateDir: string,
  staging: string,
  items: readonly StateItem[],
): Promise<ReadonlyMap<string, string>> {
  const databases = items.filter((item) => item.kind === 'database');
  const needed = databases.reduce((sum, item) => sum + item.bytes, stagingReserveBytes);
  const free = await freeBytesOf(staging);
  if (free < needed) {
    throw new Problem('disk_full', `The disk is too full for a snapshot: ${free} bytes free, ${needed} needed.`);
  }
  const staged = new Map<string, string>();
  for (const [index, item] of databases.entries()) {
    const copy = path.join(staging, `${index}.sqlite`);
    const damage = await copyDatabase(path.join(stateDir, item.path), copy);
    if (damage === null) staged.set(item.path, copy);
    else if (isOpenclawDatabase(item.path)) throw new Error(`${item.path} cannot be copied: ${damage}`);
    // A database of the tenant's own that cannot be read as one is kept as the bytes it is.
    else await rm(copy, { force: true });
  }
  return staged;
}

/** @returns what is wrong with the database, or null when the copy is good */
async function copyDatabase(file: string, copy: string): Promise<string | null> {
  try {
    await backupDatabase(file, copy);
  } catch (error) {
    return describeError(error);
  }
  return databaseDamage(copy);
}
