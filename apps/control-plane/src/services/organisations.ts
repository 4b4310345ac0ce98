/**
 * Every person has an organisation of their own. It is made the first time it is looked for, under keys that follow from
 * the person's id: two requests at once, or a crash between the two rows, end with one organisation and one membership.
 */
import { organization, member } from '../adapters/d1/schema.ts';
import { organisationsOf, toOrgRole } from '../adapters/d1/tenants.ts';
import type { Organisation } from '../contract/api.ts';
import type { Context } from '../context.ts';

export async function ensureOrganisations(
  ctx: Pick<Context, 'db' | 'system'>,
  user: { id: string; name: string },
): Promise<Organisation[]> {
  const existing = await organisationsOf(ctx.db, user.id);
  if (existing.length === 0) {
    const createdAt = new Date(ctx.system.nowMs());
    const orgId = `org_${user.id}`.slice(0, 64);
    const name = user.name.trim() === '' ? 'Personal' : user.name.trim().slice(0, 60);
    await ctx.db.batch([
      ctx.db
        .insert(organization)
        .values({ id: orgId, name, slug: `personal-${user.id.toLowerCase()}`, createdAt })
        .onConflictDoNothing(),
      ctx.db
        .insert(member)
        .values({ id: `mem_${user.id}`.slice(0, 64), organizationId: orgId, userId: user.id, role: 'owner', createdAt })
        .onConflictDoNothing(),
    ]);
    return ensured(await organisationsOf(ctx.db, user.id));
  }
  return ensured(existing);
}

function ensured(rows: Awaited<ReturnType<typeof organisationsOf>>): Organisation[] {
  return rows.flatMap((row) => {
    const role = toOrgRole(row.role);
    return role === null ? [] : [{ id: row.id, name: row.name, slug: row.slug, role }];
  });
}
