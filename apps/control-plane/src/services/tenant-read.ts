/**
 * Reading an assistant: as it is now when its cell answers in time, else as it last told. Reading wakes nothing. An
 * assistant that its cell has never heard of is sent there again; one that the cell has lost is shown as it was and
 * reported, never made anew.
 */
import { operationRow, tenantFor, tenantsOfOrg } from '../adapters/d1/tenants.ts';
import type { OrgScope, TenantRow, TenantScope } from '../adapters/d1/tenants.ts';
import type { Permission, Tenant } from '../contract/api.ts';
import { allows } from '../contract/api.ts';
import { AppError } from '../contract/errors.ts';
import { TenantId } from '../contract/ids.ts';
import { Operation } from '../contract/tenant-rpc.ts';
import type { TenantRef, TenantReport } from '../contract/tenant-rpc.ts';
import type { Context } from '../context.ts';
import { provision } from './tenant-create.ts';
import { rememberReport } from './tenant-memory.ts';
import { storedReport, toTenant } from './tenant-view.ts';

/** A missing assistant and somebody else's are the same answer. */
export const noSuchTenant = (): AppError =>
  new AppError('not_found', {
    detail: 'There is no such assistant, or it is not yours.',
    next: 'Go back to your assistants.',
  });

/** The assistant, when this person may do `permission` with it. */
export async function requireTenant(
  ctx: Context,
  userId: string,
  by: { readonly id: string } | { readonly slug: string },
  permission: Permission,
): Promise<TenantScope> {
  const found = await tenantFor(ctx.db, userId, by);
  if (found === null) throw noSuchTenant();
  if (!allows(found.role, permission)) {
    throw new AppError('forbidden', {
      detail: `Your role (${found.role}) does not allow this.`,
      next: 'Ask an owner of the organisation.',
    });
  }
  return found;
}

export const refOf = (row: TenantRow): TenantRef => ({ tenantId: TenantId.parse(row.id), slug: row.slug });

/** What the tenant says now; null when its cell does not say it in time. */
export async function liveReport(ctx: Context, row: TenantRow): Promise<TenantReport | null> {
  const answer = await ctx.tenants.report(refOf(row));
  if (answer.ok) {
    ctx.later(rememberReport(ctx, row, answer.value));
    return answer.value;
  }
  if (answer.error.code !== 'tenant_unknown') return null;
  if (row.report === null) return provision(ctx, row);
  ctx.log('tenant.lost', { tenant: row.id, slug: row.slug });
  return null;
}

export async function tenantRead(ctx: Context, row: TenantRow): Promise<Tenant> {
  const live = await liveReport(ctx, row);
  const nowMs = ctx.system.nowMs();
  if (live !== null) return toTenant({ config: ctx.config, row, report: live, live: true, nowMs });
  const report = storedReport(row);
  const stored = report === null ? await operationRow(ctx.db, row.provisionOperationId) : undefined;
  const operation = stored === undefined ? null : Operation.parse(JSON.parse(stored.body));
  return toTenant({ config: ctx.config, row, report, live: false, nowMs, operation });
}

/** A page of an organisation's assistants, from the stored copies alone. */
export async function tenantList(
  ctx: Context,
  scope: OrgScope,
  page: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<{ items: Tenant[]; nextCursor: string | null }> {
  const rows = await tenantsOfOrg(ctx.db, scope.orgId, { after: page.cursor ?? '', limit: page.limit + 1 });
  const nowMs = ctx.system.nowMs();
  const items = rows
    .slice(0, page.limit)
    .map((row) => toTenant({ config: ctx.config, row, report: storedReport(row), live: false, nowMs }));
  return { items, nextCursor: rows.length > page.limit ? (items.at(-1)?.id ?? null) : null };
}
