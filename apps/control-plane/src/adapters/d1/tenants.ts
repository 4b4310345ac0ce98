/**
 * Reads of assistants and who may see them. A row of another organisation is the same "not found" as a missing one;
 * every read that a person's request leads to takes that person first.
 */
import { and, asc, eq, gt, ne } from 'drizzle-orm';
import type { DrizzleD1Database } from 'drizzle-orm/d1';
import type { OrgRole, Standing } from '../../contract/api.ts';
import { orgRoles, tenantRoleOf } from '../../contract/api.ts';
import type { TenantSpec } from '../../contract/tenant-rpc.ts';
import { isKeyId, toKeyScope } from './api-keys.ts';
import { apiKey, member, operation, organization, tenant } from './schema.ts';

export type TenantRow = typeof tenant.$inferSelect;

/** Somebody in an organisation: what lets them see its rows. Made from a session and a membership, or from an API key. */
export interface OrgScope {
  readonly userId: string;
  readonly orgId: string;
  readonly role: Standing;
}

/** An assistant that a person may see, with their role. */
export interface TenantScope {
  readonly row: TenantRow;
  readonly role: Standing;
}

export function toOrgRole(text: string): OrgRole | null {
  // better-auth joins several roles of one member by commas; the strongest counts.
  const roles = text.split(',').map((role) => role.trim());
  return orgRoles.find((role) => roles.includes(role)) ?? null;
}

/** As what a person, or the key with that id, acts in an organisation; null when they have nothing to do with it. */
export async function standingIn(db: DrizzleD1Database, userId: string, orgId: string): Promise<Standing | null> {
  if (isKeyId(userId)) {
    const of = and(eq(apiKey.id, userId), eq(apiKey.orgId, orgId));
    return toStanding((await db.select({ scope: apiKey.scope }).from(apiKey).where(of).limit(1))[0]?.scope);
  }
  const rows = await db
    .select({ role: member.role })
    .from(member)
    .where(and(eq(member.organizationId, orgId), eq(member.userId, userId)))
    .limit(1);
  return rows[0] === undefined ? null : toOrgRole(rows[0].role);
}

function toStanding(scope: string | undefined): Standing | null {
  const known = scope === undefined ? null : toKeyScope(scope);
  return known === null ? null : `key:${known}`;
}

/** A person is shown at most this many organisations. */
const organisationsMax = 50;

export async function organisationsOf(db: DrizzleD1Database, userId: string) {
  return organisationsQuery(db, userId);
}

/** The same as a statement, for a batch. */
export function organisationsQuery(db: DrizzleD1Database, userId: string) {
  return db
    .select({ id: organization.id, name: organization.name, slug: organization.slug, role: member.role })
    .from(member)
    .innerJoin(organization, eq(organization.id, member.organizationId))
    .where(eq(member.userId, userId))
    .orderBy(asc(organization.createdAt))
    .limit(organisationsMax);
}

/** An assistant as the person or the key `userId` may see it, with their role; null when it is not there or not theirs. */
export async function tenantFor(
  db: DrizzleD1Database,
  userId: string,
  by: { readonly id: string } | { readonly slug: string },
): Promise<TenantScope | null> {
  const named = 'id' in by ? eq(tenant.id, by.id) : eq(tenant.slug, by.slug);
  if (isKeyId(userId)) {
    const ofKey = and(eq(apiKey.orgId, tenant.orgId), eq(apiKey.id, userId));
    const read = db.select({ row: tenant, scope: apiKey.scope }).from(tenant).innerJoin(apiKey, ofKey);
    const theirs = (await read.where(named).limit(1))[0];
    const standing = toStanding(theirs?.scope);
    return theirs === undefined || standing === null ? null : { row: theirs.row, role: standing };
  }
  const rows = await db
    .select({ row: tenant, role: member.role })
    .from(tenant)
    .innerJoin(member, and(eq(member.organizationId, tenant.orgId), eq(member.userId, userId)))
    .where(named)
    .limit(1);
  const found = rows[0];
  const role = found === undefined ? null : toOrgRole(found.role);
  return found === undefined || role === null ? null : { row: found.row, role };
}

/** The next page in the order of creation (ids sort by time). */
export async function tenantsOfOrg(
  db: DrizzleD1Database,
  orgId: string,
  page: { readonly after: string; readonly limit: number },
): Promise<TenantRow[]> {
  return db
    .select()
    .from(tenant)
    .where(and(eq(tenant.orgId, orgId), gt(tenant.id, page.after)))
    .orderBy(asc(tenant.id))
    .limit(page.limit);
}

/** Live assistants: more than any plan allows. Deleted ones keep their rows for ever and never fill it. */
const liveMax = 100;

export async function liveTenantsOfOrg(db: DrizzleD1Database, orgId: string): Promise<TenantRow[]> {
  return db
    .select()
    .from(tenant)
    .where(and(eq(tenant.orgId, orgId), ne(tenant.state, 'deleted')))
    .orderBy(asc(tenant.id))
    .limit(liveMax);
}

/** The most people an assistant knows; the contract's limit, and more than an organisation has. */
export const membersOfSpecMax = 50;

/** The people of an organisation as an assistant knows them: who may configure it owns it there, others operate it. */
export async function membersOf(db: DrizzleD1Database, orgId: string): Promise<TenantSpec['members']> {
  const rows = await db
    .select({ userId: member.userId, role: member.role })
    .from(member)
    .where(eq(member.organizationId, orgId))
    .orderBy(asc(member.createdAt), asc(member.userId))
    .limit(membersOfSpecMax);
  return rows.flatMap(({ userId, role: text }) => {
    const role = toOrgRole(text);
    return role === null ? [] : [{ userId, role: tenantRoleOf[role] }];
  });
}

/** Every assistant of every organisation a person is in, bounded. */
export async function tenantsOfUser(
  db: DrizzleD1Database,
  userId: string,
  limit: number,
): Promise<{ id: string; slug: string }[]> {
  return db
    .select({ id: tenant.id, slug: tenant.slug })
    .from(member)
    .innerJoin(tenant, eq(tenant.orgId, member.organizationId))
    .where(and(eq(member.userId, userId), ne(tenant.state, 'deleted')))
    .limit(limit);
}

export async function slugTaken(db: DrizzleD1Database, slug: string): Promise<boolean> {
  return (await db.select({ id: tenant.id }).from(tenant).where(eq(tenant.slug, slug)).limit(1)).length > 0;
}

export async function operationRow(db: DrizzleD1Database, id: string) {
  return (await db.select().from(operation).where(eq(operation.id, id)).limit(1))[0];
}
