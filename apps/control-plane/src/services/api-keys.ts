/**
 * Making, listing and revoking an organisation's API keys. The key itself is in one answer and nowhere else; a repeat of
 * that request gets the same key without it.
 */
import { keyOf, keysOf, liveCount, toKeyScope } from '../adapters/d1/api-keys.ts';
import type { ApiKeyRow } from '../adapters/d1/api-keys.ts';
import { auditInsert, auditInsertWhere, withAuditEntry } from '../adapters/d1/audit.ts';
import { claimFind, claimOf, claimValues } from '../adapters/d1/idempotency.ts';
import { apiKey, idempotency } from '../adapters/d1/schema.ts';
import { newSecret, sha256Base64Url } from '../adapters/system.ts';
import { apiKeysMax } from '../contract/api-key-api.ts';
import type { ApiKey } from '../contract/api-key-api.ts';
import type { Trail } from '../contract/audit.ts';
import { AppError } from '../contract/errors.ts';
import type { KeyScope } from '../contract/roles.ts';
import type { Context } from '../context.ts';

export interface CreateApiKey {
  readonly name: string;
  readonly scope: KeyScope;
  readonly expiresInDays: number;
  readonly idempotencyKey: string;
}

const dayMs = 86_400_000;
/** `tp_` and the first characters: enough to tell keys apart, nothing to guess from. */
const startsChars = 8;
/** Shown in the list, those that are over among them. */
const listMax = 100;

/** @throws AppError quota_reached, idempotency_key_reused */
export async function apiKeyCreate(
  ctx: Context,
  orgId: string,
  trail: Trail,
  { name, scope, expiresInDays, idempotencyKey }: CreateApiKey,
): Promise<{ key: ApiKey; secret: string | null }> {
  const claim = await claimOf(`apikey:${orgId}`, idempotencyKey, [name, scope, expiresInDays]);
  const kept = await claimFind(ctx.db, claim);
  if (kept !== null) return { key: toApiKey(ctx, await required(ctx, orgId, kept.resultId)), secret: null };
  const secret = `tp_${newSecret()}`;
  const nowMs = ctx.system.nowMs();
  const row: ApiKeyRow = {
    id: `key_${ctx.system.ulid()}`,
    orgId,
    name,
    scope,
    hash: await sha256Base64Url(secret),
    starts: secret.slice(0, startsChars),
    createdAtMs: nowMs,
    createdBy: trail.actor.id,
    expiresAtMs: nowMs + expiresInDays * dayMs,
    lastUsedAtMs: null,
    revokedAtMs: null,
  };
  const after = { keyId: row.id, name, scope, expiresAt: new Date(row.expiresAtMs).toISOString() };
  await withAuditEntry(ctx, trail, { orgId, tenantId: null, after }, { outcome: 'done' }, async (entry) => {
    // Counted after the chain's head was read: another key made meanwhile moves the head, and this is done again.
    if ((await liveCount(ctx.db, orgId, nowMs)) >= apiKeysMax) throw full();
    await ctx.db.batch([
      ctx.db.insert(idempotency).values(claimValues(claim, row.id, nowMs)),
      ctx.db.insert(apiKey).values(row),
      auditInsert(ctx.db, entry),
    ]);
  });
  return { key: toApiKey(ctx, row), secret };
}

export async function apiKeyList(ctx: Context, orgId: string): Promise<{ items: ApiKey[] }> {
  return {
    items: (await keysOf(ctx.db, orgId, { limit: listMax, nowMs: ctx.system.nowMs() })).map((row) =>
      toApiKey(ctx, row),
    ),
  };
}

/** One that was revoked stays so, with its first time. */
export async function apiKeyRevoke(ctx: Context, orgId: string, trail: Trail, id: string): Promise<ApiKey> {
  const row = await required(ctx, orgId, id);
  if (row.revokedAtMs !== null) return toApiKey(ctx, row);
  const revokedAtMs = ctx.system.nowMs();
  const before = { keyId: id, name: row.name, scope: row.scope };
  await withAuditEntry(ctx, trail, { orgId, tenantId: null, before }, { outcome: 'done' }, (entry) =>
    ctx.d1.batch([
      ctx.d1
        .prepare('UPDATE api_key SET revoked_at_ms = ? WHERE id = ? AND revoked_at_ms IS NULL')
        .bind(revokedAtMs, id),
      auditInsertWhere(ctx.d1, entry, 'changes() > 0'),
    ]),
  );
  return toApiKey(ctx, await required(ctx, orgId, id));
}

async function required(ctx: Context, orgId: string, id: string): Promise<ApiKeyRow> {
  const row = await keyOf(ctx.db, orgId, id);
  if (row !== null) return row;
  throw new AppError('not_found', { detail: 'There is no such API key.', next: 'Look at the list of keys.' });
}

const full = (): AppError =>
  new AppError('quota_reached', {
    detail: `This organisation has ${apiKeysMax} live API keys, the most there may be.`,
    next: 'Revoke one that is not used any more.',
  });

const iso = (ms: number): string => new Date(ms).toISOString();

function toApiKey(ctx: Context, row: ApiKeyRow): ApiKey {
  const over = row.revokedAtMs !== null ? 'revoked' : row.expiresAtMs <= ctx.system.nowMs() ? 'expired' : 'live';
  return {
    id: row.id,
    name: row.name,
    scope: toKeyScope(row.scope) ?? 'read',
    starts: row.starts,
    createdAt: iso(row.createdAtMs),
    createdBy: row.createdBy,
    expiresAt: iso(row.expiresAtMs),
    lastUsedAt: row.lastUsedAtMs === null ? null : iso(row.lastUsedAtMs),
    revokedAt: row.revokedAtMs === null ? null : iso(row.revokedAtMs),
    state: over,
  };
}
