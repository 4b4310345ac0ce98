/**
 * Inviting people. The link's secret is in the mail only: the API never tells it, the database has its hash. Who holds it
 * and is signed in with the address it was sent to joins, once. Unknown, used, revoked and expired are one answer.
 */
import { invitationMail } from '../adapters/auth-mails.ts';
import { withAuditEntry } from '../adapters/d1/audit.ts';
import {
  invitationEnd,
  invitationFind,
  invitationInsert,
  invitationRenew,
  invitationsPending,
  invitationTake,
  membersFull,
} from '../adapters/d1/invitations.ts';
import type { InvitationRow } from '../adapters/d1/invitations.ts';
import { membersRead } from '../adapters/d1/members.ts';
import { standingIn, toOrgRole } from '../adapters/d1/tenants.ts';
import type { OrgScope } from '../adapters/d1/tenants.ts';
import { newSecret, sha256Base64Url } from '../adapters/system.ts';
import type { Trail } from '../contract/audit.ts';
import { AppError } from '../contract/errors.ts';
import type { Invitation } from '../contract/members-api.ts';
import { mayChangeMember } from '../contract/roles.ts';
import type { OrgRole } from '../contract/roles.ts';
import type { Context } from '../context.ts';
import { quotas } from '../core/quotas.ts';
import { membersTell } from './members.ts';
import { meRead } from './people.ts';

const invitationLifeMs = 7 * 86_400_000;
const resendEveryMs = 60_000;

export async function invitationList(ctx: Context, orgId: string): Promise<Invitation[]> {
  const rows = await invitationsPending(ctx.db, orgId);
  return rows.map((row) => toInvitation(row, ctx.system.nowMs()));
}

/** @throws AppError forbidden, member_exists, quota_reached, idempotency_key_reused */
export async function invitationCreate(
  ctx: Context,
  scope: OrgScope,
  trail: Trail,
  wanted: { readonly email: string; readonly role: OrgRole; readonly idempotencyKey: string },
): Promise<Invitation> {
  const { role } = wanted;
  const email = wanted.email.trim().toLowerCase();
  if (!mayChangeMember(scope.role, { from: null, to: role })) throw ownersOnly();
  // The same key names the same invitation, so a repeated request makes no second one and sends no second mail.
  const id = `inv_${await sha256Base64Url(`${scope.orgId} ${wanted.idempotencyKey}`)}`;
  const before = await invitationFind(ctx.db, { orgId: scope.orgId, id });
  if (before !== null) return sameInvitation(before, { email, role }, ctx.system.nowMs());
  const people = await membersRead(ctx.db, scope.orgId);
  if (people.some((person) => person.email.toLowerCase() === email)) {
    throw new AppError('member_exists', {
      detail: `${email} is in this organisation already.`,
      next: 'Change their role in the list, if that is what you meant.',
    });
  }
  const secret = newSecret();
  const nowMs = ctx.system.nowMs();
  const tokenHash = await sha256Base64Url(secret);
  const subject = { orgId: scope.orgId, tenantId: null, after: { invitationId: id, role } };
  const made = await withAuditEntry(ctx, trail, subject, { outcome: 'done' }, (audit) =>
    invitationInsert(ctx.d1, {
      id,
      orgId: scope.orgId,
      email,
      role,
      inviterId: scope.userId,
      inviterRole: scope.role,
      tokenHash,
      nowMs,
      expiresAtMs: nowMs + invitationLifeMs,
      audit,
    }),
  );
  const row = await invitationFind(ctx.db, { orgId: scope.orgId, id });
  if (row === null) throw await whyNotInvited(ctx, scope);
  if (made) await mailTo(ctx, row, secret);
  return sameInvitation(row, { email, role }, nowMs);
}

/** @throws AppError not_found, forbidden, rate_limited */
export async function invitationResend(ctx: Context, scope: OrgScope, trail: Trail, id: string): Promise<Invitation> {
  const row = await requirePending(ctx, scope, id);
  const nowMs = ctx.system.nowMs();
  const secret = newSecret();
  const tokenHash = await sha256Base64Url(secret);
  const times = { nowMs, expiresAtMs: nowMs + invitationLifeMs, notSentSinceMs: nowMs - resendEveryMs };
  const sent = await withAuditEntry(ctx, trail, subjectOf(scope.orgId, id), { outcome: 'done' }, (audit) =>
    invitationRenew(ctx.d1, { orgId: scope.orgId, id, audit, tokenHash, ...times }),
  );
  if (!sent) {
    throw new AppError('rate_limited', {
      detail: 'This invitation was sent less than a minute ago.',
      next: 'Wait a minute, then send it again.',
      retryAfterSeconds: resendEveryMs / 1_000,
    });
  }
  await mailTo(ctx, row, secret);
  return toInvitation({ ...row, sentAtMs: nowMs, expiresAt: new Date(nowMs + invitationLifeMs) }, nowMs);
}

/** Taking back what does not wait any more changes nothing. */
export async function invitationRevoke(
  ctx: Context,
  scope: OrgScope,
  trail: Trail,
  id: string,
): Promise<{ revoked: boolean }> {
  await requirePending(ctx, scope, id);
  return { revoked: await end(ctx, trail, { orgId: scope.orgId, id, status: 'canceled' }) };
}

/** @throws AppError invitation_invalid */
export async function invitationLook(ctx: Context, userId: string, token: string) {
  const { row, role } = await requireToken(ctx, token);
  const { user } = await meRead(ctx, userId);
  return {
    organisation: row.organisationName,
    role,
    invitedBy: row.inviterName,
    email: row.email,
    forYou: user.email.toLowerCase() === row.email,
    expiresAt: row.expiresAt.toISOString(),
  };
}

/** @throws AppError invitation_invalid, invitation_other_address, quota_reached */
export async function invitationAccept(ctx: Context, trail: Trail, token: string): Promise<{ orgId: string }> {
  const userId = trail.actor.id;
  const { row, tokenHash } = await requireAddressed(ctx, userId, token);
  const orgId = row.organizationId;
  const memberId = `mem_${ctx.system.ulid()}`;
  const person = { userId, email: row.email, memberId, nowMs: ctx.system.nowMs() };
  const taken = await withAuditEntry(ctx, trail, subjectOf(orgId, row.id, row.role), { outcome: 'done' }, (audit) =>
    invitationTake(ctx.d1, { tokenHash, id: row.id, orgId, audit, ...person }),
  );
  if (!taken) throw await whyNotTaken(ctx, row);
  await membersTell(ctx, orgId, trail);
  return { orgId };
}

/** @throws AppError invitation_invalid, invitation_other_address */
export async function invitationDecline(ctx: Context, trail: Trail, token: string): Promise<{ declined: boolean }> {
  const { row } = await requireAddressed(ctx, trail.actor.id, token);
  return { declined: await end(ctx, trail, { orgId: row.organizationId, id: row.id, status: 'rejected' }) };
}

async function mailTo(ctx: Context, row: InvitationRow, secret: string): Promise<void> {
  // The secret is behind the `#`: browsers send it to no server, and no log has it.
  const link = `${ctx.config.platformOrigin}/invitation#${secret}`;
  const { email, organisationName, inviterName } = row;
  await ctx.mailer.send(await invitationMail({ to: email, organisation: organisationName, by: inviterName, link }));
}

const subjectOf = (orgId: string, invitationId: string, role: string | null = null) => ({
  orgId,
  tenantId: null,
  after: { invitationId, ...(role === null ? {} : { role }) },
});

function end(
  ctx: Context,
  trail: Trail,
  { orgId, id, status }: { orgId: string; id: string; status: 'canceled' | 'rejected' },
): Promise<boolean> {
  return withAuditEntry(ctx, trail, subjectOf(orgId, id), { outcome: 'done' }, (audit) =>
    invitationEnd(ctx.d1, { orgId, id, audit, status }),
  );
}

async function requirePending(ctx: Context, scope: OrgScope, id: string): Promise<InvitationRow> {
  const row = await invitationFind(ctx.db, { orgId: scope.orgId, id });
  if (row === null || row.status !== 'pending') {
    throw new AppError('not_found', {
      detail: 'There is no such invitation: it was accepted, declined or taken back.',
      next: 'Look at the list again.',
    });
  }
  if (!mayChangeMember(scope.role, { from: null, to: toOrgRole(row.role ?? '') })) throw ownersOnly();
  return row;
}

async function requireToken(ctx: Context, token: string) {
  const tokenHash = await sha256Base64Url(token);
  const row = await invitationFind(ctx.db, { tokenHash });
  const role = row === null ? null : toOrgRole(row.role ?? '');
  if (row === null || role === null || row.status !== 'pending') throw invalid();
  if (row.expiresAt.getTime() <= ctx.system.nowMs()) throw invalid();
  return { row, role, tokenHash };
}

async function requireAddressed(ctx: Context, userId: string, token: string) {
  const found = await requireToken(ctx, token);
  const { user } = await meRead(ctx, userId);
  if (user.email.toLowerCase() === found.row.email) return found;
  throw new AppError('invitation_other_address', {
    detail: `This invitation was sent to ${found.row.email}; you are signed in as ${user.email}.`,
    next: 'Sign out, and open the link again with an account of that address.',
  });
}

async function whyNotInvited(ctx: Context, { orgId, userId, role }: OrgScope): Promise<AppError> {
  if ((await standingIn(ctx.db, userId, orgId)) !== role) {
    return new AppError('version_stale', {
      detail: 'Your role in this organisation was changed at the same time.',
      next: 'Look at the list again.',
    });
  }
  return new AppError('quota_reached', {
    detail: `An organisation has at most ${quotas.members} people, invited ones counted.`,
    next: 'Remove somebody or take an invitation back, then invite again.',
  });
}

/** Room was kept when it was sent; people who came in another way may have taken it. */
async function whyNotTaken(ctx: Context, { id, organizationId: orgId }: InvitationRow): Promise<AppError> {
  const now = await invitationFind(ctx.db, { orgId, id });
  if (now?.status !== 'pending' || !(await membersFull(ctx.d1, orgId))) return invalid();
  return new AppError('quota_reached', {
    detail: `This organisation has ${quotas.members} people, the most that is allowed.`,
    next: 'Ask whoever invited you to make room; the link goes on working until its week is over.',
  });
}

const invalid = (): AppError =>
  new AppError('invitation_invalid', {
    detail: 'This invitation was used, taken back or replaced, or it is older than a week.',
    next: 'Ask whoever invited you to send it again.',
  });

const ownersOnly = (): AppError =>
  new AppError('forbidden', {
    detail: 'Only an owner may invite owners.',
    next: 'Choose another role, or ask an owner.',
  });

function sameInvitation(row: InvitationRow, asked: { email: string; role: OrgRole }, nowMs: number): Invitation {
  if (row.email === asked.email && row.role === asked.role) return toInvitation(row, nowMs);
  throw new AppError('idempotency_key_reused', {
    detail: 'This Idempotency-Key was used for another invitation.',
    next: 'Use a new key for a new invitation.',
  });
}

function toInvitation(row: InvitationRow, nowMs: number): Invitation {
  return {
    id: row.id,
    email: row.email,
    role: toOrgRole(row.role ?? '') ?? 'viewer',
    invitedBy: row.inviterName,
    sentAt: new Date(row.sentAtMs).toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    expired: row.expiresAt.getTime() <= nowMs,
  };
}
