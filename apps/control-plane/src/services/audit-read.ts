/** The audit trail for people: newest first, by number, so that what is appended meanwhile shifts nothing. */
import { and, desc, eq, inArray, lt } from 'drizzle-orm';
import { apiKey, auditEntry, tenant, user } from '../adapters/d1/schema.ts';
import type { AuditEntryView } from '../contract/audit-api.ts';
import { AuditEntryView as View } from '../contract/audit-api.ts';
import type { AuditAction } from '../contract/audit.ts';
import type { Context } from '../context.ts';

export interface AuditQuery {
  readonly cursor?: string | undefined;
  readonly limit: number;
  readonly tenant?: string | undefined;
  readonly actor?: string | undefined;
  readonly action?: AuditAction | undefined;
}

export async function auditList(
  ctx: Context,
  orgId: string,
  query: AuditQuery,
): Promise<{ items: AuditEntryView[]; nextCursor: string | null }> {
  const rows = await ctx.db
    .select()
    .from(auditEntry)
    .where(
      and(
        eq(auditEntry.orgId, orgId),
        query.cursor === undefined ? undefined : lt(auditEntry.seq, Number(query.cursor)),
        query.tenant === undefined ? undefined : eq(auditEntry.tenantId, query.tenant),
        query.actor === undefined ? undefined : eq(auditEntry.actorId, query.actor),
        query.action === undefined ? undefined : eq(auditEntry.action, query.action),
      ),
    )
    .orderBy(desc(auditEntry.seq))
    .limit(query.limit + 1);
  const shown = rows.slice(0, query.limit);
  const names = await namesOf(ctx, orgId, shown);
  const items = shown.map(({ orgId: _org, atMs, actorKind, actorId, detail, prevHash: _prev, ...entry }) =>
    View.parse({
      ...entry,
      ...(JSON.parse(detail) as object),
      at: new Date(atMs).toISOString(),
      actor: { kind: actorKind, id: actorId, name: names.get(actorId) ?? null },
      tenantName: entry.tenantId === null ? null : (names.get(entry.tenantId) ?? null),
    }),
  );
  const last = shown.at(-1);
  return { items, nextCursor: rows.length > query.limit && last !== undefined ? String(last.seq) : null };
}

interface Named {
  readonly id: string;
  readonly name: string;
}

/** A statement takes at most 100 bound parameters; a page has at most 100 entries. */
const atOnce = 90;

async function namesOf(
  ctx: Context,
  orgId: string,
  entries: readonly { actorId: string; tenantId: string | null }[],
): Promise<Map<string, string>> {
  const actors = [...new Set(entries.map(({ actorId }) => actorId))];
  const tenants = [...new Set(entries.flatMap(({ tenantId }) => (tenantId === null ? [] : [tenantId])))];
  const found: Named[] = [];
  for (let i = 0; i < actors.length; i += atOnce) {
    const ids = actors.slice(i, i + atOnce);
    found.push(...(await ctx.db.select({ id: user.id, name: user.name }).from(user).where(inArray(user.id, ids))));
  }
  const keys = actors.filter((id) => id.startsWith('key_')).slice(0, atOnce);
  if (keys.length > 0) {
    const of = and(eq(apiKey.orgId, orgId), inArray(apiKey.id, keys));
    found.push(...(await ctx.db.select({ id: apiKey.id, name: apiKey.name }).from(apiKey).where(of)));
  }
  for (let i = 0; i < tenants.length; i += atOnce) {
    const ids = tenants.slice(i, i + atOnce);
    const of = and(eq(tenant.orgId, orgId), inArray(tenant.id, ids));
    found.push(...(await ctx.db.select({ id: tenant.id, name: tenant.name }).from(tenant).where(of)));
  }
  return new Map(found.map(({ id, name }) => [id, name]));
}
