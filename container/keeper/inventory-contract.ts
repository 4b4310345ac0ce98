/**
 * What a snapshot holds, in so many words as a person needs to choose one: made by the keeper while it packs, stored sealed
 * beside the data, compared by the tenant worker. Bounded: above `filesListedMax` files it lists folders instead, each with
 * a hash over all that is below it, so that a change is still seen, by folder.
 */
import { z } from 'zod';

export const filesListedMax = 20_000;
/** Folders are listed this deep, and at most so many of them. */
export const folderDepth = 3;
export const foldersListedMax = 5_000;
export const sessionsListedMax = 2_000;
export const titleCharsMax = 200;
export const configKeysMax = 200;
/** As JSON. A larger one is not stored: the snapshot is complete without it. */
export const inventoryBytesMax = 16 * 1024 * 1024;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().min(0);

export const inventorySchema = z.object({
  v: z.literal(1),
  listing: z.enum(['files', 'folders']),
  /** Files by path, or folders when `listing` says so. */
  items: z
    .array(z.object({ path: z.string().max(4_096), bytes: count, sha256, files: count }))
    .max(Math.max(filesListedMax, foldersListedMax)),
  files: count,
  bytes: count,
  sessions: z
    .array(
      z.object({
        id: z.string().max(512),
        title: z.string().max(titleCharsMax).nullable(),
        updatedAtMs: z.number(),
        messages: count,
      }),
    )
    .max(sessionsListedMax),
  /** Null when a database could not be asked, such as one of another version. */
  sessionCount: count.nullable(),
  cronJobs: count.nullable(),
  /** Hash of each top-level key of the configuration; null when it cannot be read as JSON. */
  config: z.record(z.string().max(200), sha256).nullable(),
});
export type Inventory = z.infer<typeof inventorySchema>;
export type InventoryItem = Inventory['items'][number];
