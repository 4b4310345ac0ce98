/**
 * Walks over everything once a UTC day, some pages in each run of the scheduled job, from where the last run stopped. What
 * is done with a page must change nothing when it is done twice: two runs at once may both do it.
 */
import { eq } from 'drizzle-orm';
import { dailyWalk } from '../adapters/d1/schema.ts';
import type { Context } from '../context.ts';

interface Walk {
  readonly name: string;
  readonly pagesMax: number;
  /** Does the page after `cursor`; resolves to its last id, or null when there was none. */
  page(cursor: string, day: string): Promise<string | null>;
}

/** Resolves to how many pages were done. */
export async function walkDaily({ db, system }: Pick<Context, 'db' | 'system'>, walk: Walk): Promise<number> {
  const { name } = walk;
  const day = new Date(system.nowMs()).toISOString().slice(0, 10);
  const [kept] = await db.select().from(dailyWalk).where(eq(dailyWalk.name, name)).limit(1);
  const today = kept?.day === day ? kept : { cursor: '', done: false };
  if (today.done) return 0;
  let { cursor } = today;
  for (let pages = 0; pages < walk.pagesMax; pages++) {
    const last = await walk.page(cursor, day);
    const state = { day, cursor: last ?? cursor, done: last === null };
    await db
      .insert(dailyWalk)
      .values({ name, ...state })
      .onConflictDoUpdate({ target: dailyWalk.name, set: state });
    if (last === null) return pages;
    cursor = last;
  }
  return walk.pagesMax;
}
