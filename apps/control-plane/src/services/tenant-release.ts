/**
 * Changing an assistant's OpenClaw version: upgrades to a newer one, and the way back. Checked here against what the
 * assistant says now; the cell tries, promotes or stays (docs/upgrades.md).
 */
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { Tenant } from '../contract/api.ts';
import type { Trail } from '../contract/audit.ts';
import { AppError } from '../contract/errors.ts';
import { compareReleases } from '../contract/releases.ts';
import type { Operation } from '../contract/tenant-rpc.ts';
import type { Context } from '../context.ts';
import { chosenRelease } from './release-read.ts';
import { tenantCommand } from './tenant-command.ts';
import { tenantRead } from './tenant-read.ts';
import { specOf } from './tenant-view.ts';

interface ReleaseRequest {
  readonly row: TenantRow;
  readonly trail: Trail;
  readonly idempotencyKey: string;
}

/**
 * @throws AppError release_unknown, release_not_newer, tenant_not_startable, tenant_unreachable, generation_stale
 */
export async function tenantUpgrade(ctx: Context, request: ReleaseRequest, wanted: string): Promise<Operation> {
  const release = chosenRelease(ctx, wanted);
  const refuse = (now: Tenant): AppError | null =>
    compareReleases(release, now.release) >= 0
      ? null
      : new AppError('release_not_newer', {
          detail: `It runs OpenClaw ${now.release}; ${release} is older and cannot read what it wrote.`,
          next: 'Roll back to the version and the state from before the upgrade, or restore a snapshot.',
        });
  return tenantCommand(ctx, { ...request, what: { kind: 'upgrade', release }, refuse });
}

/**
 * @throws AppError rollback_unavailable, tenant_not_startable, tenant_unreachable, generation_stale
 */
export async function tenantRollback(ctx: Context, request: ReleaseRequest): Promise<Operation> {
  const { rollback } = await tenantRead(ctx, request.row);
  // A repeat may come after the change was made: then what is wanted already is what was asked for.
  const release = rollback?.release ?? specOf(request.row).release;
  return tenantCommand(ctx, { ...request, what: { kind: 'upgrade', release }, refuse: withoutWayBack });
}

function withoutWayBack({ rollback }: Tenant): AppError | null {
  if (rollback !== null) return null;
  return new AppError('rollback_unavailable', {
    detail: 'There is no upgrade to go back from.',
    next: 'Restore a snapshot instead.',
  });
}
