/**
 * What tenants tell, as statements whose effect does not depend on order or repetition. Reports are ordered by the
 * tenant's version and then the event's number, totals by their version and then time awake, operations by progress and
 * never reopened; receipts are keyed. Run them in one batch: all of it lasts, or nothing.
 */
import { sql } from 'drizzle-orm';
import type { BatchItem } from 'drizzle-orm/batch';
import type { DrizzleD1Database } from 'drizzle-orm/d1';
import type { Operation, Receipt, TenantReport } from '../../contract/tenant-rpc.ts';
import { operationProgress, progressUntold } from '../../core/operation-progress.ts';
import { operation, receipt, tenant, usagePeriod } from './schema.ts';

export type Statement = BatchItem<'sqlite'>;

/** `seq` is the event's number; 0 for the answer to a call, which an event of the same version replaces. */
export function reportStatements(
  db: DrizzleD1Database,
  report: TenantReport,
  told: { readonly seq: number; readonly atMs: number },
): Statement[] {
  const { usage } = report;
  const statements: Statement[] = [
    db
      .update(tenant)
      .set({
        report: JSON.stringify(report),
        reportVersion: report.version,
        reportSeq: told.seq,
        reportedGeneration: report.generation,
        state: report.state,
        reportedAtMs: told.atMs,
        drilledAtMs: sql`max(${tenant.drilledAtMs}, ${report.lastProvenRestore?.atMs ?? 0})`,
      })
      .where(
        sql`${tenant.id} = ${report.tenantId} AND (${tenant.reportVersion}, ${tenant.reportSeq}) < (${report.version}, ${told.seq})`,
      ),
    db
      .insert(usagePeriod)
      .values({
        tenantId: report.tenantId,
        period: usage.period,
        version: usage.version,
        awakeMs: usage.awakeMs,
        body: JSON.stringify(usage),
      })
      .onConflictDoUpdate({
        target: [usagePeriod.tenantId, usagePeriod.period],
        set: { version: usage.version, awakeMs: usage.awakeMs, body: JSON.stringify(usage) },
        setWhere: sql`(${usagePeriod.version}, ${usagePeriod.awakeMs}) < (excluded.version, excluded.awake_ms)`,
      }),
  ];
  if (report.operation !== null) statements.push(operationStatement(db, report.operation));
  return statements;
}

/** What the tenant says of an operation. */
export function operationStatement(db: DrizzleD1Database, told: Operation): Statement {
  const values = {
    body: JSON.stringify(told),
    finished: told.finishedAtMs !== null,
    progress: operationProgress(told),
  };
  return db
    .insert(operation)
    .values({ id: told.id, tenantId: told.tenantId, startedAtMs: told.startedAtMs, ...values })
    .onConflictDoUpdate({
      target: operation.id,
      set: values,
      setWhere: sql`${operation.tenantId} = ${told.tenantId} AND ${operation.finished} = 0
        AND (excluded.finished = 1 OR excluded.progress > ${operation.progress})`,
    });
}

/** An operation that is about to be asked for; anything the tenant says of it replaces this. */
export function intendedOperation(db: DrizzleD1Database, intended: Operation): Statement {
  return db
    .insert(operation)
    .values({
      id: intended.id,
      tenantId: intended.tenantId,
      body: JSON.stringify(intended),
      finished: false,
      progress: progressUntold,
      startedAtMs: intended.startedAtMs,
    })
    .onConflictDoNothing();
}

export function receiptStatement(db: DrizzleD1Database, tenantId: string, told: Receipt): Statement {
  const day = new Date(told.atMs).toISOString().slice(0, 10);
  return db
    .insert(receipt)
    .values({ tenantId, day, ...told })
    .onConflictDoNothing();
}

/** Runs statements as one batch. */
export async function runBatch(db: DrizzleD1Database, statements: readonly Statement[]): Promise<void> {
  const [head, ...rest] = statements;
  if (head !== undefined) await db.batch([head, ...rest]);
}
