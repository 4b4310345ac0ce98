/** What is said between keeper and `TenantSandbox` about single files. Free of any platform. */
import { z } from 'zod';

/** One file that is put by itself. */
export const putBytesMax = 64 * 1024 * 1024;

/** Names a folder of what was replaced. */
const putId = z.string().regex(/^[a-z0-9_-]{1,64}$/);

export const putQuerySchema = z.object({
  id: putId,
  path: z.string().min(1).max(1_024),
  bytes: z.coerce.number().int().min(0).max(putBytesMax),
});
export type PutQuery = z.infer<typeof putQuerySchema>;

/** `undoId` is of the undo, which keeps what it replaces in its turn. */
export const undoRequestSchema = z.object({ id: putId, undoId: putId });
export type UndoRequest = z.infer<typeof undoRequestSchema>;

export const putResultSchema = z.object({
  path: z.string(),
  /** A file stood there; it is kept under the id. */
  replaced: z.boolean(),
});
export type PutResult = z.infer<typeof putResultSchema>;
