/** Rollouts and releases as operators see them. Reads only. */
import { and, count, desc, eq, inArray, lt, ne, sql } from 'drizzle-orm';
import { rollout, rolloutEvent, rolloutTenant, tenant } from '../adapters/d1/schema.ts';
import { AppError } from '../contract/errors.ts';
import { TenantId } from '../contract/ids.ts';
import { compareReleases, defaultRelease, knownReleases } from '../contract/releases.ts';
import { RolloutEvent, RolloutPlan, rolloutStates } from '../contract/rollouts.ts';
import type { FleetRelease, Rollout, RolloutDetails, RolloutState } from '../contract/rollouts.ts';
import type { Context } from '../context.ts';
import { storedReport } from './tenant-view.ts';

export type RolloutRow = typeof rollout.$inferSelect;

const shownMax = 100;

/** @throws AppError not_found */
export async function requireRollout(ctx: Context, id: string): Promise<RolloutRow> {
  const row = (await ctx.db.select().from(rollout).where(eq(rollout.id, id)).limit(1))[0];
  if (row !== undefined) return row;
  throw new AppError('not_found', { detail: 'There is no such rollout.', next: 'List the rollouts.' });
}

/** A state that nobody knows asks nobody. */
export function stateOf({ state }: Pick<RolloutRow, 'state'>): RolloutState {
  return rolloutStates.find((known) => known === state) ?? 'paused';
}

export async function rolloutOf(ctx: Context, row: RolloutRow): Promise<Rollout> {
  const [shown] = await withCounts(ctx, [row]);
  if (shown === undefined) throw new Error('invariant broken: a rollout without its counts');
  return shown;
}

async function withCounts(ctx: Context, rows: readonly RolloutRow[]): Promise<Rollout[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const groups = await ctx.db
    .select({ id: rolloutTenant.rolloutId, outcome: rolloutTenant.outcome, n: count() })
    .from(rolloutTenant)
    .where(inArray(rolloutTenant.rolloutId, ids))
    .groupBy(rolloutTenant.rolloutId, rolloutTenant.outcome);
  return rows.map((row) => {
    const of = (outcome: string): number =>
      groups.find((group) => group.id === row.id && group.outcome === outcome)?.n ?? 0;
    return {
      id: row.id,
      plan: RolloutPlan.parse(JSON.parse(row.plan)),
      state: stateOf(row),
      stage: row.stage,
      listed: row.listed,
      reason: row.reason,
      counts: { underWay: of('under_way'), succeeded: of('succeeded'), failed: of('failed') },
      createdAtMs: row.createdAtMs,
      changedAtMs: row.changedAtMs,
    };
  });
}

/** Newest first. The cursor is the last one's id; ids sort by time. */
export async function rolloutList(
  ctx: Context,
  page: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<{ items: Rollout[]; nextCursor: string | null }> {
  const rows = await ctx.db
    .select()
    .from(rollout)
    .where(page.cursor === undefined ? undefined : lt(rollout.id, page.cursor))
    .orderBy(desc(rollout.id))
    .limit(page.limit + 1);
  const items = await withCounts(ctx, rows.slice(0, page.limit));
  return { items, nextCursor: rows.length > page.limit ? (items.at(-1)?.id ?? null) : null };
}

/** @throws AppError not_found */
export async function rolloutRead(ctx: Context, id: string): Promise<RolloutDetails> {
  const row = await requireRollout(ctx, id);
  const [shown, events, failed] = await Promise.all([
    rolloutOf(ctx, row),
    ctx.db
      .select()
      .from(rolloutEvent)
      .where(eq(rolloutEvent.rolloutId, id))
      // In the order in which they were written: ids of one millisecond have none.
      .orderBy(desc(sql`rowid`))
      .limit(shownMax),
    ctx.db
      .select({ endedAtMs: rolloutTenant.endedAtMs, row: tenant })
      .from(rolloutTenant)
      .innerJoin(tenant, eq(tenant.id, rolloutTenant.tenantId))
      .where(and(eq(rolloutTenant.rolloutId, id), eq(rolloutTenant.outcome, 'failed')))
      .orderBy(desc(rolloutTenant.endedAtMs))
      .limit(shownMax),
  ]);
  return {
    ...shown,
    events: events.map(({ action, actorId, reason, atMs }) =>
      RolloutEvent.parse({ action, actor: actorId, reason, atMs }),
    ),
    failures: failed.map(({ endedAtMs, row: assistant }) => {
      const failure = storedReport(assistant)?.upgradeFailure ?? null;
      const code = failure?.to === shown.plan.release ? failure.code : null;
      return { tenantId: TenantId.parse(assistant.id), code, endedAtMs };
    }),
  };
}

/** Those that assistants want and nobody knows any more are told too. Newest first. */
export async function fleetReleases(ctx: Context): Promise<{ items: FleetRelease[] }> {
  const release = sql<string>`json_extract(${tenant.spec}, '$.release')`;
  const wanted = await ctx.db
    .select({ release, n: count(), pinned: sql<number>`coalesce(sum(json_extract(${tenant.spec}, '$.pinned')), 0)` })
    .from(tenant)
    .where(ne(tenant.state, 'deleted'))
    .groupBy(release);
  const versions = new Set<string>([...knownReleases, ...wanted.map((group) => group.release)]);
  const items = [...versions]
    .toSorted((a, b) => compareReleases(b, a))
    .map((version) => {
      const group = wanted.find((each) => each.release === version);
      return {
        version,
        isDefault: version === defaultRelease,
        isOffered: ctx.config.releases.includes(version),
        assistants: group?.n ?? 0,
        pinned: group?.pinned ?? 0,
      };
    });
  return { items };
}
