/**
 * What tenants tell, as statements whose effect does not depend on order or repetition. Reports are ordered by the
 * tenant's version and then the event's number, totals by their version and then time awake, operations by progress and
 * never reopened; receipts are keyed. Run them in one batch: all of it lasts, or nothing.
 */
import { and, desc, eq, lte, or, sql } from 'drizzle-orm';
import type { BatchItem } from 'drizzle-orm/batch';
import type { DrizzleD1Database } from 'drizzle-orm/d1';
import type { Incident } from '../../contract/incident.ts';
import type { Operation, Receipt, TenantReport } from '../../contract/tenant-rpc.ts';
import { operationProgress, progressUntold } from '../../core/operation-progress.ts';
import { incident, operation, receipt, tenant, usagePeriod } from './schema.ts';

export type Statement = BatchItem<'sqlite'>;

/** Finished operations and incidents kept of each tenant. */
const operationsKept = 300;
const incidentsKept = 200;

/** Sorts by number, and after every operation's id of the same time. */
const incidentId = (seq: number): string => `inc_${String(seq).padStart(12, '0')}`;

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
  // What its assistant said goes with it.
  if (report.state === 'deleted') statements.push(db.delete(incident).where(eq(incident.tenantId, report.tenantId)));
  return statements;
}

/** What the tenant says of an operation. */
function operationStatement(db: DrizzleD1Database, told: Operation): Statement {
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

/** The same as an event; what has ended and is older than the newest kept goes. */
export function operationStatements(db: DrizzleD1Database, told: Operation): Statement[] {
  const statements = [operationStatement(db, told)];
  if (told.finishedAtMs === null) return statements;
  const newest = db
    .select({ at: operation.startedAtMs })
    .from(operation)
    .where(eq(operation.tenantId, told.tenantId))
    .orderBy(desc(operation.startedAtMs))
    .limit(1)
    .offset(operationsKept);
  return [
    ...statements,
    db
      .delete(operation)
      .where(
        and(
          eq(operation.tenantId, told.tenantId),
          eq(operation.finished, true),
          lte(operation.startedAtMs, sql`(${newest})`),
        ),
      ),
  ];
}

/** What the tenant says of a recovery: the highest version of it stays, and the newest of all. None of an erased tenant. */
export function incidentStatements(db: DrizzleD1Database, tenantId: string, told: Incident): Statement[] {
  const values = { version: told.version, body: JSON.stringify(told) };
  const erased = sql`EXISTS (SELECT 1 FROM ${tenant} WHERE ${tenant.id} = ${tenantId} AND ${tenant.state} = 'deleted')`;
  return [
    db
      .insert(incident)
      .values({ tenantId, seq: told.seq, id: incidentId(told.seq), noticedAtMs: told.noticedAtMs, ...values })
      .onConflictDoUpdate({
        target: [incident.tenantId, incident.seq],
        set: values,
        setWhere: sql`${incident.version} < excluded.version`,
      }),
    db
      .delete(incident)
      .where(and(eq(incident.tenantId, tenantId), or(lte(incident.seq, told.seq - incidentsKept), erased))),
  ];
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

/** A trigger sums it up by the hour, and leaves out one from before the cutoff of receipts. */
export function receiptStatement(db: DrizzleD1Database, tenantId: string, told: Receipt): Statement {
  const day = new Date(told.atMs).toISOString().slice(0, 10);
  const { part, ...facts } = told;
  return db
    .insert(receipt)
    .values({ tenantId, day, ...facts, ...part })
    .onConflictDoNothing();
}

/** Runs statements as one batch. */
export async function runBatch(db: DrizzleD1Database, statements: readonly Statement[]): Promise<void> {
  const [head, ...rest] = statements;
  if (head !== undefined) await db.batch([head, ...rest]);
}
