/** Who may do what: the actions, the roles of an organisation, and the table of both. */

/** Actions of the role table; `public` needs no session, `signed-in` any session. */
export const permissions = [
  'public',
  'signed-in',
  'tenant:read',
  'tenant:create',
  'tenant:operate',
  'tenant:configure',
  'usage:read',
  'audit:read',
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
  },
};
