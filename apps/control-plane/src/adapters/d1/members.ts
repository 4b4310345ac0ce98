/**
 * The people of an organisation: reads, and writes whose conditions are part of the statement, as one batch each. The
 * sign-in library's own calls read first and write after, so that two owners who remove each other at once would leave
 * nobody; here the row's own role, the asker's role and the last owner are conditions of the write. Its audit entry is
 * the proof that a change happened: everything else of the batch hangs on it.
 */
import { and, asc, eq } from 'drizzle-orm';
import type { DrizzleD1Database } from 'drizzle-orm/d1';
import { toPlace } from '../../contract/place.ts';
import type { Place } from '../../contract/place.ts';
import type { OrgRole, Standing } from '../../contract/roles.ts';
import type { AuditEntry } from '../../core/audit-chain.ts';
import { accountEventInsert } from './account-events.ts';
import { auditInsertWhere } from './audit.ts';
import { member, user } from './schema.ts';
import { membersOfSpecMax } from './tenants.ts';

export interface MemberRow {
  readonly userId: string;
  readonly name: string;
  readonly email: string;
  /** As stored: the library may join several by commas. */
  readonly role: string;
  readonly createdAt: Date;
}

const columns = {
  userId: member.userId,
  name: user.name,
  email: user.email,
  role: member.role,
  createdAt: member.createdAt,
};

/** In the order of joining. All: no organisation has more (core/quotas.ts). */
export async function membersRead(db: DrizzleD1Database, orgId: string): Promise<MemberRow[]> {
  return db
    .select(columns)
    .from(member)
    .innerJoin(user, eq(user.id, member.userId))
    .where(eq(member.organizationId, orgId))
    .orderBy(asc(member.createdAt), asc(member.userId))
    .limit(membersOfSpecMax);
}

export async function memberRead(db: DrizzleD1Database, orgId: string, userId: string): Promise<MemberRow | null> {
  const rows = await db
    .select(columns)
    .from(member)
    .innerJoin(user, eq(user.id, member.userId))
    .where(and(eq(member.organizationId, orgId), eq(member.userId, userId)))
    .limit(1);
  return rows[0] ?? null;
}

/** Who changes whom, as it was read when it was allowed. */
export interface MemberChange {
  readonly orgId: string;
  readonly userId: string;
  readonly fromRole: string;
  /** Null removes. */
  readonly toRole: OrgRole | null;
  readonly actorId: string;
  readonly actorRole: Standing;
  readonly audit: AuditEntry;
}

/** What the person has open of the organisation's assistants, still to be ended. */
const endingsOfOrg = `INSERT INTO session_ending (id, tenant_id, slug, parent_session_hash, user_id, created_at_ms)
  SELECT ? || '_' || id, id, slug, NULL, ?, ? FROM tenant WHERE org_id = ? AND state <> 'deleted'
  AND EXISTS (SELECT 1 FROM audit_entry WHERE id = ?)`;

/** False, and nothing written, when a role changed meanwhile or the organisation would have no owner. */
export async function memberChange(d1: D1Database, change: MemberChange): Promise<boolean> {
  const { orgId, userId, fromRole, toRole, actorId, actorRole, audit } = change;
  const { id: auditId, atMs: nowMs } = audit;
  const holds = `organization_id = ? AND user_id = ? AND role = ?
    AND EXISTS (SELECT 1 FROM member WHERE organization_id = ? AND user_id = ? AND role = ?)
    AND (role <> 'owner' OR ? = 'owner'
      OR (SELECT count(*) FROM member WHERE organization_id = ? AND role = 'owner') > 1)`;
  const bound = [orgId, userId, fromRole, orgId, actorId, actorRole, toRole ?? '', orgId];
  const [changed] = await d1.batch([
    toRole === null
      ? d1.prepare(`DELETE FROM member WHERE ${holds}`).bind(...bound)
      : d1.prepare(`UPDATE member SET role = ? WHERE ${holds}`).bind(toRole, ...bound),
    auditInsertWhere(d1, audit, 'changes() > 0'),
    d1.prepare(endingsOfOrg).bind(auditId, userId, nowMs, orgId, auditId),
    // Whoever lost the right to invite has no invitation out either.
    d1
      .prepare(
        `UPDATE invitation SET status = 'canceled', token_hash = NULL
         WHERE organization_id = ? AND inviter_id = ? AND status = 'pending' AND EXISTS (SELECT 1 FROM audit_entry WHERE id = ?)`,
      )
      .bind(orgId, userId, auditId),
  ]);
  return (changed?.meta.changes ?? 0) > 0;
}

const nowhere: Place = toPlace(null, null);

/** More than a person may have in all their organisations is ended by time. */
const endingsMax = 100;

/**
 * Ends every sign-in of a person to the platform and writes down what there is to end on tenant hosts, and that it was
 * done. `by` is the audit entry where somebody else asked. Resolves to how many sign-ins there were.
 * @param person.place where whoever asked is
 */
export async function signInsEnd(
  d1: D1Database,
  person: { readonly userId: string; readonly place: Place; readonly endingId: string; readonly nowMs: number },
  by: AuditEntry | null,
): Promise<number> {
  const { userId, place, endingId, nowMs } = person;
  // Where an admin is, is nobody else's to know.
  const told =
    by === null || by.actorId === userId ? { actorId: null, place } : { actorId: by.actorId, place: nowhere };
  const event = { userId, id: endingId, atMs: nowMs, action: 'account.sign_out_everywhere', ...told } as const;
  const statements = [
    d1
      .prepare(
        `INSERT INTO session_ending (id, tenant_id, slug, parent_session_hash, user_id, created_at_ms)
         SELECT ? || '_' || tenant.id, tenant.id, tenant.slug, NULL, ?, ? FROM member
         JOIN tenant ON tenant.org_id = member.organization_id
         WHERE member.user_id = ? AND tenant.state <> 'deleted' LIMIT ?`,
      )
      .bind(endingId, userId, nowMs, userId, endingsMax),
    d1.prepare('DELETE FROM session WHERE user_id = ?').bind(userId),
  ];
  statements.push(accountEventInsert(d1, event));
  if (by !== null) statements.push(auditInsertWhere(d1, by, '1'));
  const [, ended] = await d1.batch(statements);
  return ended?.meta.changes ?? 0;
}
