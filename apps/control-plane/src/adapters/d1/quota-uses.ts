/**
 * What an organisation did in the last day, as far as a quota counts it. The count is the insert's own condition, so that
 * two requests at once cannot both take the last one; the same use is taken once, however often it is asked for.
 */
import { and, eq, lt } from 'drizzle-orm';
import type { DrizzleD1Database } from 'drizzle-orm/d1';
import type { DailyQuota } from '../../core/quotas.ts';
import { quotaDayMs } from '../../core/quotas.ts';
import { quotaUse } from './schema.ts';

export interface QuotaUse {
  readonly orgId: string;
  readonly what: DailyQuota;
  /** What makes it the same use: the key of the request that is repeated. */
  readonly use: string;
}

/** Takes one of the day's; false when there is none left. */
export async function quotaUseTake(
  d1: D1Database,
  { orgId, what, use }: QuotaUse,
  limit: { readonly max: number; readonly nowMs: number },
): Promise<boolean> {
  const [, found] = await d1.batch([
    d1
      .prepare(
        `INSERT INTO quota_use (org_id, what, use, at_ms) SELECT ?, ?, ?, ?
         WHERE (SELECT count(*) FROM quota_use WHERE org_id = ? AND what = ? AND at_ms > ?) < ?
         ON CONFLICT DO NOTHING`,
      )
      .bind(orgId, what, use, limit.nowMs, orgId, what, limit.nowMs - quotaDayMs, limit.max),
    d1.prepare('SELECT 1 FROM quota_use WHERE org_id = ? AND what = ? AND use = ?').bind(orgId, what, use),
  ]);
  return (found?.results.length ?? 0) > 0;
}

/** Nothing came of it. */
export async function quotaUseGiveBack(db: DrizzleD1Database, { orgId, what, use }: QuotaUse): Promise<void> {
  await db.delete(quotaUse).where(and(eq(quotaUse.orgId, orgId), eq(quotaUse.what, what), eq(quotaUse.use, use)));
}

/** Removes what no quota counts any more. */
export async function quotaUsesPurge(db: DrizzleD1Database, nowMs: number): Promise<void> {
  await db.delete(quotaUse).where(lt(quotaUse.atMs, nowMs - quotaDayMs));
}
