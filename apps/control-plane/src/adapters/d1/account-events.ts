/**
 * What people did with their own accounts. The table's trigger keeps the newest 50 of a kind per person, so that many of
 * one kind push out none of another; the sweep removes what is old.
 */
import { desc, eq, lt } from 'drizzle-orm';
import type { DrizzleD1Database } from 'drizzle-orm/d1';
import type { AccountAction } from '../../contract/audit.ts';
import type { Place } from '../../contract/place.ts';
import { accountEvent, user } from './schema.ts';

/** Half a year: as long as somebody may take to look. */
const keptMs = 180 * 86_400_000;
const heldEveryMs = 3_600_000;

interface NewEvent {
  readonly id: string;
  readonly atMs: number;
  readonly action: AccountAction;
  readonly place: Place;
}

/** @param actorId who did it; null = the person */
export function accountEventInsert(
  d1: D1Database,
  event: NewEvent & { readonly userId: string; readonly actorId: string | null },
): D1PreparedStatement {
  const { userId, id, atMs, action, actorId, place } = event;
  return d1
    .prepare(
      'INSERT INTO account_event (user_id, id, at_ms, action, actor_id, country, device) VALUES (?, ?, ?, ?, ?, ?, ?)',
    )
    .bind(userId, id, atMs, action, actorId, place.country, place.device);
}

/** For whoever has this address, if anybody, and once an hour however often it is tried. */
export async function heldSignInInsert(d1: D1Database, event: NewEvent & { readonly email: string }): Promise<void> {
  const { email, id, atMs, action, place } = event;
  await d1
    .prepare(
      `INSERT INTO account_event (user_id, id, at_ms, action, actor_id, country, device)
       SELECT user.id, ?, ?, ?, NULL, ?, ? FROM user WHERE user.email = ? AND NOT EXISTS
         (SELECT 1 FROM account_event e WHERE e.user_id = user.id AND e.action = ? AND e.at_ms > ?)`,
    )
    .bind(id, atMs, action, place.country, place.device, email, action, atMs - heldEveryMs)
    .run();
}

export function accountEventsRead(db: DrizzleD1Database, userId: string, limit: number) {
  return db
    .select({ event: accountEvent, by: user.name })
    .from(accountEvent)
    .leftJoin(user, eq(user.id, accountEvent.actorId))
    .where(eq(accountEvent.userId, userId))
    .orderBy(desc(accountEvent.id))
    .limit(limit);
}

export async function accountEventsPurge(db: DrizzleD1Database, nowMs: number): Promise<void> {
  await db.delete(accountEvent).where(lt(accountEvent.atMs, nowMs - keptMs));
}
