/** Billing's part of the sweep: news that waits, accounts that are due, and hours that are not exported yet. */
import { accountsDue } from '../adapters/d1/billing.ts';
import { lookAt } from '../services/billing/advance.ts';
import { newsSweep } from '../services/billing/inbox.ts';
import { exportHours } from '../services/billing/months.ts';
import type { Context } from '../context.ts';
import { describeError } from '../events.ts';

/** Each is a few reads, and at most two calls to Stripe. */
const accountsMax = 25;

export async function sweepBilling(ctx: Context): Promise<void> {
  if (ctx.billing === null) return;
  await newsSweep(ctx);
  for (const orgId of await accountsDue(ctx.db, ctx.system.nowMs(), accountsMax)) {
    // One account that cannot be read keeps nobody else waiting.
    await lookAt(ctx, orgId).catch((error: unknown) =>
      ctx.log('billing.look_failed', { org: orgId, error: describeError(error) }),
    );
  }
  await exportHours(ctx);
}
