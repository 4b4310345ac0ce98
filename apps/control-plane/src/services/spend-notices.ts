/**
 * What people are told of spending, by mail: alerts of budgets and pauses of the fuse, as the cells tell them, and the
 * alerts of an organisation's own budget. Each once: the mail's key names budget, period and level, or the pause.
 */
import { eq } from 'drizzle-orm';
import type { Account } from '../adapters/d1/billing.ts';
import { tenant } from '../adapters/d1/schema.ts';
import { budgetMail, organisationBudgetMail, pausedMail } from '../adapters/spend-mails.ts';
import { alertLevels } from '../contract/budgets.ts';
import type { SpendNotice } from '../contract/budgets.ts';
import { unreachable } from '../contract/result.ts';
import type { Context } from '../context.ts';
import { mailRecipients } from './mail-recipients.ts';

/** @throws when a mail cannot be kept; the event is brought again then, and those that were kept stay one each */
export async function sendSpendNotice(ctx: Context, tenantId: string, notice: SpendNotice): Promise<void> {
  const row = (await ctx.db.select().from(tenant).where(eq(tenant.id, tenantId)).limit(1))[0];
  if (row === undefined || row.state === 'deleted') return;
  const link = `${ctx.config.platformOrigin}/a/${row.id}/usage`;
  for (const to of await mailRecipients(ctx, row.orgId, 'tenant:configure')) {
    const parts = { key: `spend:${row.id}:${keyOf(notice)}:${to.id}`, to, assistant: row.name, link };
    await ctx.mailer.send(notice.kind === 'paused' ? pausedMail(notice, parts) : budgetMail(notice, parts));
  }
}

function keyOf(notice: SpendNotice): string {
  switch (notice.kind) {
    case 'paused':
      return notice.pause.id;
    case 'alert': {
      const { name } = notice.use;
      return `${name.kind === 'model' ? `model ${name.model}` : name.kind}:${notice.period}:${notice.level}`;
    }
    default:
      return unreachable(notice);
  }
}

/** The organisation's own budget. Derived from the totals of each look, so that no look is needed at a certain moment. */
export async function tellBudget(
  ctx: Context,
  { orgId, budgetNanoUsd }: Account,
  { period, usedNanoUsd }: { readonly period: string; readonly usedNanoUsd: number },
): Promise<void> {
  if (budgetNanoUsd === null || usedNanoUsd === 0) return;
  const level = alertLevels.findLast((each) => usedNanoUsd >= (budgetNanoUsd / 100) * each);
  if (level === undefined) return;
  for (const to of await mailRecipients(ctx, orgId, 'billing:manage')) {
    const key = `spend:org:${orgId}:${period}:${level}:${to.id}`;
    const link = `${ctx.config.platformOrigin}/billing`;
    await ctx.mailer.send(organisationBudgetMail({ level, usedNanoUsd, budgetNanoUsd }, { key, to, link }));
  }
}
