/**
 * The mails of billing: to those who may pay, each once, by a key of organisation, notice and when its state began. What
 * a mail promises is what core/billing/service.ts does.
 */
import { billingMail } from '../../adapters/billing-mails.ts';
import type { Account } from '../../adapters/d1/billing.ts';
import { nextStage, noticeDue } from '../../core/billing/service.ts';
import type { Context } from '../../context.ts';
import { mailRecipients } from '../mail-recipients.ts';

export async function sendNotice(ctx: Context, { orgId, service, createdAtMs }: Account): Promise<void> {
  const notice = noticeDue(service, ctx.system.nowMs());
  if (notice === null) return;
  const since = service.kind === 'trial' ? createdAtMs : service.sinceMs;
  for (const to of await mailRecipients(ctx, orgId, 'billing:manage')) {
    await ctx.mailer.send(
      billingMail(notice, {
        key: `billing:${orgId}:${notice}:${since}:${to.id}`,
        to,
        next: nextStage(service),
        link: `${ctx.config.platformOrigin}/billing`,
      }),
    );
  }
}
