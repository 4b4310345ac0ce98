/**
 * The network policy of an assistant. The cell holds it and decides by it; here is who may change it, and the audit entry,
 * which is written before the change is asked for.
 */
import { audit } from '../adapters/d1/schema.ts';
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { EgressLogEntry, EgressPolicy, EgressEffect, EgressMethod } from '../contract/egress.ts';
import { AppError } from '../contract/errors.ts';
import type { Result } from '../contract/result.ts';
import type { NetworkChange } from '../contract/network-rpc.ts';
import type { Context } from '../context.ts';
import { refOf } from './tenant-read.ts';

function valueOf<T>(answer: Result<T>): T {
  if (answer.ok) return answer.value;
  throw new AppError(answer.error.code, { detail: answer.error.detail, next: answer.error.next });
}

export async function networkRead(ctx: Context, row: TenantRow) {
  const { policy, denied, traffic } = valueOf(await ctx.tenants.network(refOf(row)));
  return { policy, denied: [...denied], traffic: [...traffic] };
}

/** @throws AppError version_stale, egress_host_invalid, quota_reached, tenant_deleted, tenant_unreachable */
export async function networkChange(
  ctx: Context,
  { row, userId, change }: { row: TenantRow; userId: string; change: NetworkChange },
): Promise<EgressPolicy> {
  await ctx.db.insert(audit).values({
    id: `aud_${ctx.system.ulid()}`,
    orgId: row.orgId,
    actorId: userId,
    action: `tenant.network.${change.kind}`,
    targetId: row.id,
    atMs: ctx.system.nowMs(),
  });
  return valueOf(await ctx.tenants.changeNetwork({ ...refOf(row), byUserId: userId, change }));
}

export async function networkLog(
  ctx: Context,
  row: TenantRow,
  query: {
    cursor?: string | undefined;
    limit: number;
    host?: string | undefined;
    effect?: EgressEffect | undefined;
  },
): Promise<{ items: EgressLogEntry[]; nextCursor: string | null }> {
  const { cursor, limit, host, effect } = query;
  const beforeSeq = cursor === undefined ? undefined : Number(cursor);
  if (beforeSeq !== undefined && !Number.isSafeInteger(beforeSeq)) return { items: [], nextCursor: null };
  const page = valueOf(await ctx.tenants.networkLog({ ...refOf(row), query: { host, effect, beforeSeq, limit } }));
  return { items: [...page.items], nextCursor: page.nextBeforeSeq === null ? null : String(page.nextBeforeSeq) };
}

export async function networkTest(ctx: Context, row: TenantRow, asked: { method: EgressMethod; url: string }) {
  return valueOf(await ctx.tenants.testNetwork({ ...refOf(row), ...asked }));
}
