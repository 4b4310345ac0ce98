/**
 * Changing who is in an organisation and as what. The membership is the truth; what follows from it (the assistants'
 * own lists of people, open sessions on their hosts) is written down with the change, carried out after it, and again by
 * the sweep where a cell did not answer.
 */
import { and, gte, lt } from 'drizzle-orm';
import { withAuditEntry } from '../adapters/d1/audit.ts';
import { memberChange, memberRead, membersRead, signInsEnd } from '../adapters/d1/members.ts';
import type { MemberRow } from '../adapters/d1/members.ts';
import { sessionEnding } from '../adapters/d1/schema.ts';
import { liveTenantsOfOrg, toOrgRole } from '../adapters/d1/tenants.ts';
import type { OrgScope } from '../adapters/d1/tenants.ts';
import type { Trail } from '../contract/audit.ts';
import { AppError } from '../contract/errors.ts';
import type { Member } from '../contract/members-api.ts';
import type { Place } from '../contract/place.ts';
import { mayChangeMember } from '../contract/roles.ts';
import type { OrgRole } from '../contract/roles.ts';
import type { Context } from '../context.ts';
import type { AuditEntry } from '../core/audit-chain.ts';
import { describeError } from '../events.ts';
import { endSessions } from './session-endings.ts';
import { membersSync } from './tenant-change.ts';

export async function memberList(ctx: Context, orgId: string): Promise<Member[]> {
  return (await membersRead(ctx.db, orgId)).flatMap(toMember);
}

/** @throws AppError not_found, forbidden, member_last_owner, version_stale */
export async function memberUpdate(
  ctx: Context,
  scope: OrgScope,
  trail: Trail,
  wanted: { userId: string; role: OrgRole },
): Promise<Member> {
  const { userId, role } = wanted;
  const row = await requireMember(ctx, scope, userId);
  if (row.role !== role) await change(ctx, scope, row, { to: role, trail });
  return requireMember(ctx, scope, userId).then((saved) => {
    const [member] = toMember(saved);
    if (member === undefined) throw noSuchMember();
    return member;
  });
}

/** @throws AppError not_found, forbidden, member_last_owner, version_stale */
export async function memberRemove(
  ctx: Context,
  scope: OrgScope,
  trail: Trail,
  userId: string,
): Promise<{ removed: boolean }> {
  const row = await requireMember(ctx, scope, userId);
  await change(ctx, scope, row, { to: null, trail });
  return { removed: true };
}

/** @throws AppError member_last_owner, version_stale */
export async function orgLeave(ctx: Context, scope: OrgScope, trail: Trail): Promise<{ left: boolean }> {
  const row = await requireMember(ctx, scope, scope.userId);
  await change(ctx, scope, row, { to: null, trail });
  return { left: true };
}

/** Ends every sign-in of the caller, this one too. */
export async function sessionsEnd(ctx: Context, userId: string, place: Place): Promise<{ ended: number }> {
  return endAll(ctx, { userId, place }, null);
}

/**
 * Ends every sign-in of a member. All of them: from a sign-in that were left, the assistants could be opened again.
 * @throws AppError not_found, forbidden
 */
export async function memberSessionsEnd(
  ctx: Context,
  scope: OrgScope,
  trail: Trail,
  whose: { readonly userId: string; readonly place: Place },
): Promise<{ ended: number }> {
  const { userId } = whose;
  const row = await requireMember(ctx, scope, userId);
  const from = toOrgRole(row.role);
  if (!mayChangeMember(scope.role, { from, to: from })) throw ownersOnly();
  const subject = { orgId: scope.orgId, tenantId: null, after: { userId } };
  return withAuditEntry(ctx, trail, subject, { outcome: 'done' }, (entry) => endAll(ctx, whose, entry));
}

async function endAll(
  ctx: Context,
  whose: { readonly userId: string; readonly place: Place },
  by: AuditEntry | null,
): Promise<{ ended: number }> {
  const endingId = ctx.system.ulid();
  const ended = await signInsEnd(ctx.d1, { ...whose, endingId, nowMs: ctx.system.nowMs() }, by);
  await endOnHosts(ctx, endingId);
  return { ended };
}

async function change(
  ctx: Context,
  scope: OrgScope,
  row: MemberRow,
  { to, trail }: { to: OrgRole | null; trail: Trail },
): Promise<void> {
  const isOwn = row.userId === scope.userId;
  // Anybody may leave, and step down.
  const isLess = isOwn && to === null;
  if (!isLess && !mayChangeMember(scope.role, { from: toOrgRole(row.role), to })) throw ownersOnly();
  const auditId = `aud_${ctx.system.ulid()}`;
  const subject = {
    orgId: scope.orgId,
    tenantId: null,
    before: { userId: row.userId, role: row.role },
    after: to === null ? {} : { userId: row.userId, role: to },
  };
  const done = await withAuditEntry(ctx, trail, subject, { id: auditId, outcome: 'done' }, (audit) =>
    memberChange(ctx.d1, {
      orgId: scope.orgId,
      userId: row.userId,
      fromRole: row.role,
      toRole: to,
      actorId: scope.userId,
      actorRole: scope.role,
      audit,
    }),
  );
  if (!done) throw await whyNot(ctx, scope, row);
  await Promise.all([endOnHosts(ctx, auditId), membersTell(ctx, scope.orgId, trail)]);
}

async function whyNot(ctx: Context, scope: OrgScope, row: MemberRow): Promise<AppError> {
  const now = await memberRead(ctx.db, scope.orgId, row.userId);
  const self = await memberRead(ctx.db, scope.orgId, scope.userId);
  if (now?.role === row.role && self?.role === scope.role && row.role === 'owner') {
    return new AppError('member_last_owner', {
      detail: 'An organisation always has an owner, and this is the only one.',
      next: 'Make somebody else an owner first.',
    });
  }
  return new AppError('version_stale', {
    detail: 'Somebody changed the people of this organisation at the same time.',
    next: 'Look at the list again and repeat your change.',
  });
}

/** Asks the cells to end what was written down under `id`; what they do not answer stays for the sweep. */
async function endOnHosts(ctx: Context, id: string): Promise<void> {
  const rows = await ctx.db
    .select()
    .from(sessionEnding)
    .where(and(gte(sessionEnding.id, `${id}_`), lt(sessionEnding.id, `${id}~`)))
    .limit(100);
  const left = await endSessions(ctx, rows);
  if (left > 0) ctx.log('members.endings_left', { left });
}

/** As many as plans allow; each is an entry of the same audit trail, which takes them one after the other. */
const toldAtOnce = 10;

/** The assistants' own lists of people. One whose cell is away is behind its generation, which the sweep mends. */
export async function membersTell(ctx: Context, orgId: string, trail: Trail): Promise<void> {
  const rows = await liveTenantsOfOrg(ctx.db, orgId);
  // Together: a cell that is away holds the answer up for one deadline, not for one each.
  for (let i = 0; i < rows.length; i += toldAtOnce) {
    await Promise.all(
      rows
        .slice(i, i + toldAtOnce)
        .map((row) =>
          membersSync(ctx, trail, row).catch((error: unknown) =>
            ctx.log('members.not_told', { tenant: row.id, error: describeError(error) }),
          ),
        ),
    );
  }
}

async function requireMember(ctx: Context, scope: OrgScope, userId: string): Promise<MemberRow> {
  const row = await memberRead(ctx.db, scope.orgId, userId);
  if (row === null) throw noSuchMember();
  return row;
}

const noSuchMember = (): AppError =>
  new AppError('not_found', {
    detail: 'There is no such person in this organisation.',
    next: 'Look at the list again.',
  });

const ownersOnly = (): AppError =>
  new AppError('forbidden', {
    detail: 'Only an owner may make, change or remove owners.',
    next: 'Ask an owner of the organisation.',
  });

function toMember(row: MemberRow): Member[] {
  const role = toOrgRole(row.role);
  const { userId, name, email, createdAt } = row;
  return role === null ? [] : [{ userId, name, email, role, joinedAt: createdAt.toISOString() }];
}
