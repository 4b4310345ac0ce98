/**
 * What happened to a person's account, kept for that person: the sign-in library has done it already when it is written
 * down, so an entry that can't be kept is told to the log and keeps nobody out.
 */
import { accountEventInsert, accountEventsRead, heldSignInInsert } from '../adapters/d1/account-events.ts';
import type { AccountEvent } from '../contract/account-api.ts';
import type { AccountAction } from '../contract/audit.ts';
import type { Place } from '../contract/place.ts';
import type { Context } from '../context.ts';
import { describeError } from '../events.ts';

type Deps = Pick<Context, 'd1' | 'system' | 'log'>;

export async function accountEventKeep(
  deps: Deps,
  event: { readonly userId: string; readonly action: AccountAction; readonly place: Place },
): Promise<void> {
  const row = { ...event, id: deps.system.ulid(), atMs: deps.system.nowMs(), actorId: null };
  await accountEventInsert(deps.d1, row)
    .run()
    .catch((error: unknown) =>
      deps.log('account.event_not_kept', { user: event.userId, action: event.action, error: describeError(error) }),
    );
}

/** Somebody tried this address so often that the password was not looked at any more. */
export async function signInHeld(deps: Deps, email: string, place: Place): Promise<void> {
  const row = { id: deps.system.ulid(), atMs: deps.system.nowMs(), action: 'account.sign_in_held', place } as const;
  await heldSignInInsert(deps.d1, { ...row, email: email.trim().toLowerCase() });
}

export async function accountEventList(
  ctx: Context,
  userId: string,
  limit: number,
): Promise<{ items: AccountEvent[] }> {
  const rows = await accountEventsRead(ctx.db, userId, limit);
  const items = rows.map(({ event, by }) => {
    const { id, atMs, action, actorId, country, device } = event;
    const actor = actorId === null ? null : (by ?? 'somebody who is gone');
    return { id, at: new Date(atMs).toISOString(), action, by: actor, country, device };
  });
  return { items };
}
