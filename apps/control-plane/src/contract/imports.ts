/**
 * What somebody brings: uploaded in parts, converted beside the assistant into a snapshot, reported, and switched to by a
 * restore. One row per upload; its bytes go when it was converted, refused, taken back, or after a week. The snapshot it
 * became goes when it is discarded, or after a month, unless somebody switched to it.
 */
import { z } from 'zod';
import { OperationId } from './ids.ts';

/** A part of an upload; the last may be shorter. Small enough to be held whole by every hand it passes through. */
export const importPartBytes = 8 * 1024 * 1024;
/** Uploads are kept so long. */
export const importKeptMs = 7 * 86_400_000;
/** What was converted, and never switched to, is kept so long. */
export const convertedKeptMs = 30 * 86_400_000;

export const ImportId = z.string().regex(/^imp_[0-9a-hjkmnp-tv-z]{26}$/);

/** Why something was left out. The words for each are in docs/moving.md and on the page. */
export const importLeftReasons = [
  'made_again',
  'key_or_login',
  'other_machine',
  'plugin_code',
  'outward_link',
  'hard_link',
  'unknown',
] as const;

const count = z.number().int().min(0);
const lines = z.array(z.string().max(300)).max(100);

export const ImportReport = z.object({
  shape: z.enum(['tidepool', 'openclaw', 'moltworker']),
  /** The OpenClaw that wrote it, as far as it says so. */
  openclawVersion: z.string().max(64).nullable(),
  taken: z.object({
    files: count,
    bytes: count,
    conversations: count,
    workspaceFiles: count,
    skills: count,
    cronJobs: count,
    agents: count,
  }),
  left: z
    .array(z.object({ reason: z.enum(importLeftReasons), count, examples: z.array(z.string().max(300)).max(5) }))
    .max(importLeftReasons.length),
  settingsLeft: lines,
  channelsOff: lines,
  warnings: lines,
});
export type ImportReport = z.infer<typeof ImportReport>;

export const importStates = ['uploading', 'converting', 'ready', 'failed', 'expired'] as const;

export const ImportView = z.object({
  id: ImportId,
  fileName: z.string().max(200),
  bytes: count,
  /** The part that is expected next; all are there when it equals the number of parts. */
  nextPart: count,
  state: z.enum(importStates),
  createdAtMs: count,
  operationId: OperationId.nullable(),
  /** Once it is ready: what a restore switches to. */
  snapshotId: z.string().max(64).nullable(),
  /** When what it became is removed unless somebody switches to it; null where nothing of the kind will happen. */
  keptUntilMs: count.nullable().default(null),
  /** The assistant goes on from it, or may come back to it: it is not discarded. */
  inUse: z.boolean().default(false),
  report: ImportReport.nullable(),
  error: z.object({ code: z.string().max(64), detail: z.string().max(1_200) }).nullable(),
});
export type ImportView = z.infer<typeof ImportView>;

export const partsOf = (bytes: number): number => Math.ceil(bytes / importPartBytes);

/** How many bytes part `n` of an upload of `bytes` has; 0 for a part that it does not have. */
export function partLength(bytes: number, n: number): number {
  return Math.max(0, Math.min(importPartBytes, bytes - n * importPartBytes));
}

export type ImportCommand =
  | { readonly do: 'list' }
  | { readonly do: 'create'; readonly id: string; readonly fileName: string; readonly bytes: number }
  | { readonly do: 'part'; readonly id: string; readonly n: number; readonly content: Uint8Array }
  /** Converts it; the same operation again changes nothing. */
  | { readonly do: 'start'; readonly id: string; readonly operationId: OperationId }
  | { readonly do: 'remove'; readonly id: string };
