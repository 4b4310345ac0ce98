/**
 * The part of the cell's contract about single files of a snapshot: listed, taken out, put back into the running assistant,
 * and that undone. `TenantControl` takes it in.
 */
import { z } from 'zod';
import type { Result } from './result.ts';
import type { ByteStream, TenantRef } from './tenant-rpc.ts';

/** A larger file comes with the whole state only: by the export, or by a restore. */
export const fileBytesMax = 64 * 1024 * 1024;
export const filePathCharsMax = 1_024;
export const filesPageMax = 200;

const count = z.number().int().min(0);

/**
 * How a file of the snapshot stands to the newest one: alike, another content, no longer there, or there since. A folder
 * stands for all below it where there are too many files to list.
 */
export const FileStanding = z.enum(['same', 'changed', 'gone', 'new']);
export type FileStanding = z.infer<typeof FileStanding>;

/** Why a file is not put back by itself, though it can be taken out. */
export const PutRefusal = z.enum(['database', 'settings', 'own_records', 'too_large', 'folder', 'not_in_it']);
export type PutRefusal = z.infer<typeof PutRefusal>;

export const SnapshotFile = z.object({
  path: z.string().max(4_096),
  bytes: count,
  /** Null when it cannot be compared. */
  standing: FileStanding.nullable(),
  refusal: PutRefusal.nullable(),
});
export type SnapshotFile = z.infer<typeof SnapshotFile>;

export const SnapshotFilePage = z.object({
  by: z.enum(['files', 'folders']),
  /** Null when the newest snapshot has no list of the same kind. */
  against: z.string().nullable(),
  /** How many fit the question, on all pages. */
  total: count,
  items: z.array(SnapshotFile).max(filesPageMax),
  nextOffset: count.nullable(),
});
export type SnapshotFilePage = z.infer<typeof SnapshotFilePage>;

export interface FileQuestion {
  /** Part of a path, in any case. */
  readonly search: string;
  /** Only what is not alike. */
  readonly differing: boolean;
  readonly offset: number;
  readonly limit: number;
}

export const FilePutId = z.string().regex(/^put_[0-9a-hjkmnp-tv-z]{26}$/);

/**
 * A file that was put back. `putting` and `undoing` are under way, or were cut off: asking again goes on. `refused`
 * changed nothing.
 */
export const FilePut = z.object({
  id: FilePutId,
  snapshotId: z.string(),
  path: z.string().max(filePathCharsMax),
  atMs: z.number().int(),
  stage: z.enum(['putting', 'done', 'undoing', 'undone', 'refused']),
  /** A file stood there; it is kept. Null while that is not known. */
  replaced: z.boolean().nullable(),
});
export type FilePut = z.infer<typeof FilePut>;

/** One file as it leaves. */
export interface TakenFile {
  /** The length of `content`. One that ends earlier was cut. */
  readonly bytes: number;
  readonly savedAtMs: number;
  readonly content: ByteStream;
}

export interface SnapshotFileControl {
  /** What a snapshot holds. Reads; wakes nothing. */
  snapshotFiles(command: TenantRef & { snapshotId: string } & FileQuestion): Promise<Result<SnapshotFilePage>>;
  /** Takes one file out of a snapshot. Reads; wakes nothing and needs no container. */
  takeFile(command: TenantRef & { snapshotId: string; path: string }): Promise<Result<TakenFile>>;
  /** The files that were put back last, newest first. Reads; wakes nothing. */
  putFiles(ref: TenantRef): Promise<Result<readonly FilePut[]>>;
  /** Puts it into the running assistant; what it replaces is kept. The same id again changes nothing. */
  putFile(command: TenantRef & { snapshotId: string; path: string; id: string }): Promise<Result<FilePut>>;
  /** Brings back what a file took the place of. The same again changes nothing. */
  undoFile(command: TenantRef & { id: string }): Promise<Result<FilePut>>;
}
