/**
 * Applies the cells' events to D1, so that a repeat or another order changes nothing: reports and totals only when not
 * older than what is there, receipts by key, operations never reopened. One D1 batch per tenant: all or nothing. What was
 * applied is acknowledged to the cell; what cannot be read goes to the dead-letter queue and blocks nobody.
 */
import { sql } from 'drizzle-orm';
import type { BatchItem } from 'drizzle-orm/batch';
import { operation, receipt, tenant, usagePeriod } from '../adapters/d1/schema.ts';
import { TenantEvent } from '../contract/tenant-rpc.ts';
import { unreachable } from '../contract/result.ts';
import type { Context } from '../context.ts';

/** The part of a queue message that is used. */
export interface EventMessage {
  readonly body: unknown;
  ack(): void;
  retry(): void;
}

export async function consumeTenantEvents(messages: readonly EventMessage[], ctx: Context): Promise<void> {
  const groups = new Map<string, { event: TenantEvent; message: EventMessage }[]>();
  for (const message of messages) {
    const parsed = TenantEvent.safeParse(message.body);
    if (!parsed.success) {
      // Retried to the limit, then in the dead-letter queue, where an operator finds it.
      ctx.log('event.unreadable', { problem: parsed.error.issues[0]?.message.slice(0, 200) ?? 'unknown' });
      message.retry();
      continue;
    }
    const group = groups.get(parsed.data.tenantId) ?? [];
    group.push({ event: parsed.data, message });
    groups.set(parsed.data.tenantId, group);
  }
  for (const group of groups.values()) await applyGroup(ctx, group);
}

async function applyGroup(
  ctx: Context,
  group: readonly { event: TenantEvent; message: EventMessage }[],
): Promise<void> {
  const first = group[0]?.event;
  if (first === undefined) return;
  try {
    const statements = group.flatMap(({ event }) => statementsFor(ctx, event));
    const [head, ...rest] = statements;
    if (head !== undefined) await ctx.db.batch([head, ...rest]);
  } catch (error) {
    ctx.log('event.apply_failed', { tenant: first.tenantId, events: group.length, error: String(error).slice(0, 300) });
    for (const { message } of group) message.retry();
    return;
  }
  for (const { message } of group) message.ack();
  try {
    await ctx.tenants.acknowledge({
      tenantId: first.tenantId,
      slug: first.slug,
      seqs: group.map(({ event }) => event.seq),
    });
  } catch (error) {
    // The cell sends them again; applying them again changes nothing.
    ctx.log('event.ack_failed', { tenant: first.tenantId, error: String(error).slice(0, 200) });
  }
}

type Statement = BatchItem<'sqlite'>;

function statementsFor(ctx: Context, event: TenantEvent): Statement[] {
  const { db } = ctx;
  const { tenantId } = event;
  switch (event.kind) {
    case 'report': {
      const { report } = event;
      return [
        db
          .update(tenant)
          .set({
            report: JSON.stringify(report),
            reportVersion: report.version,
            reportedGeneration: report.generation,
            state: report.state,
            reportedAtMs: event.atMs,
          })
          .where(
            sql`${tenant.id} = ${tenantId} AND ${tenant.reportVersion} <= ${report.version} AND ${tenant.reportedAtMs} <= ${event.atMs}`,
          ),
        db
          .insert(usagePeriod)
          .values({
            tenantId,
            period: report.usage.period,
            version: report.usage.version,
            body: JSON.stringify(report.usage),
            reportVersion: report.version,
          })
          .onConflictDoUpdate({
            target: [usagePeriod.tenantId, usagePeriod.period],
            set: { version: report.usage.version, body: JSON.stringify(report.usage), reportVersion: report.version },
            setWhere: sql`${usagePeriod.version} <= ${report.usage.version} AND ${usagePeriod.reportVersion} <= ${report.version}`,
          }),
      ];
    }
    case 'operation': {
      const body = event.operation;
      const finished = body.finishedAtMs !== null;
      return [
        db
          .insert(operation)
          .values({ id: body.id, tenantId, body: JSON.stringify(body), finished, startedAtMs: body.startedAtMs })
          .onConflictDoUpdate({
            target: operation.id,
            set: { body: JSON.stringify(body), finished },
            setWhere: sql`${operation.tenantId} = ${tenantId} AND ${operation.finished} = 0`,
          }),
      ];
    }
    case 'receipt': {
      const day = new Date(event.receipt.atMs).toISOString().slice(0, 10);
      return [
        db
          .insert(receipt)
          .values({ tenantId, day, ...event.receipt })
          .onConflictDoNothing(),
      ];
    }
    default:
      return unreachable(event);
  }
}
