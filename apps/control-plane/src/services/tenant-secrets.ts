/**
 * The secrets of an assistant. A value is sealed here to a key that only the cell has, and forgotten; who stored or
 * deleted what is written down before it happens.
 */
import { audit } from '../adapters/d1/schema.ts';
import { sealValue } from '../adapters/seal-value.ts';
import type { TenantRow } from '../adapters/d1/tenants.ts';
import { AppError } from '../contract/errors.ts';
import type { Result } from '../contract/result.ts';
import type { SecretUse, SecretView } from '../contract/secrets.ts';
import type { Context } from '../context.ts';
import { refOf } from './tenant-read.ts';

interface Change {
  readonly row: TenantRow;
  readonly userId: string;
  readonly name: string;
}

function valueOf<T>(answer: Result<T>): T {
  if (answer.ok) return answer.value;
  throw new AppError(answer.error.code, { detail: answer.error.detail, next: answer.error.next });
}

export async function secretList(ctx: Context, row: TenantRow): Promise<{ items: SecretView[] }> {
  return { items: [...valueOf(await ctx.tenants.secrets(refOf(row)))] };
}

/** @throws AppError secret_invalid, quota_reached, tenant_unreachable */
export async function secretPut(
  ctx: Context,
  { row, userId, name }: Change,
  { use, value: plain }: { use: SecretUse; value: string },
): Promise<SecretView> {
  const key = valueOf(await ctx.tenants.sealingKey());
  const value = await sealValue(key, { tenantId: row.id, name }, plain);
  await writeDown(ctx, { row, userId, name }, 'tenant.secret.put');
  return valueOf(await ctx.tenants.putSecret({ ...refOf(row), name, use, value, byUserId: userId }));
}

export async function secretDelete(ctx: Context, change: Change): Promise<{ deleted: boolean }> {
  const { row, userId, name } = change;
  await writeDown(ctx, change, 'tenant.secret.delete');
  return valueOf(await ctx.tenants.deleteSecret({ ...refOf(row), name, byUserId: userId }));
}

async function writeDown(ctx: Context, { row, userId }: Change, action: string): Promise<void> {
  await ctx.db.insert(audit).values({
    id: `aud_${ctx.system.ulid()}`,
    orgId: row.orgId,
    actorId: userId,
    action,
    targetId: row.id,
    atMs: ctx.system.nowMs(),
  });
}
