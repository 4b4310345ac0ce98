/**
 * Keeps what a tenant answered to a call, by the same rules as what it tells through the queue. A failure here loses
 * nothing: the tenant's events say it again.
 */
import { operationStatements, reportStatements, runBatch } from '../adapters/d1/projection.ts';
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { Operation, TenantReport } from '../contract/tenant-rpc.ts';
import type { Context } from '../context.ts';
import { describeError } from '../events.ts';

/** Writes only what is newer than `row`, so that a page that polls writes nothing. */
export async function rememberReport(ctx: Context, row: TenantRow, report: TenantReport): Promise<void> {
  if (report.tenantId !== row.id || report.version <= row.reportVersion) return;
  try {
    await runBatch(ctx.db, reportStatements(ctx.db, report, { seq: 0, atMs: ctx.system.nowMs() }));
  } catch (error) {
    ctx.log('tenant.report_not_kept', { tenant: row.id, error: describeError(error) });
  }
}

export async function rememberOperation(ctx: Context, operation: Operation): Promise<void> {
  try {
    await runBatch(ctx.db, operationStatements(ctx.db, operation));
  } catch (error) {
    ctx.log('operation.not_kept', { operation: operation.id, error: describeError(error) });
  }
}
