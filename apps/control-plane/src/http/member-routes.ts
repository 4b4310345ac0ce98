/** The handlers of `memberEndpoints`. */
import type { memberEndpoints } from '../contract/members-api.ts';
import { allows } from '../contract/roles.ts';
import {
  invitationAccept,
  invitationCreate,
  invitationDecline,
  invitationList,
  invitationLook,
  invitationResend,
  invitationRevoke,
} from '../services/invitations.ts';
import {
  memberList,
  memberRemove,
  memberSessionsEnd,
  memberUpdate,
  orgLeave,
  sessionsEnd,
} from '../services/members.ts';
import type { Handler } from './implement.ts';

type Handlers = { readonly [Name in keyof typeof memberEndpoints]: Handler<(typeof memberEndpoints)[Name]> };

export const memberHandlers: Handlers = {
  memberList: async ({ ctx, scope }) => ({
    members: await memberList(ctx, scope.orgId),
    invitations: allows(scope.role, 'org:manage') ? await invitationList(ctx, scope.orgId) : [],
  }),
  memberUpdate: ({ ctx, scope, trail, params, body }) =>
    memberUpdate(ctx, scope, trail, { userId: params.userId, role: body.role }),
  memberRemove: ({ ctx, scope, trail, params }) => memberRemove(ctx, scope, trail, params.userId),
  memberSessionsEnd: ({ ctx, scope, trail, params, place }) =>
    memberSessionsEnd(ctx, scope, trail, { userId: params.userId, place }),
  orgLeave: ({ ctx, scope, trail }) => orgLeave(ctx, scope, trail),
  invitationCreate: ({ ctx, scope, trail, body, idempotencyKey }) =>
    invitationCreate(ctx, scope, trail, { ...body, idempotencyKey }),
  invitationResend: ({ ctx, scope, trail, params }) => invitationResend(ctx, scope, trail, params.invitationId),
  invitationRevoke: ({ ctx, scope, trail, params }) => invitationRevoke(ctx, scope, trail, params.invitationId),
  invitationLook: ({ ctx, session, body }) => invitationLook(ctx, session.userId, body.token),
  invitationAccept: ({ ctx, trail, body }) => invitationAccept(ctx, trail, body.token),
  invitationDecline: ({ ctx, trail, body }) => invitationDecline(ctx, trail, body.token),
  sessionsEnd: ({ ctx, session, place }) => sessionsEnd(ctx, session.userId, place),
};
