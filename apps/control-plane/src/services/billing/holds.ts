/** What staff may do about holds: see those that are open, and let one go, with who and why in the organisation's trail. */
import { and, asc, eq, isNull } from 'drizzle-orm';
import { auditInsertWhere, withAuditEntry } from '../../adapters/d1/audit.ts';
import { billingHold } from '../../adapters/d1/schema.ts';
import type { Trail } from '../../contract/audit.ts';
import { AppError } from '../../contract/errors.ts';
import type { Hold } from '../../contract/fleet-money-api.ts';
import type { Context } from '../../context.ts';
import { advance } from './advance.ts';

type HoldRow = typeof billingHold.$inferSelect;

const shownMax = 200;

export async function holdList(ctx: Context): Promise<{ items: Hold[] }> {
  const rows = await ctx.db
    .select()
    .from(billingHold)
    .where(and(eq(billingHold.open, true), isNull(billingHold.releasedAtMs)))
    .orderBy(asc(billingHold.atMs))
    .limit(shownMax);
  return { items: rows.map(toHold) };
}

/** Done twice it is done once. The organisation goes on at once, by what it paid. @throws AppError not_found */
export async function holdRelease(
  ctx: Context,
  { id, trail, userId, reason }: { id: string; trail: Trail; userId: string; reason: string },
): Promise<Hold> {
  const row = await holdOf(ctx, id);
  if (row.releasedAtMs !== null) return toHold(row);
  const { orgId, kind } = row;
  const byStaff: Trail = { ...trail, actor: { kind: 'staff', id: userId, reason } };
  const subject = { orgId, tenantId: null, after: { holdId: id, kind } };
  await withAuditEntry(ctx, byStaff, subject, { outcome: 'done' }, (entry) =>
    ctx.d1.batch([
      ctx.d1
        .prepare('UPDATE billing_hold SET released_at_ms = ? WHERE id = ? AND released_at_ms IS NULL')
        .bind(ctx.system.nowMs(), id),
      auditInsertWhere(ctx.d1, entry, 'changes() > 0'),
    ]),
  );
  ctx.log('billing.hold_released', { hold: id, org: orgId, by: userId });
  await advance(ctx, orgId);
  return toHold(await holdOf(ctx, id));
}

async function holdOf(ctx: Context, id: string): Promise<HoldRow> {
  const row = (await ctx.db.select().from(billingHold).where(eq(billingHold.id, id)).limit(1))[0];
  if (row !== undefined) return row;
  throw new AppError('not_found', { detail: 'There is no such hold.', next: 'List the holds.' });
}

const iso = (ms: number): string => new Date(ms).toISOString();

function toHold({ id, orgId, kind, atMs, open, releasedAtMs }: HoldRow): Hold {
  return { id, orgId, kind, at: iso(atMs), open, releasedAt: releasedAtMs === null ? null : iso(releasedAtMs) };
}
