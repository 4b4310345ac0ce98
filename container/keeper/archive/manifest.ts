/**
 * The archive's own list of contents: its last entry, `.tidepool/manifest.json`. A restore accepts exactly what it lists,
 * so an archive that was cut, spliced or damaged is refused even when its container formats are intact.
 */
import { z } from 'zod';

export const manifestPath = '.tidepool/manifest.json';

/** Half a million files at about 250 bytes each, and room. */
export const manifestBytesMax = 192 * 1024 * 1024;

/** Reasons for leaving something out that are worth listing; beyond this many only the count is kept. */
export const skippedListedMax = 1_000;

const fileSchema = z.object({
  path: z.string(),
  bytes: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  mode: z.number().int(),
  mtimeMs: z.number(),
  /** It changed while it was read; the archive holds what the hash says, which may mix two versions. */
  torn: z.literal(true).optional(),
});
export type ManifestFile = z.infer<typeof fileSchema>;

const skippedSchema = z.object({ path: z.string(), reason: z.string() });
export type Skipped = z.infer<typeof skippedSchema>;

export const manifestSchema = z.object({
  version: z.literal(1),
  createdAtMs: z.number(),
  openclawVersion: z.string(),
  counts: z.object({
    files: z.number().int(),
    directories: z.number().int(),
    symlinks: z.number().int(),
    skipped: z.number().int(),
    bytes: z.number().int(),
  }),
  files: z.array(fileSchema),
  skipped: z.array(skippedSchema).max(skippedListedMax),
});
export type Manifest = z.infer<typeof manifestSchema>;

/**
 * Compares what was extracted with what the archive says it holds.
 * @returns null when both agree, else the first difference in words
 */
export function manifestDifference(
  manifest: Manifest,
  extracted: ReadonlyMap<string, { readonly bytes: number; readonly sha256: string }>,
  counts: { readonly directories: number; readonly symlinks: number },
): string | null {
  if (manifest.files.length !== extracted.size) {
    return `the manifest lists ${manifest.files.length} files, the archive holds ${extracted.size}`;
  }
  for (const listed of manifest.files) {
    const found = extracted.get(listed.path);
    if (found === undefined) return `${listed.path} is listed and not there`;
    if (found.bytes !== listed.bytes || found.sha256 !== listed.sha256) return `${listed.path} differs from its hash`;
  }
  if (manifest.counts.directories !== counts.directories) return 'the number of folders differs';
  if (manifest.counts.symlinks !== counts.symlinks) return 'the number of symbolic links differs';
  return null;
}
