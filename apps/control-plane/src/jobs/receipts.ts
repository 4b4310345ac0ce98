/**
 * Removes receipts that are 90 days old, whole UTC days of them, a bounded piece in each run. The cutoff is moved first:
 * from then on such a receipt isn't taken again, so that its hour's sum can't count it twice. Sums and totals stay.
 * The database refuses a cutoff that is nearer than 89 days by its own clock, and the removal of anything younger.
 */
import { receiptCutoff } from '../adapters/d1/schema.ts';
import type { Context } from '../context.ts';

const dayMs = 86_400_000;
/** Two invoices back, and what a bank's dispute may ask about. */
export const receiptsKeptMs = 90 * dayMs;
const pageMax = 500;
const pagesMax = 20;

/** Resolves to how many were removed. */
export async function purgeReceipts(ctx: Context): Promise<number> {
  const oldestMs = ctx.system.nowMs() - receiptsKeptMs;
  const beforeMs = oldestMs - (oldestMs % dayMs);
  const [kept] = await ctx.db.select().from(receiptCutoff).limit(1);
  if (kept === undefined) throw new Error('invariant broken: receipts have no cutoff');
  if (kept.beforeMs < beforeMs) {
    await ctx.d1.prepare('UPDATE receipt_cutoff SET before_ms = ?1 WHERE before_ms < ?1').bind(beforeMs).run();
  }
  let removed = 0;
  for (let page = 0; page < pagesMax; page++) {
    const { results } = await ctx.d1
      .prepare(
        `DELETE FROM receipt WHERE rowid IN (SELECT rowid FROM receipt WHERE at_ms < (SELECT before_ms FROM receipt_cutoff)
           ORDER BY at_ms LIMIT ?) RETURNING 1`,
      )
      .bind(pageMax)
      .all();
    removed += results.length;
    if (results.length < pageMax) break;
  }
  if (removed > 0) ctx.log('receipts.removed', { removed, before: new Date(beforeMs).toISOString() });
  return removed;
}
