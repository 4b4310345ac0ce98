/**
 * Idempotency keys: what a key was used for, and the answer it got. Keyed by (scope, key); of two requests at once the
 * row's key lets one in. A crash before the answer leaves the row, and the repeat builds the answer from what it made.
 */
import { and, eq, isNull, lt } from 'drizzle-orm';
import type { DrizzleD1Database } from 'drizzle-orm/d1';
import { AppError } from '../../contract/errors.ts';
import { idempotencyKeptMs } from '../../core/defaults.ts';
import { sha256Base64Url } from '../system.ts';
import type { Statement } from './projection.ts';
import { idempotency } from './schema.ts';

export interface Claim {
  /** Within which a key is unique. */
  readonly scope: string;
  readonly key: string;
  /** Of the whole request: another one under the same key is refused. */
  readonly requestHash: string;
}

export async function claimOf(scope: string, key: string, request: unknown): Promise<Claim> {
  return { scope, key, requestHash: await sha256Base64Url(JSON.stringify(request)) };
}

const isClaim = (claim: Claim) => and(eq(idempotency.scope, claim.scope), eq(idempotency.key, claim.key));

/**
 * What an earlier request under this key made, and its answer if it got one; null when the key is new.
 * @throws AppError idempotency_key_reused when the key was used for another request
 */
export async function claimFind(
  db: DrizzleD1Database,
  claim: Claim,
): Promise<{ readonly resultId: string; readonly response: string | null } | null> {
  const kept = (await db.select().from(idempotency).where(isClaim(claim)).limit(1))[0];
  if (kept === undefined) return null;
  if (kept.requestHash !== claim.requestHash) {
    throw new AppError('idempotency_key_reused', {
      detail: 'This Idempotency-Key was used for another request.',
      next: 'Send the request with a new key.',
    });
  }
  return kept;
}

export function claimValues(claim: Claim, resultId: string, nowMs: number): typeof idempotency.$inferInsert {
  return { ...claim, resultId, expiresAtMs: nowMs + idempotencyKeptMs };
}

/** Gives the key back: nothing came of the request. */
export function claimDelete(db: DrizzleD1Database, claim: Claim): Statement {
  return db.delete(idempotency).where(isClaim(claim));
}

/** Keeps the answer and returns the one that every repeat gets: of two at once, the first. */
export async function claimAnswer(db: DrizzleD1Database, claim: Claim, response: string): Promise<string> {
  const [, kept] = await db.batch([
    db
      .update(idempotency)
      .set({ response })
      .where(and(isClaim(claim), isNull(idempotency.response))),
    db.select({ response: idempotency.response }).from(idempotency).where(isClaim(claim)).limit(1),
  ]);
  return kept[0]?.response ?? response;
}

/** Removes keys whose time is over. */
export async function claimsPurge(db: DrizzleD1Database, nowMs: number): Promise<void> {
  await db.delete(idempotency).where(lt(idempotency.expiresAtMs, nowMs));
}
