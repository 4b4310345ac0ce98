/** Why a button about snapshots cannot be pressed now. Role first: waiting would not help there. */
import type { OrgRole, Permission, Tenant } from '../../../control-plane/src/contract/api.ts';
import { tenantAllows } from '../../../control-plane/src/contract/tenant-rpc.ts';
import { isMoving, roleMay } from '../api/queries.ts';

export function reasonAgainst(
  action: 'snapshot' | 'restore' | 'put_file',
  permission: Permission,
  tenant: Tenant,
  role: OrgRole,
): string | undefined {
  const may = roleMay(role, permission);
  if (!may.allowed) return may.reason;
  const allowed = tenantAllows(action, tenant.state);
  if (!allowed.allowed) return allowed.reason;
  return isMoving(tenant) ? 'Wait until what is under way is finished.' : undefined;
}
