/**
 * Devices and senders of an assistant. The assistant itself decides and remembers; what is answered for it is written to
 * the audit trail around the asking.
 */
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { Trail } from '../contract/audit.ts';
import type { DeviceChange, DeviceList } from '../contract/device-api.ts';
import { AppError } from '../contract/errors.ts';
import type { Result } from '../contract/result.ts';
import type { Context } from '../context.ts';
import { withIntent } from './audit-record.ts';
import { refOf } from './tenant-read.ts';

function valueOf<T>(answer: Result<T>): T {
  if (answer.ok) return answer.value;
  throw new AppError(answer.error.code, { detail: answer.error.detail, next: answer.error.next });
}

/** Wakes nothing. */
export async function deviceList(ctx: Context, row: TenantRow): Promise<DeviceList> {
  return valueOf(await ctx.tenants.devices(refOf(row)));
}

/** @throws AppError tenant_asleep, pairing_gone, tenant_unreachable */
export async function deviceChange(
  ctx: Context,
  row: TenantRow,
  trail: Trail,
  change: DeviceChange,
): Promise<DeviceList> {
  const subject = { orgId: row.orgId, tenantId: row.id, after: change };
  return withIntent(ctx, trail, subject, async () =>
    valueOf(await ctx.tenants.changeDevices({ ...refOf(row), change })),
  );
}
