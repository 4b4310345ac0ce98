/** Who may do what: the actions, the roles of an organisation, and the table of both. */

/**
 * Actions of the role table; `public` needs no session, `signed-in` any session. `fleet:operate` is the platform's own staff
 * (`isStaff`): no role of an organisation has it.
 */
export const permissions = [
  'public',
  'signed-in',
  'tenant:read',
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

export const orgRoles = ['owner', 'admin', 'member'] as const;
export type OrgRole = (typeof orgRoles)[number];

/** Role × action, total. */
export const roleAllows: Record<OrgRole, Record<Permission, boolean>> = {
  owner: {
    public: true,
    'signed-in': true,
    'tenant:read': true,
    'tenant:create': true,
    'tenant:operate': true,
    'tenant:configure': true,
    'usage:read': true,
    'audit:read': true,
    'apikey:manage': true,
    'fleet:operate': false,
    'billing:read': true,
    'billing:manage': true,
  },
  admin: {
    public: true,
    'signed-in': true,
    'tenant:read': true,
    'tenant:create': true,
    'tenant:operate': true,
    'tenant:configure': true,
    'usage:read': true,
    'audit:read': true,
    'apikey:manage': true,
    'fleet:operate': false,
    'billing:read': true,
    'billing:manage': true,
  },
  member: {
    public: true,
    'signed-in': true,
    'tenant:read': true,
    'tenant:create': false,
    'tenant:operate': true,
    'tenant:configure': false,
    'usage:read': true,
    'audit:read': false,
    'apikey:manage': false,
    'fleet:operate': false,
    'billing:read': false,
    'billing:manage': false,
  },
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
