/**
 * The network policy of an assistant. The cell holds it and decides by it; here is who may change it, and what of it is
 * written to the audit trail around the asking.
 */
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { EgressLogEntry, EgressPolicy, EgressMethod } from '../contract/egress.ts';
import type { AuditFacts, Trail } from '../contract/audit.ts';
import { AppError } from '../contract/errors.ts';
import { unreachable } from '../contract/result.ts';
import type { Result } from '../contract/result.ts';
import type { NetworkChange, NetworkLogQuery } from '../contract/network-rpc.ts';
import type { Context } from '../context.ts';
import { withIntent } from './audit-record.ts';
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
  { row, trail, change }: { row: TenantRow; trail: Trail; change: NetworkChange },
): Promise<EgressPolicy> {
  const subject = { orgId: row.orgId, tenantId: row.id, after: told(change) };
  return withIntent(ctx, trail, subject, async () =>
    valueOf(await ctx.tenants.changeNetwork({ ...refOf(row), byUserId: trail.actor.id, change })),
  );
}

/** What is asked for, for the audit trail: rules are counted or named by their host, not copied. */
function told(change: NetworkChange): AuditFacts {
  switch (change.kind) {
    case 'replace':
      return { version: change.version, preset: change.preset, rules: change.rules.length };
    case 'add_rule':
      return { version: change.version, host: change.rule.host, effect: change.rule.effect };
    case 'answer':
      return {
        host: change.host,
        verdict: change.verdict,
        ...(change.method === null ? {} : { method: change.method }),
      };
    case 'remove_rule':
      return { ruleId: change.ruleId };
    case 'remove_answer':
      return { answerId: change.answerId };
    default:
      return unreachable(change);
  }
}

export async function networkLog(
  ctx: Context,
  row: TenantRow,
  query: Omit<NetworkLogQuery, 'beforeSeq'> & { cursor?: string | undefined },
): Promise<{ items: EgressLogEntry[]; nextCursor: string | null }> {
  const { cursor, ...search } = query;
  const beforeSeq = cursor === undefined ? undefined : Number(cursor);
  if (beforeSeq !== undefined && !Number.isSafeInteger(beforeSeq)) return { items: [], nextCursor: null };
  const page = valueOf(await ctx.tenants.networkLog({ ...refOf(row), query: { ...search, beforeSeq } }));
  return { items: [...page.items], nextCursor: page.nextBeforeSeq === null ? null : String(page.nextBeforeSeq) };
}

export async function networkTest(ctx: Context, row: TenantRow, asked: { method: EgressMethod; url: string }) {
  return valueOf(await ctx.tenants.testNetwork({ ...refOf(row), ...asked }));
}
