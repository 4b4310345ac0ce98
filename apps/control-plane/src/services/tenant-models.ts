/**
 * The models of an assistant. What is wanted is part of its spec; which models there are, at which price and who would pay
 * for them, its cell says.
 */
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { Trail } from '../contract/audit.ts';
import { AppError } from '../contract/errors.ts';
import type { ModelsView } from '../contract/model-api.ts';
import { modelProblems, modelsVersion, routingOf } from '../contract/models.ts';
import type { ModelChoice, TenantModels } from '../contract/models.ts';
import type { Context } from '../context.ts';
import { modelsChange } from './tenant-change.ts';
import { refOf } from './tenant-read.ts';
import { specOf } from './tenant-view.ts';

/** Wakes nothing. @throws AppError tenant_unreachable, tenant_deleted */
export async function modelsRead(ctx: Context, row: TenantRow): Promise<ModelsView> {
  return toView(row, await choicesOf(ctx, row));
}

/** @throws AppError validation_failed, version_stale, generation_stale, tenant_unreachable */
export async function modelsReplace(
  ctx: Context,
  { row, trail }: { row: TenantRow; trail: Trail },
  { version, ...models }: TenantModels & { version: string },
): Promise<ModelsView> {
  const choices = await choicesOf(ctx, row);
  const errors = modelProblems(models, choices);
  if (errors[0] !== undefined) {
    throw new AppError('validation_failed', {
      detail: errors[0].detail,
      next: 'Correct the named fields and send it again.',
      errors: errors.slice(0, problemsTold),
    });
  }
  return toView(await modelsChange(ctx, trail, row, { version, models }), choices);
}

const problemsTold = 20;

async function choicesOf(ctx: Context, row: TenantRow): Promise<readonly ModelChoice[]> {
  const answer = await ctx.tenants.models(refOf(row));
  if (answer.ok) return answer.value;
  throw new AppError(answer.error.code, { detail: answer.error.detail, next: answer.error.next });
}

function toView(row: TenantRow, choices: readonly ModelChoice[]): ModelsView {
  const { models } = specOf(row);
  return {
    version: modelsVersion(models),
    primary: models.primary,
    utility: models.utility,
    routing: routingOf(models),
    choices: [...choices],
  };
}
