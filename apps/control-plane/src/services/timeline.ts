/**
 * What an assistant did and what happened to it, newest first: its operations and its incidents in one list, from the
 * copies in D1. Reads only; wakes nothing. Pages by time and id, so that what comes meanwhile shifts nothing.
 */
import { and, desc, eq, sql } from 'drizzle-orm';
import { incident, operation } from '../adapters/d1/schema.ts';
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { TimelineEntry } from '../contract/api.ts';
import { AppError } from '../contract/errors.ts';
import { Incident } from '../contract/incident.ts';
import { Operation } from '../contract/tenant-rpc.ts';
import type { Context } from '../context.ts';

interface Row {
  readonly atMs: number;
  readonly id: string;
  readonly entry: TimelineEntry;
}

/** @throws AppError validation_failed when the cursor is not one that was given */
export async function timelineRead(
  ctx: Context,
  row: TenantRow,
  page: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<{ items: TimelineEntry[]; nextCursor: string | null }> {
  const before = page.cursor === undefined ? null : parseCursor(page.cursor);
  const limit = page.limit + 1;
  const [operations, incidents] = await ctx.db.batch([
    ctx.db
      .select({ id: operation.id, atMs: operation.startedAtMs, body: operation.body })
      .from(operation)
      .where(
        and(
          eq(operation.tenantId, row.id),
          before === null
            ? undefined
            : sql`(${operation.startedAtMs}, ${operation.id}) < (${before.atMs}, ${before.id})`,
        ),
      )
      .orderBy(desc(operation.startedAtMs), desc(operation.id))
      .limit(limit),
    ctx.db
      .select({ id: incident.id, atMs: incident.noticedAtMs, body: incident.body })
      .from(incident)
      .where(
        and(
          eq(incident.tenantId, row.id),
          before === null ? undefined : sql`(${incident.noticedAtMs}, ${incident.id}) < (${before.atMs}, ${before.id})`,
        ),
      )
      .orderBy(desc(incident.noticedAtMs), desc(incident.id))
      .limit(limit),
  ]);
  const rows: Row[] = [
    ...operations.map(({ id, atMs, body }): Row => {
      return { id, atMs, entry: { kind: 'operation', id, operation: Operation.parse(JSON.parse(body)) } };
    }),
    ...incidents.map(({ id, atMs, body }): Row => {
      return { id, atMs, entry: { kind: 'incident', id, incident: Incident.parse(JSON.parse(body)) } };
    }),
  ].sort((a, b) => b.atMs - a.atMs || (a.id < b.id ? 1 : -1));
  const shown = rows.slice(0, page.limit);
  const last = shown.at(-1);
  return {
    items: shown.map(({ entry }) => entry),
    nextCursor: rows.length > page.limit && last !== undefined ? `${last.atMs}.${last.id}` : null,
  };
}

function parseCursor(cursor: string): { readonly atMs: number; readonly id: string } {
  const found = /^(\d{1,16})\.((?:op|inc)_[0-9A-Za-z]{1,40})$/.exec(cursor);
  const [, atMs, id] = found ?? [];
  if (atMs !== undefined && id !== undefined) return { atMs: Number(atMs), id };
  throw new AppError('validation_failed', {
    detail: 'The cursor is not one of this list.',
    next: 'Begin again without a cursor.',
  });
}
