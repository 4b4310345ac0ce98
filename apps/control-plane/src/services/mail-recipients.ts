/** Who of an organisation gets a mail about what somebody has to decide: those whose role allows it. */
import { eq } from 'drizzle-orm';
import { member, organization, user } from '../adapters/d1/schema.ts';
import { toOrgRole } from '../adapters/d1/tenants.ts';
import { roleAllows } from '../contract/api.ts';
import type { Permission } from '../contract/api.ts';
import type { Context } from '../context.ts';

/** Who decides is one or a few. */
const recipientsMax = 10;

export interface Recipient {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly organisation: string;
}

export async function mailRecipients(ctx: Context, orgId: string, permission: Permission): Promise<Recipient[]> {
  const rows = await ctx.db
    .select({ id: user.id, email: user.email, name: user.name, role: member.role, organisation: organization.name })
    .from(member)
    .innerJoin(user, eq(user.id, member.userId))
    .innerJoin(organization, eq(organization.id, member.organizationId))
    .where(eq(member.organizationId, orgId))
    .limit(200);
  return rows
    .filter(({ role }) => {
      const known = toOrgRole(role);
      return known !== null && roleAllows[known][permission];
    })
    .slice(0, recipientsMax);
}
