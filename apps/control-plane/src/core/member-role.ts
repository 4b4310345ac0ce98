/** What a role in an organisation is worth on the tenant host. */
import type { OrgRole } from '../contract/api.ts';
import type { MemberRole } from '../contract/tenant-rpc.ts';

const memberRoles: Record<OrgRole, MemberRole> = { owner: 'owner', admin: 'owner', member: 'operator' };

export function toMemberRole(role: OrgRole): MemberRole {
  return memberRoles[role];
}
