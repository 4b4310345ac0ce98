/**
 * Anchors the head of every chain that has grown since its last anchor, once a day each. What has come since that anchor
 * is followed first, and all of a chain that isn't long: one that is broken isn't anchored, so that the last good anchor
 * stays the newest, and it is reported every day until somebody looks (docs/runbook.md).
 */
import { and, asc, eq, lt, sql } from 'drizzle-orm';
import { anchorPut } from '../adapters/audit-anchors.ts';
import { auditHead } from '../adapters/d1/schema.ts';
import type { AuditVerification } from '../contract/audit-api.ts';
import type { Context } from '../context.ts';
import { pieceMax } from '../core/audit-walk.ts';
import { auditVerify } from '../services/audit-verify.ts';

/** In one run: each is some reads and one object. */
const pageMax = 25;
/** One piece of reading. */
const followedWholeMax = pieceMax;

/** Anchors that each chain is compared with: the newest witnesses for all before it. */
const comparedMax = 10;

/** Resolves to how many were anchored. */
export async function anchorChains(ctx: Context): Promise<number> {
  const nowMs = ctx.system.nowMs();
  const day = new Date(nowMs).toISOString().slice(0, 10);
  const heads = await ctx.db
    .select()
    .from(auditHead)
    .where(and(sql`anchored_seq < seq`, lt(auditHead.anchoredDay, day)))
    .orderBy(asc(auditHead.anchoredDay))
    .limit(pageMax);
  let anchored = 0;
  for (const head of heads) if (await anchorOne(ctx, head, { day, nowMs })) anchored++;
  return anchored;
}

async function anchorOne(
  ctx: Context,
  head: typeof auditHead.$inferSelect,
  { day, nowMs }: { readonly day: string; readonly nowMs: number },
): Promise<boolean> {
  const { orgId } = head;
  let after = head.seq <= followedWholeMax ? 0 : head.anchoredSeq;
  for (;;) {
    const { broken, next, to } = await auditVerify(ctx, orgId, after, comparedMax);
    if (broken !== null) return refuse(ctx, head, day, broken);
    after = to;
    if (next === null) break;
  }
  const rows = await ctx.db.select().from(auditHead).where(eq(auditHead.orgId, orgId)).limit(1);
  const now = rows[0] ?? head;
  // What was appended since is followed and anchored the next day.
  const kept = after === now.seq ? { seq: now.seq, hash: now.hash } : { seq: head.seq, hash: head.hash };
  if (after < kept.seq) {
    const detail = `The entries end at ${after}, but ${kept.seq} were appended.`;
    return refuse(ctx, head, day, { kind: 'truncated', seq: after + 1, detail });
  }
  const written = await anchorPut(ctx.anchors, { orgId, day, head: kept, atMs: nowMs });
  await ctx.db
    .update(auditHead)
    .set({ anchoredDay: day, ...(written ? { anchoredSeq: kept.seq } : {}) })
    .where(eq(auditHead.orgId, orgId));
  return written;
}

async function refuse(
  ctx: Context,
  { orgId }: typeof auditHead.$inferSelect,
  day: string,
  broken: NonNullable<AuditVerification['broken']>,
): Promise<false> {
  ctx.log('audit.chain_broken', { org: orgId, kind: broken.kind, seq: broken.seq, detail: broken.detail });
  // The day counts, so that the others have their turn.
  await ctx.db.update(auditHead).set({ anchoredDay: day }).where(eq(auditHead.orgId, orgId));
  return false;
}
