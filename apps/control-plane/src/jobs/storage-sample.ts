/** Once a day, what is stored of each assistant by its own last report: a sleeping one reports nothing and is stored all the same. */
import { and, asc, gt, ne } from 'drizzle-orm';
import { tenant } from '../adapters/d1/schema.ts';
import type { Context } from '../context.ts';
import { walkDaily } from './daily-walk.ts';

const pageMax = 200;
const pagesMax = 5;

/** Resolves to how many pages were sampled. */
export function sampleStorage(ctx: Pick<Context, 'db' | 'd1' | 'system'>): Promise<number> {
  return walkDaily(ctx, {
    name: 'storage',
    pagesMax,
    async page(cursor, day) {
      const rows = await ctx.db
        .select({ id: tenant.id })
        .from(tenant)
        .where(and(gt(tenant.id, cursor), ne(tenant.state, 'deleted')))
        .orderBy(asc(tenant.id))
        .limit(pageMax);
      const last = rows.at(-1)?.id;
      if (last === undefined) return null;
      await ctx.d1
        .prepare(
          `INSERT INTO usage_day (tenant_id, day, stored_bytes)
           SELECT id, ?1, coalesce(json_extract(report, '$.storedBytes'), 0) FROM tenant
           WHERE id > ?2 AND id <= ?3 AND state <> 'deleted' AND report IS NOT NULL ON CONFLICT DO NOTHING`,
        )
        .bind(day, cursor, last)
        .run();
      return last;
    },
  });
}
