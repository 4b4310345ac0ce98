/**
 * `Authorization: Bearer tp_…` on the public API: an organisation's key instead of a person's session. It is not a session:
 * it makes none, opens no assistant, and reaches only what its scope names. An unknown, an expired and a revoked key are
 * the same answer, and what can't be a key is refused without asking the database.
 */
import { liveKey, markUsed, toKeyScope, usedLongAgo } from '../adapters/d1/api-keys.ts';
import { sha256Base64Url } from '../adapters/system.ts';
import { AppError } from '../contract/errors.ts';
import type { Context } from '../context.ts';
import type { Session } from './app-env.ts';

const keyForm = /^Bearer (tp_[A-Za-z0-9_-]{43})$/i;

/**
 * Null when the request brings no Authorization header.
 * @throws AppError unauthenticated
 */
export async function keySession(ctx: Context, headers: Headers): Promise<Session | null> {
  const given = headers.get('authorization');
  if (given === null) return null;
  const key = keyForm.exec(given)?.[1];
  const nowMs = ctx.system.nowMs();
  const row = key === undefined ? null : await liveKey(ctx.db, await sha256Base64Url(key), nowMs);
  const scope = row === null ? null : toKeyScope(row.scope);
  if (row === null || scope === null) {
    throw new AppError('unauthenticated', {
      detail: 'This API key is not valid: it is unknown, expired or revoked.',
      next: 'Make a new one in the dashboard, and send it as "Authorization: Bearer tp_…".',
    });
  }
  if (usedLongAgo(row, nowMs)) ctx.later(markUsed(ctx.db, row.id, nowMs));
  return { userId: row.id, token: '', keyScope: scope };
}
