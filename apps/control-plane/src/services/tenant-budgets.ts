/**
 * What an assistant may spend. What is wanted is a part of its spec; what counts against it, and the fuse, are the cell's
 * to say and are asked of it.
 */
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { Trail } from '../contract/audit.ts';
import { noBudgets } from '../contract/budgets.ts';
import type { SpendingView, WantedBudgets } from '../contract/budgets.ts';
import { AppError } from '../contract/errors.ts';
import type { Result } from '../contract/result.ts';
import type { Context } from '../context.ts';
import { withIntent } from './audit-record.ts';
import { budgetsChange } from './tenant-change.ts';
import { refOf } from './tenant-read.ts';
import { specOf } from './tenant-view.ts';

function valueOf<T>(answer: Result<T>): T {
  if (answer.ok) return answer.value;
  throw new AppError(answer.error.code, { detail: answer.error.detail, next: answer.error.next });
}

function wantedOf(row: TenantRow): WantedBudgets {
  const { dayNanoUsd, models, fuse } = specOf(row).budgets ?? noBudgets;
  return { dayNanoUsd, models, fuse };
}

/** @throws AppError tenant_unreachable */
export async function budgetsRead(ctx: Context, row: TenantRow): Promise<{ wanted: WantedBudgets; now: SpendingView }> {
  return { wanted: wantedOf(row), now: valueOf(await ctx.tenants.spending(refOf(row))) };
}

/** Kept and sent; a cell that is away gets it from the sweep. */
export async function budgetsUpdate(
  ctx: Context,
  trail: Trail,
  row: TenantRow,
  wanted: WantedBudgets,
): Promise<WantedBudgets> {
  return wantedOf(await budgetsChange(ctx, trail, row, wanted));
}

/** @throws AppError tenant_unreachable */
export async function spendingResume(
  ctx: Context,
  { row, trail, pauseId }: { row: TenantRow; trail: Trail; pauseId: string },
): Promise<SpendingView> {
  const subject = { orgId: row.orgId, tenantId: row.id, after: { pauseId } };
  return withIntent(ctx, trail, subject, async () =>
    valueOf(await ctx.tenants.resumeSpending({ ...refOf(row), pauseId, byUserId: trail.actor.id })),
  );
}
