/**
 * API keys as they are kept: a hash of 256 random bits, never the key. A key belongs to its organisation, not to whoever
 * made it. A row is never removed, so that the audit trail's names stay.
 */
import { and, desc, eq, gt, isNull, lt, or, sql } from 'drizzle-orm';
import type { DrizzleD1Database } from 'drizzle-orm/d1';
import { keyScopes } from '../../contract/roles.ts';
import type { KeyScope } from '../../contract/roles.ts';
import { apiKey } from './schema.ts';

export type ApiKeyRow = typeof apiKey.$inferSelect;

export const isKeyId = (id: string): boolean => id.startsWith('key_');

/** What is not one of the scopes allows nothing. */
export function toKeyScope(text: string): KeyScope | null {
  return keyScopes.find((scope) => scope === text) ?? null;
}

const isLive = (nowMs: number) => and(isNull(apiKey.revokedAtMs), gt(apiKey.expiresAtMs, nowMs));

/** The live key of that hash. */
export async function liveKey(db: DrizzleD1Database, hash: string, nowMs: number): Promise<ApiKeyRow | null> {
  const of = and(eq(apiKey.hash, hash), isLive(nowMs));
  return (await db.select().from(apiKey).where(of).limit(1))[0] ?? null;
}

/** The live ones first, so that none of them is beyond the limit, then those that are over; newest first. */
export async function keysOf(
  db: DrizzleD1Database,
  orgId: string,
  { limit, nowMs }: { readonly limit: number; readonly nowMs: number },
): Promise<ApiKeyRow[]> {
  const isOver = sql`${apiKey.revokedAtMs} IS NOT NULL OR ${apiKey.expiresAtMs} <= ${nowMs}`;
  return db.select().from(apiKey).where(eq(apiKey.orgId, orgId)).orderBy(isOver, desc(apiKey.id)).limit(limit);
}

export async function keyOf(db: DrizzleD1Database, orgId: string, id: string): Promise<ApiKeyRow | null> {
  const of = and(eq(apiKey.orgId, orgId), eq(apiKey.id, id));
  return (await db.select().from(apiKey).where(of).limit(1))[0] ?? null;
}

export async function liveCount(db: DrizzleD1Database, orgId: string, nowMs: number): Promise<number> {
  const of = and(eq(apiKey.orgId, orgId), isLive(nowMs));
  return (await db.select({ id: apiKey.id }).from(apiKey).where(of).limit(100)).length;
}

/** Kept to within this, so that a busy key doesn't write with each use. */
const usedWithinMs = 300_000;

export async function markUsed(db: DrizzleD1Database, id: string, nowMs: number): Promise<void> {
  const stale = or(isNull(apiKey.lastUsedAtMs), lt(apiKey.lastUsedAtMs, nowMs - usedWithinMs));
  await db
    .update(apiKey)
    .set({ lastUsedAtMs: nowMs })
    .where(and(eq(apiKey.id, id), stale));
}

/** Whether the last use has to be written again. */
export const usedLongAgo = (row: ApiKeyRow, nowMs: number): boolean =>
  row.lastUsedAtMs === null || row.lastUsedAtMs < nowMs - usedWithinMs;
