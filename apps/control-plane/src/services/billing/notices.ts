/**
 * The mails of billing: to those who may pay, each once, by a key of organisation, notice and when its state began. What
 * a mail promises is what core/billing/service.ts does.
 */
import { and, eq } from 'drizzle-orm';
import { billingMail } from '../../adapters/billing-mails.ts';
import type { Account } from '../../adapters/d1/billing.ts';
import { member, organization, user } from '../../adapters/d1/schema.ts';
import { toOrgRole } from '../../adapters/d1/tenants.ts';
import { roleAllows } from '../../contract/api.ts';
import { nextStage, noticeDue } from '../../core/billing/service.ts';
import type { Context } from '../../context.ts';

/** Who pays is one or a few. */
const recipientsMax = 10;

export async function sendNotice(ctx: Context, { orgId, service, createdAtMs }: Account): Promise<void> {
  const notice = noticeDue(service, ctx.system.nowMs());
  if (notice === null) return;
  const since = service.kind === 'trial' ? createdAtMs : service.sinceMs;
  for (const to of await payers(ctx, orgId)) {
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

async function payers(ctx: Context, orgId: string) {
  const rows = await ctx.db
    .select({ id: user.id, email: user.email, name: user.name, role: member.role, organisation: organization.name })
    .from(member)
    .innerJoin(user, eq(user.id, member.userId))
    .innerJoin(organization, eq(organization.id, member.organizationId))
    .where(and(eq(member.organizationId, orgId)))
    .limit(200);
  return rows
    .filter(({ role }) => {
      const known = toOrgRole(role);
      return known !== null && roleAllows[known]['billing:manage'];
    })
    .slice(0, recipientsMax);
}
