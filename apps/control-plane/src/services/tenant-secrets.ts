/**
 * The secrets of an assistant. A value is sealed here to a key that only the cell has, and forgotten; who stored or
 * deleted what is written down before it happens.
 */
import { sealValue } from '../adapters/seal-value.ts';
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { Trail } from '../contract/audit.ts';
import { AppError } from '../contract/errors.ts';
import type { Result } from '../contract/result.ts';
import { secretUserText } from '../contract/secrets.ts';
import type { SecretUse, SecretView } from '../contract/secrets.ts';
import type { Context } from '../context.ts';
import { withIntent } from './audit-record.ts';
import { refOf } from './tenant-read.ts';

interface Change {
  readonly row: TenantRow;
  readonly trail: Trail;
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
  { row, trail, name }: Change,
  { use, value: plain }: { use: SecretUse; value: string },
): Promise<SecretView> {
  const key = valueOf(await ctx.tenants.sealingKey());
  const value = await sealValue(key, { tenantId: row.id, name }, plain);
  const subject = { orgId: row.orgId, tenantId: row.id, after: { name, kind: use.kind } };
  return withIntent(ctx, trail, subject, async () =>
    valueOf(await ctx.tenants.putSecret({ ...refOf(row), name, use, value, byUserId: trail.actor.id })),
  );
}

/**
 * Deletes; one that is in use only when `confirmed`. The cell holds to that too: it is asked here first so that a refused
 * deletion is not written down as one.
 * @throws AppError secret_in_use, tenant_unreachable
 */
export async function secretDelete(
  ctx: Context,
  change: Change,
  { confirmed }: { confirmed: boolean },
): Promise<{ deleted: boolean }> {
  const { row, trail, name } = change;
  if (!confirmed) await refuseInUse(ctx, change);
  const subject = { orgId: row.orgId, tenantId: row.id, before: { name } };
  return withIntent(ctx, trail, subject, async () =>
    valueOf(await ctx.tenants.deleteSecret({ ...refOf(row), name, byUserId: trail.actor.id, confirmed })),
  );
}

async function refuseInUse(ctx: Context, { row, name }: Change): Promise<void> {
  const { items } = await secretList(ctx, row);
  const users = items.find((item) => item.name === name)?.usedBy ?? [];
  if (users.length === 0) return;
  throw new AppError('secret_in_use', {
    detail: `The secret ${name} is in use.`,
    next: 'Look at what uses it, then confirm.',
    errors: users.map((user, i) => ({ pointer: `/usedBy/${i}`, detail: `It is used by ${secretUserText(user)}.` })),
  });
}
