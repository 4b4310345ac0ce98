/**
 * Snapshots for people: listed, compared, protected and accepted. The tenant's own index is the only place that knows them;
 * nothing is copied to D1, and asking wakes nothing.
 */
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { Snapshot, SnapshotList } from '../contract/api.ts';
import type { Trail } from '../contract/audit.ts';
import { AppError } from '../contract/errors.ts';
import type { Result } from '../contract/result.ts';
import type { SnapshotChanges, TenantSnapshot } from '../contract/tenant-rpc.ts';
import type { Context } from '../context.ts';
import { withIntent } from './audit-record.ts';
import { refOf } from './tenant-read.ts';

const instant = (ms: number): string => new Date(ms).toISOString();

function toSnapshot({ atMs, provenAtMs, ...facts }: TenantSnapshot): Snapshot {
  return { ...facts, at: instant(atMs), provenAt: provenAtMs === null ? null : instant(provenAtMs) };
}

function valueOf<T>(answer: Result<T>): T {
  if (answer.ok) return answer.value;
  throw new AppError(answer.error.code, { detail: answer.error.detail, next: answer.error.next });
}

export async function snapshotList(ctx: Context, row: TenantRow): Promise<SnapshotList> {
  const { items, restore } = valueOf(await ctx.tenants.snapshots(refOf(row)));
  if (restore === null) return { items: items.map(toSnapshot), restore };
  const { askedAtMs, ...asked } = restore;
  return { items: items.map(toSnapshot), restore: { ...asked, askedAt: instant(askedAtMs) } };
}

/** @throws AppError snapshot_unknown, snapshot_without_inventory */
export async function snapshotChanges(ctx: Context, row: TenantRow, snapshotId: string): Promise<SnapshotChanges> {
  return valueOf(await ctx.tenants.snapshotChanges({ ...refOf(row), snapshotId }));
}

export interface SnapshotUpdate {
  readonly protected?: boolean | undefined;
  readonly accepted?: true | undefined;
}

export async function snapshotUpdate(
  ctx: Context,
  trail: Trail,
  row: TenantRow,
  snapshotId: string,
  update: SnapshotUpdate,
): Promise<Snapshot> {
  const subject = { orgId: row.orgId, tenantId: row.id, after: { snapshotId, ...update } };
  return withIntent(ctx, trail, subject, async () =>
    toSnapshot(valueOf(await ctx.tenants.changeSnapshot({ ...refOf(row), snapshotId, ...update }))),
  );
}
