/** The part of the endpoint table about an organisation's people. `api.ts` takes it in; nobody else imports it. */
import { z } from 'zod';
import type { Endpoint } from './endpoint.ts';
import { OpaqueId, OrgId, UserId } from './ids.ts';
import { orgRoles } from './roles.ts';

const OrgParams = z.object({ orgId: OrgId });
const MemberParams = OrgParams.extend({ userId: UserId });
const InvitationParams = OrgParams.extend({ invitationId: OpaqueId });
const Role = z.enum(orgRoles);
const Instant = z.iso.datetime();
/** In a body, never in an address: addresses are logged. */
const token = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

export const Member = z.object({
  userId: UserId,
  name: z.string(),
  email: z.string(),
  role: Role,
  joinedAt: Instant,
});
export type Member = z.infer<typeof Member>;

/** One that waits. It is `expired` when its time is over; sending it again gives it a new one. */
export const Invitation = z.object({
  id: OpaqueId,
  email: z.string(),
  role: Role,
  invitedBy: z.string(),
  sentAt: Instant,
  expiresAt: Instant,
  expired: z.boolean(),
});
export type Invitation = z.infer<typeof Invitation>;

const Ended = z.object({ ended: z.number().int().min(0) });

export const memberEndpoints = {
  memberList: {
    method: 'get',
    path: '/api/v1/orgs/{orgId}/members',
    summary: 'The people of an organisation; invitations that wait, for those who may invite',
    permission: 'org:read',
    params: OrgParams,
    status: 200,
    response: z.object({ members: z.array(Member), invitations: z.array(Invitation) }),
  },
  memberUpdate: {
    method: 'patch',
    path: '/api/v1/orgs/{orgId}/members/{userId}',
    summary: 'Give somebody another role',
    audit: 'member.role',
    permission: 'org:manage',
    params: MemberParams,
    body: z.strictObject({ role: Role }),
    status: 200,
    response: Member,
  },
  memberRemove: {
    method: 'delete',
    path: '/api/v1/orgs/{orgId}/members/{userId}',
    summary: 'Remove somebody; what they have open of the assistants ends',
    audit: 'member.remove',
    permission: 'org:manage',
    params: MemberParams,
    status: 200,
    response: z.object({ removed: z.boolean() }),
  },
  memberSessionsEnd: {
    method: 'post',
    path: '/api/v1/orgs/{orgId}/members/{userId}/end-sessions',
    summary: 'Sign somebody out everywhere; they stay in the organisation',
    audit: 'member.sessions_end',
    permission: 'org:manage',
    params: MemberParams,
    status: 200,
    response: Ended,
  },
  orgLeave: {
    method: 'post',
    path: '/api/v1/orgs/{orgId}/leave',
    summary: 'Leave an organisation; its last owner cannot',
    audit: 'member.leave',
    permission: 'org:read',
    params: OrgParams,
    status: 200,
    response: z.object({ left: z.boolean() }),
  },
  invitationCreate: {
    method: 'post',
    path: '/api/v1/orgs/{orgId}/invitations',
    summary: 'Invite somebody by e-mail',
    audit: 'invitation.create',
    permission: 'org:manage',
    params: OrgParams,
    body: z.strictObject({ email: z.email().max(254), role: Role }),
    status: 201,
    response: Invitation,
    idempotent: true,
  },
  invitationResend: {
    method: 'post',
    path: '/api/v1/orgs/{orgId}/invitations/{invitationId}/resend',
    summary: 'Send an invitation again, with a new link; the old one stops working',
    audit: 'invitation.resend',
    permission: 'org:manage',
    params: InvitationParams,
    status: 200,
    response: Invitation,
  },
  invitationRevoke: {
    method: 'delete',
    path: '/api/v1/orgs/{orgId}/invitations/{invitationId}',
    summary: 'Take an invitation back',
    audit: 'invitation.revoke',
    permission: 'org:manage',
    params: InvitationParams,
    status: 200,
    response: z.object({ revoked: z.boolean() }),
  },
  invitationLook: {
    method: 'post',
    path: '/api/v1/invitations/look',
    summary: 'What an invitation is to, for whoever has its link',
    audit: { none: 'Reads; the secret is in the body so that no log has it.' },
    permission: 'signed-in',
    body: z.strictObject({ token }),
    status: 200,
    response: z.object({
      organisation: z.string(),
      role: Role,
      invitedBy: z.string(),
      email: z.string(),
      /** Whether it was sent to the address of the account that asks. */
      forYou: z.boolean(),
      expiresAt: Instant,
    }),
  },
  invitationAccept: {
    method: 'post',
    path: '/api/v1/invitations/accept',
    summary: 'Join the organisation that an invitation is to',
    audit: 'invitation.accept',
    permission: 'signed-in',
    body: z.strictObject({ token }),
    status: 200,
    response: z.object({ orgId: OrgId }),
  },
  invitationDecline: {
    method: 'post',
    path: '/api/v1/invitations/decline',
    summary: 'Say no to an invitation',
    audit: 'invitation.decline',
    permission: 'signed-in',
    body: z.strictObject({ token }),
    status: 200,
    response: z.object({ declined: z.boolean() }),
  },
  sessionsEnd: {
    method: 'post',
    path: '/api/v1/me/end-sessions',
    summary: 'Sign yourself out everywhere, here too: every browser, every assistant',
    audit: { none: 'An account is in no organisation’s trail.' },
    permission: 'signed-in',
    status: 200,
    response: Ended,
  },
} as const satisfies Record<string, Endpoint>;
