/**
 * Invitations, in the sign-in library's table. Accepting is one guarded write: the secret, the address, the time, room in
 * the organisation, and an inviter who may still invite are its conditions, so a link works once and for one person.
 */
import { and, desc, eq } from 'drizzle-orm';
import type { DrizzleD1Database } from 'drizzle-orm/d1';
import type { OrgRole, Standing } from '../../contract/roles.ts';
import type { AuditEntry } from '../../core/audit-chain.ts';
import { quotas } from '../../core/quotas.ts';
import { auditInsertWhere } from './audit.ts';
import { invitation, organization, user } from './schema.ts';

export type InvitationRow = typeof invitation.$inferSelect & {
  readonly inviterName: string;
  readonly organisationName: string;
};

const joined = (db: DrizzleD1Database) =>
  db
    .select({ row: invitation, inviterName: user.name, organisationName: organization.name })
    .from(invitation)
    .innerJoin(user, eq(user.id, invitation.inviterId))
    .innerJoin(organization, eq(organization.id, invitation.organizationId))
    .$dynamic();

type Joined = Awaited<ReturnType<typeof joined>>[number];

const flat = ({ row, inviterName, organisationName }: Joined): InvitationRow => ({
  ...row,
  inviterName,
  organisationName,
});

/** Those that wait, newest first. */
export async function invitationsPending(db: DrizzleD1Database, orgId: string): Promise<InvitationRow[]> {
  const found = await joined(db)
    .where(and(eq(invitation.organizationId, orgId), eq(invitation.status, 'pending')))
    .orderBy(desc(invitation.createdAt))
    .limit(quotas.members);
  return found.map(flat);
}

export async function invitationFind(
  db: DrizzleD1Database,
  by: { readonly orgId: string; readonly id: string } | { readonly tokenHash: string },
): Promise<InvitationRow | null> {
  const where =
    'id' in by
      ? and(eq(invitation.id, by.id), eq(invitation.organizationId, by.orgId))
      : eq(invitation.tokenHash, by.tokenHash);
  const [found] = await joined(db).where(where).limit(1);
  return found === undefined ? null : flat(found);
}

export interface NewInvitation {
  readonly id: string;
  readonly orgId: string;
  readonly email: string;
  readonly role: OrgRole;
  readonly inviterId: string;
  readonly inviterRole: Standing;
  readonly tokenHash: string;
  readonly nowMs: number;
  readonly expiresAtMs: number;
  readonly audit: AuditEntry;
}

/**
 * In the place of an invitation of the same address. False, and nothing written, when it exists, there is no room, or the
 * inviter's role is another one by now.
 */
export async function invitationInsert(d1: D1Database, row: NewInvitation): Promise<boolean> {
  const [inserted] = await d1.batch([
    d1
      .prepare(
        `INSERT INTO invitation
           (id, organization_id, email, role, status, expires_at, created_at, inviter_id, token_hash, sent_at_ms)
         SELECT ?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?
         WHERE EXISTS (SELECT 1 FROM member WHERE organization_id = ? AND user_id = ? AND role = ?)
           AND (SELECT count(*) FROM member WHERE organization_id = ?)
             + (SELECT count(*) FROM invitation WHERE organization_id = ? AND status = 'pending' AND email <> ?) < ?
         ON CONFLICT DO NOTHING`,
      )
      .bind(
        row.id,
        row.orgId,
        row.email,
        row.role,
        row.expiresAtMs,
        row.nowMs,
        row.inviterId,
        row.tokenHash,
        row.nowMs,
        row.orgId,
        row.inviterId,
        row.inviterRole,
        row.orgId,
        row.orgId,
        row.email,
        quotas.members,
      ),
    auditInsertWhere(d1, row.audit, 'changes() > 0'),
    d1
      .prepare(
        `UPDATE invitation SET status = 'canceled', token_hash = NULL
         WHERE organization_id = ? AND email = ? AND status = 'pending' AND id <> ?
           AND EXISTS (SELECT 1 FROM audit_entry WHERE id = ?)`,
      )
      .bind(row.orgId, row.email, row.id, row.audit.id),
  ]);
  return (inserted?.meta.changes ?? 0) > 0;
}

export interface InvitationChange {
  readonly orgId: string;
  readonly id: string;
  readonly audit: AuditEntry;
}

/** A new secret and a new life; false when it waits no more or was sent later than `notSentSinceMs`. */
export async function invitationRenew(
  d1: D1Database,
  change: InvitationChange & { tokenHash: string; nowMs: number; expiresAtMs: number; notSentSinceMs: number },
): Promise<boolean> {
  const [renewed] = await d1.batch([
    d1
      .prepare(
        `UPDATE invitation SET token_hash = ?, expires_at = ?, sent_at_ms = ?
         WHERE id = ? AND organization_id = ? AND status = 'pending' AND sent_at_ms <= ?`,
      )
      .bind(change.tokenHash, change.expiresAtMs, change.nowMs, change.id, change.orgId, change.notSentSinceMs),
    auditInsertWhere(d1, change.audit, 'changes() > 0'),
  ]);
  return (renewed?.meta.changes ?? 0) > 0;
}

/** Ends one that waits, by an inviter or by the person it was sent to. */
export async function invitationEnd(
  d1: D1Database,
  change: InvitationChange & { status: 'canceled' | 'rejected' },
): Promise<boolean> {
  const { status, id, orgId, audit } = change;
  const [ended] = await d1.batch([
    d1
      .prepare(
        `UPDATE invitation SET status = ?, token_hash = NULL WHERE id = ? AND organization_id = ? AND status = 'pending'`,
      )
      .bind(status, id, orgId),
    auditInsertWhere(d1, audit, 'changes() > 0'),
  ]);
  return (ended?.meta.changes ?? 0) > 0;
}

/** Whether an organisation has as many people as it may. */
export async function membersFull(d1: D1Database, orgId: string): Promise<boolean> {
  const row = await d1
    .prepare('SELECT count(*) AS n FROM member WHERE organization_id = ?')
    .bind(orgId)
    .first<{ n: number }>();
  return (row?.n ?? 0) >= quotas.members;
}

/** Makes the person a member, once. Who is one already keeps their role. */
export async function invitationTake(
  d1: D1Database,
  take: {
    readonly tokenHash: string;
    readonly id: string;
    readonly orgId: string;
    readonly userId: string;
    readonly email: string;
    readonly memberId: string;
    readonly audit: AuditEntry;
    readonly nowMs: number;
  },
): Promise<boolean> {
  const { id, orgId, userId, nowMs } = take;
  const auditId = take.audit.id;
  const [taken] = await d1.batch([
    d1
      .prepare(
        `UPDATE invitation SET status = 'accepted', token_hash = NULL
         WHERE token_hash = ? AND id = ? AND organization_id = ? AND status = 'pending' AND expires_at > ? AND email = ?
           AND EXISTS (SELECT 1 FROM member WHERE organization_id = invitation.organization_id
             AND user_id = invitation.inviter_id AND (role = 'owner' OR (role = 'admin' AND invitation.role <> 'owner')))
           AND (SELECT count(*) FROM member WHERE organization_id = ?) < ?`,
      )
      .bind(take.tokenHash, id, orgId, nowMs, take.email, orgId, quotas.members),
    auditInsertWhere(d1, take.audit, 'changes() > 0'),
    d1
      .prepare(
        `INSERT INTO member (id, organization_id, user_id, role, created_at)
         SELECT ?, ?, ?, role, ? FROM invitation
         WHERE id = ? AND EXISTS (SELECT 1 FROM audit_entry WHERE id = ?) ON CONFLICT DO NOTHING`,
      )
      .bind(take.memberId, orgId, userId, nowMs, id, auditId),
    // The secret was in a mail to this address and nowhere else.
    d1
      .prepare('UPDATE user SET email_verified = 1 WHERE id = ? AND EXISTS (SELECT 1 FROM audit_entry WHERE id = ?)')
      .bind(userId, auditId),
  ]);
  return (taken?.meta.changes ?? 0) > 0;
}
