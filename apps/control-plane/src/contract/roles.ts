/**
 * Who may do what: the actions, the roles of an organisation, the table of both, and what a role is worth inside an
 * assistant. Everything here is total: a role or an action that is missing does not compile.
 */
import type { MemberRole } from './tenant-rpc.ts';

/**
 * Actions of the role table; `public` needs no session, `signed-in` any session. `fleet:operate` is the platform's own staff
 * (`isStaff`): no role of an organisation has it.
 */
export const permissions = [
  'public',
  'signed-in',
  'org:read',
  'org:manage',
  'tenant:read',
  'tenant:open',
  'tenant:create',
  'tenant:operate',
  'tenant:configure',
  'usage:read',
  'audit:read',
  'apikey:manage',
  'fleet:operate',
  'billing:read',
  'billing:manage',
] as const;
export type Permission = (typeof permissions)[number];

/** Strongest first. */
export const orgRoles = ['owner', 'admin', 'member', 'viewer'] as const;
export type OrgRole = (typeof orgRoles)[number];

const viewer: Record<Permission, boolean> = {
  public: true,
  'signed-in': true,
  'org:read': true,
  'org:manage': false,
  'tenant:read': true,
  'tenant:open': true,
  'tenant:create': false,
  'tenant:operate': false,
  'tenant:configure': false,
  'usage:read': true,
  'audit:read': false,
  'apikey:manage': false,
  'fleet:operate': false,
  'billing:read': false,
  'billing:manage': false,
};
const manager: Record<Permission, boolean> = {
  ...viewer,
  'org:manage': true,
  'tenant:create': true,
  'tenant:operate': true,
  'tenant:configure': true,
  'audit:read': true,
  'apikey:manage': true,
  'billing:read': true,
  'billing:manage': true,
};

/** Role × action, total. */
export const roleAllows: Record<OrgRole, Record<Permission, boolean>> = {
  owner: manager,
  // What an owner may and an admin may not is about other people: `mayChangeMember`.
  admin: manager,
  member: { ...viewer, 'tenant:operate': true },
  viewer,
};

/**
 * Whether somebody may bring a person from one role to another; null stands for not being in the organisation. Owners
 * are made, changed and removed by owners only. That one owner stays is not decided here but where it is written.
 */
export function mayChangeMember(actor: Standing, change: { from: OrgRole | null; to: OrgRole | null }): boolean {
  if (!allows(actor, 'org:manage')) return false;
  return actor === 'owner' || (change.from !== 'owner' && change.to !== 'owner');
}

/** What a role in an organisation is worth on the tenant host. */
export const tenantRoleOf: Record<OrgRole, MemberRole> = {
  owner: 'owner',
  admin: 'owner',
  member: 'operator',
  viewer: 'viewer',
};

/**
 * OpenClaw's operator scopes by role on the tenant host. They go with every request, as a ceiling: on HTTP their absence
 * means full admin, and on the socket they cap what a device or an identity was granted (OpenClaw, trusted-proxy auth).
 */
export const operatorScopes: Record<MemberRole, readonly string[]> = {
  owner: [
    'operator.admin',
    'operator.read',
    'operator.write',
    'operator.approvals',
    'operator.questions',
    'operator.pairing',
    'operator.talk.secrets',
  ],
  operator: ['operator.read', 'operator.write', 'operator.approvals', 'operator.questions'],
  viewer: ['operator.read'],
};

/** What an API key may be for. */
export const keyScopes = ['read', 'operate', 'admin'] as const;
export type KeyScope = (typeof keyScopes)[number];

/**
 * Scope → actions; what isn't named isn't allowed. None has `signed-in`, which needs a person, nor the management of keys
 * and people: a key makes no other way in.
 */
const scopePermissions: Record<KeyScope, readonly Permission[]> = {
  read: ['tenant:read', 'usage:read'],
  operate: ['tenant:read', 'usage:read', 'tenant:operate'],
  admin: ['tenant:read', 'usage:read', 'tenant:operate', 'tenant:create', 'tenant:configure', 'audit:read'],
};

/** As what somebody acts in an organisation. */
export type Standing = OrgRole | `key:${KeyScope}`;

export function keyAllows(scope: KeyScope, permission: Permission): boolean {
  return permission === 'public' || scopePermissions[scope].includes(permission);
}

export function allows(standing: Standing, permission: Permission): boolean {
  const scope = keyScopes.find((each) => standing === `key:${each}`);
  return scope === undefined ? roleAllows[standing as OrgRole][permission] : keyAllows(scope, permission);
}
