/**
 * The backstop, every few minutes: sends again what a cell has not taken over yet, a bounded page at a time, and removes
 * what has expired. It compares and pokes; it never destroys.
 */
import { asc, lt, sql } from 'drizzle-orm';
import { session, tenant, verification } from '../adapters/d1/schema.ts';
import { TenantId } from '../contract/ids.ts';
import type { Context } from '../context.ts';
import { provisionAtCell, purgeIdempotency } from '../services/tenants.ts';
import { specOf } from '../services/tenant-view.ts';

const pageMax = 50;

/** What one run did, for the log and the test. */
export interface SweepStatus {
  readonly behind: number;
  readonly sent: number;
  readonly failed: number;
}

export async function sweep(ctx: Context): Promise<SweepStatus> {
  const behind = await ctx.db
    .select()
    .from(tenant)
    .where(sql`${tenant.reportedGeneration} < ${tenant.generation}`)
    .orderBy(asc(tenant.createdAtMs))
    .limit(pageMax);
  let sent = 0;
  for (const row of behind) {
    try {
      await provisionAtCell(ctx, row);
      const command = {
        tenantId: TenantId.parse(row.id),
        slug: row.slug,
        generation: row.generation,
        operationId: null,
        spec: specOf(row),
      };
      await ctx.tenants.applySpec(command);
      sent++;
    } catch (error) {
      // The next run tries again.
      ctx.log('sweep.failed', { tenant: row.id, error: String(error).slice(0, 200) });
    }
  }
  const now = new Date(ctx.system.nowMs());
  await ctx.db.batch([
    ctx.db.delete(session).where(lt(session.expiresAt, now)),
    ctx.db.delete(verification).where(lt(verification.expiresAt, now)),
  ]);
  await purgeIdempotency(ctx);
  const status = { behind: behind.length, sent, failed: behind.length - sent };
  if (behind.length > 0) ctx.log('sweep.done', status);
  return status;
}
