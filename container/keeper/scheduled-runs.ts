/**
 * What OpenClaw's disk says of its next scheduled run, read while no gateway runs. A prepared gateway answers no
 * `cron.status`, and a turn that ends during the drain may still add a job, so only what it left behind is exact.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';

/** More jobs than OpenClaw lists on one page; the earliest counts, so a bound loses at most the latest. */
const jobsMax = 10_000;

const rowSchema = z.object({ next: z.number().finite().positive().nullable() });
/** The last instant of a JavaScript date: later ones are a job's nonsense. */
const timeMaxMs = 8_640_000_000_000_000;

/** A time that a job names, in whole milliseconds; null for none and for what is no time. */
export function runTime(atMs: number | null | undefined): number | null {
  return typeof atMs === 'number' && atMs >= 1 && atMs <= timeMaxMs ? Math.floor(atMs) : null;
}

/**
 * @returns the earliest next run of an enabled job, null when there is none
 * @throws Error when the database is not as OpenClaw 2026.9.6 makes it
 */
export function nextRunOnDisk(stateDir: string): number | null {
  const file = path.join(stateDir, 'state', 'openclaw.sqlite');
  if (!existsSync(file)) return null;
  const database = new DatabaseSync(file, { readOnly: true, timeout: 1_000 });
  try {
    const row = database
      .prepare(
        `SELECT min(next) AS next FROM (
           SELECT json_extract(state_json, '$.nextRunAtMs') AS next FROM cron_jobs
           WHERE enabled = 1 AND json_extract(job_json, '$.schedule.kind') IN ('at', 'every', 'cron')
           LIMIT ${jobsMax})
         WHERE next > 0`,
      )
      .get();
    const { next } = rowSchema.parse(row);
    return runTime(next);
  } finally {
    database.close();
  }
}
