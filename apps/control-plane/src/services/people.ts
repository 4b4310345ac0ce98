/**
 * Who is signed in, and their organisations. Every person has an organisation of their own: it is made when the account
 * is, and again by whoever looks for it and finds none, under keys that follow from the person's id. Two requests at
 * once, or a crash between account and organisation, end with one organisation and one membership.
 */
import { eq, sql } from 'drizzle-orm';
import { member, organization, user } from '../adapters/d1/schema.ts';
import { organisationsOf, organisationsQuery, toOrgRole } from '../adapters/d1/tenants.ts';
import type { Me, Organisation } from '../contract/api.ts';
import { AppError } from '../contract/errors.ts';
import type { Context } from '../context.ts';

type Deps = Pick<Context, 'db' | 'system'>;

/** Read from the table, not from the session's cookie: a confirmed address shows at once. */
export async function meRead(deps: Deps, userId: string): Promise<Me> {
  const [people, existing] = await deps.db.batch([
    deps.db.select().from(user).where(eq(user.id, userId)).limit(1),
    organisationsQuery(deps.db, userId),
  ]);
  const person = people[0];
  if (person === undefined) {
    throw new AppError('unauthenticated', { detail: 'This account is gone.', next: 'Sign in with another account.' });
  }
  const rows = existing.length > 0 ? existing : await personalOrganisationCreate(deps, person);
  const { id, email, name, emailVerified } = person;
  return { user: { id, email, name, emailVerified }, organisations: rows.flatMap(toOrganisation) };
}

/**
 * Whether this person is of the platform's own staff: the operator's setting names their address, and they have shown that
 * it is theirs. Read from the table each time; nothing that a client sends has a part in it.
 */
export async function isStaff(deps: Pick<Context, 'db' | 'config'>, userId: string): Promise<boolean> {
  if (deps.config.staffEmails.length === 0) return false;
  const person = (await deps.db.select().from(user).where(eq(user.id, userId)).limit(1))[0];
  return person !== undefined && person.emailVerified && deps.config.staffEmails.includes(person.email.toLowerCase());
}

type OrganisationRow = Awaited<ReturnType<typeof organisationsOf>>[number];

/** Makes the person's own organisation if it is not there. */
export async function personalOrganisationCreate(
  deps: Deps,
  person: { readonly id: string; readonly name: string },
): Promise<OrganisationRow[]> {
  const createdAt = new Date(deps.system.nowMs());
  const body = person.id.replace(/^usr_/, '').toLowerCase();
  const name = person.name.trim().slice(0, 60) || 'Personal';
  for (let n = 1; n <= organisationsMadeMax; n++) {
    const suffix = n === 1 ? '' : `_${n}`;
    const orgId = `org_${body}${suffix}`;
    const joins = { id: `mem_${body}${suffix}`, organizationId: orgId, userId: person.id, role: 'owner' };
    await deps.db.batch([
      deps.db
        .insert(organization)
        .values({ id: orgId, name, slug: `personal-${body}${suffix}`, createdAt })
        .onConflictDoNothing(),
      // Others are in it who have removed its founder: coming back is theirs to offer, and never as an owner.
      deps.db
        .insert(member)
        .select(
          sql`SELECT ${joins.id}, ${orgId}, ${joins.userId}, ${joins.role}, ${createdAt.getTime()}
            WHERE NOT EXISTS (SELECT 1 FROM member WHERE organization_id = ${orgId})`,
        )
        .onConflictDoNothing(),
    ]);
    const found = await organisationsOf(deps.db, person.id);
    if (found.length > 0) return found;
  }
  return [];
}

/** A person is removed from organisations of their own this often before they are left with none. */
const organisationsMadeMax = 5;

function toOrganisation(row: OrganisationRow): Organisation[] {
  const role = toOrgRole(row.role);
  return role === null ? [] : [{ id: row.id, name: row.name, slug: row.slug, role }];
}
