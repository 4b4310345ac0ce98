/**
 * Applies the cells' events to D1, so that a repeat or another order changes nothing (adapters/d1/projection.ts says by
 * what). One D1 batch per tenant: all or nothing. What was applied is acknowledged to the cell; what cannot be read, or
 * is of no assistant here, goes to the dead-letter queue by its own retries and blocks nobody.
 */
import { and, eq } from 'drizzle-orm';
import {
  incidentStatements,
  operationStatements,
  receiptStatement,
  reportStatements,
  runBatch,
} from '../adapters/d1/projection.ts';
import type { Statement } from '../adapters/d1/projection.ts';
import { lookSoon } from '../adapters/d1/billing.ts';
import { tenant } from '../adapters/d1/schema.ts';
import { unreachable } from '../contract/result.ts';
import { TenantEvent } from '../contract/tenant-rpc.ts';
import type { Context } from '../context.ts';
import { describeError } from '../events.ts';
import { sendSpendNotice } from '../services/spend-notices.ts';

/** The part of a queue message that is used. */
export interface EventMessage {
  readonly body: unknown;
  ack(): void;
  retry(): void;
}

interface Told {
  readonly event: TenantEvent;
  readonly message: EventMessage;
}

/** What an assistant used counts against its organisation's plan within this. */
const lookWithinMs = 300_000;

export async function consumeTenantEvents(messages: readonly EventMessage[], ctx: Context): Promise<void> {
  const groups = new Map<string, Told[]>();
  for (const message of messages) {
    const parsed = TenantEvent.safeParse(message.body);
    const problem = parsed.success ? inconsistency(parsed.data) : (parsed.error.issues[0]?.message ?? 'unknown');
    if (!parsed.success || problem !== null) {
      // Retried to the limit, then in the dead-letter queue, where an operator finds it.
      ctx.log('event.unreadable', { problem: problem?.slice(0, 200) ?? '' });
      message.retry();
      continue;
    }
    const key = `${parsed.data.tenantId}/${parsed.data.slug}`;
    const group = groups.get(key) ?? [];
    group.push({ event: parsed.data, message });
    groups.set(key, group);
  }
  for (const group of groups.values()) await applyGroup(ctx, group);
}

/** What a message carries must be about the tenant that it names. */
function inconsistency(event: TenantEvent): string | null {
  switch (event.kind) {
    case 'report':
      return event.report.tenantId === event.tenantId ? null : 'the report is of another tenant';
    case 'operation':
      return event.operation.tenantId === event.tenantId ? null : 'the operation is of another tenant';
    case 'receipt':
    case 'incident':
    case 'spend':
      return null;
    default:
      return unreachable(event);
  }
}

async function applyGroup(ctx: Context, group: readonly Told[]): Promise<void> {
  const first = group[0]?.event;
  if (first === undefined) return;
  const applied = await applyTold(ctx, first, group);
  if (applied.length === 0) return;
  const answer = await ctx.tenants.acknowledge({
    tenantId: first.tenantId,
    slug: first.slug,
    seqs: applied.map(({ event }) => event.seq),
  });
  // The cell sends them again; applying them again changes nothing.
  if (!answer.ok) ctx.log('event.ack_failed', { tenant: first.tenantId, code: answer.error.code });
}

/** Applies a tenant's events, together if it can be, else each by itself. Resolves to those that are in D1 now. */
async function applyTold(ctx: Context, first: TenantEvent, group: readonly Told[]): Promise<readonly Told[]> {
  try {
    if (!(await isKnown(ctx, first))) {
      // The row is written before the cell is called: this is a tenant that D1 has lost.
      ctx.log('event.orphan', { tenant: first.tenantId, slug: first.slug, events: group.length });
      for (const { message } of group) message.retry();
      return [];
    }
    await runBatch(
      ctx.db,
      group.flatMap(({ event }) => statementsFor(ctx, event)),
    );
    for (const { event } of group) if (event.kind === 'spend') await sendSpendNotice(ctx, event.tenantId, event.notice);
    for (const { message } of group) message.ack();
    return group;
  } catch (error) {
    ctx.log('event.apply_failed', { tenant: first.tenantId, events: group.length, error: describeError(error) });
    if (group.length === 1) {
      group[0]?.message.retry();
      return [];
    }
  }
  // One of them may be the reason: the others are not to wait for it.
  const done: Told[] = [];
  for (const told of group) done.push(...(await applyTold(ctx, told.event, [told])));
  return done;
}

async function isKnown(ctx: Context, event: TenantEvent): Promise<boolean> {
  const rows = await ctx.db
    .select({ id: tenant.id })
    .from(tenant)
    .where(and(eq(tenant.id, event.tenantId), eq(tenant.slug, event.slug)))
    .limit(1);
  return rows.length > 0;
}

function statementsFor({ db, billing, system }: Context, event: TenantEvent): Statement[] {
  switch (event.kind) {
    case 'report':
      return [
        ...reportStatements(db, event.report, event),
        ...(billing === null ? [] : [lookSoon(db, event.tenantId, system.nowMs() + lookWithinMs)]),
      ];
    case 'operation':
      return operationStatements(db, event.operation);
    case 'incident':
      return incidentStatements(db, event.tenantId, event.incident);
    case 'receipt':
      return [receiptStatement(db, event.tenantId, event.receipt)];
    case 'spend':
      // Nothing is kept of it but the mail, which its key makes once.
      return [];
    default:
      return unreachable(event);
  }
}
