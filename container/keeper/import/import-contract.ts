/** The report of an import, as the keeper answers it and the pages show it. Free of any platform; every part is bounded. */
import { z } from 'zod';
import { importShapes, leftReasons } from './shape.ts';

export const listedMax = 100;
const line = z.string().max(300);
const count = z.number().int().nonnegative();

export const importReportSchema = z.object({
  shape: z.enum(importShapes),
  /** That wrote it, as far as it says so. */
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
    .array(z.object({ reason: z.enum(leftReasons), count, examples: z.array(line).max(5) }))
    .max(leftReasons.length),
  /** Settings that were taken out. */
  settingsLeft: z.array(line).max(listedMax),
  /** Channels that are off until their login is entered again. */
  channelsOff: z.array(line).max(listedMax),
  warnings: z.array(line).max(listedMax),
});
export type ImportReport = z.infer<typeof importReportSchema>;
