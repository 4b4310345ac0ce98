/**
 * Changing what is wanted of an assistant: the new spec is saved under the next generation, then sent. Of two changes at
 * once each is applied to what the other left. A cell that is away gets it from the sweep.
 */
import { eq } from 'drizzle-orm';
import { tenant } from '../adapters/d1/schema.ts';
import { withAuditEntry } from '../adapters/d1/audit.ts';
import { specReplace } from '../adapters/d1/tenant-writes.ts';
import { membersOf } from '../adapters/d1/tenants.ts';
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { AuditFacts, Trail } from '../contract/audit.ts';
import type { WantedBudgets } from '../contract/budgets.ts';
import { AppError } from '../contract/errors.ts';
import type { OperationId } from '../contract/ids.ts';
import { err } from '../contract/result.ts';
import type { Result } from '../contract/result.ts';
import { modelsVersion, routingOf } from '../contract/models.ts';
import type { TenantModels } from '../contract/models.ts';
import type { TenantReport, TenantSpec } from '../contract/tenant-rpc.ts';
import type { Context } from '../context.ts';
import { rememberReport } from './tenant-memory.ts';
import { refOf } from './tenant-read.ts';
import { specOf, specToSend } from './tenant-view.ts';

export interface TenantChange {
  readonly name?: string | undefined;
  readonly aiCapNanoUsdPerMonth?: number | undefined;
  readonly idleSleepMs?: number | undefined;
  readonly keepAwake?: boolean | undefined;
  readonly pinned?: boolean | undefined;
}

/** Resolves to the row as saved. Nothing to change saves nothing. */
export async function tenantUpdate(
  ctx: Context,
  trail: Trail,
  row: TenantRow,
  change: TenantChange,
): Promise<TenantRow> {
  return changeSpec(ctx, row, trail, (old) => ({
    ...old,
    displayName: change.name ?? old.displayName,
    aiCapNanoUsdPerMonth: change.aiCapNanoUsdPerMonth ?? old.aiCapNanoUsdPerMonth,
    idleSleepMs: change.idleSleepMs ?? old.idleSleepMs,
    keepAwake: change.keepAwake ?? old.keepAwake,
    pinned: change.pinned ?? old.pinned,
  }));
}

/** Replaces what its people set beside the cap; the organisation's share is laid over it when it is sent. */
export async function budgetsChange(
  ctx: Context,
  trail: Trail,
  row: TenantRow,
  wanted: WantedBudgets,
): Promise<TenantRow> {
  return changeSpec(ctx, row, trail, (old) => ({ ...old, budgets: { ...wanted, shared: null } }));
}

/** Brings the assistant's people in line with its organisation's, before one of them signs in there. */
export async function membersSync(ctx: Context, trail: Trail, row: TenantRow): Promise<TenantRow> {
  const members = await membersOf(ctx.db, row.orgId);
  return changeSpec(ctx, row, { ...trail, action: 'tenant.members' }, (old) => ({ ...old, members }));
}

/**
 * Replaces the models, on top of the version that somebody read.
 * @throws AppError version_stale
 */
export async function modelsChange(
  ctx: Context,
  trail: Trail,
  row: TenantRow,
  { version, models }: { version: string; models: TenantModels },
): Promise<TenantRow> {
  return changeSpec(ctx, row, trail, (old) => {
    if (JSON.stringify(old.models) === JSON.stringify(models)) return old; // the same change again
    if (modelsVersion(old.models) !== version)
      throw new AppError('version_stale', {
        detail: 'Somebody else changed the models of this assistant meanwhile.',
        next: 'Look at them again and repeat your change.',
      });
    return { ...old, models };
  });
}

/**
 * Asks for a release under an operation: the same release again is a new generation too, since one that failed is tried
 * again only when it is asked for.
 */
export async function releaseChange(
  ctx: Context,
  trail: Trail,
  row: TenantRow,
  release: string,
  operationId: OperationId,
): Promise<Result<TenantReport>> {
  const saved = await saveSpec(ctx, row, { ...specOf(row), release }, { ...trail, action: 'tenant.release' });
  if (saved === null)
    return err({
      code: 'generation_stale',
      detail: 'Others changed this assistant at the same time.',
      next: 'Look at it again and repeat your change.',
    });
  return ctx.tenants.applySpec({ ...refOf(saved), generation: saved.generation, operationId, spec: specToSend(saved) });
}

const changeTriesMax = 3;

async function changeSpec(
  ctx: Context,
  row: TenantRow,
  trail: Trail,
  change: (old: TenantSpec) => TenantSpec,
): Promise<TenantRow> {
  let current = row;
  for (let i = 0; i < changeTriesMax; i++) {
    const old = specOf(current);
    const spec = change(old);
    if (JSON.stringify(spec) === JSON.stringify(old)) return current;
    const saved = await saveSpec(ctx, current, spec, trail);
    if (saved !== null) {
      await sendSpec(ctx, saved);
      return saved;
    }
    const newer = (await ctx.db.select().from(tenant).where(eq(tenant.id, row.id)).limit(1))[0];
    if (newer === undefined) break;
    current = newer;
  }
  throw new AppError('generation_stale', {
    detail: 'Others changed this assistant at the same time.',
    next: 'Look at it again and repeat your change.',
  });
}

const told = (spec: TenantSpec) => ({
  ...spec,
  ...toldModels(spec.models),
  members: spec.members.map(({ userId, role }) => `${userId}:${role}`),
});

function toldModels(models: TenantModels): AuditFacts {
  const { allowed, fallbacks, keyRefused, economy, perMinute, answerMinutes } = routingOf(models);
  return {
    primary: models.primary,
    utility: models.utility,
    allowed: allowed === null ? 'every priced model' : allowed.join(', '),
    fallbacks: fallbacks.map(({ model, then }) => `${model} → ${then.join(' → ')}`).join('; '),
    keyRefused,
    economy: economy === null ? 'off' : `${economy.model} above ${economy.abovePercent} %`,
    perMinute: perMinute.map(({ model, requests }) => `${model}: ${requests}`).join('; '),
    answers: answerMinutes === null ? 'not kept' : `kept ${answerMinutes} minutes`,
  };
}

/** Null when somebody else has taken the next generation. */
async function saveSpec(ctx: Context, row: TenantRow, spec: TenantSpec, trail: Trail): Promise<TenantRow | null> {
  const subject = { orgId: row.orgId, tenantId: row.id, before: told(specOf(row)), after: told(spec) };
  const saved = await withAuditEntry(ctx, trail, subject, { outcome: 'done' }, (audit) =>
    specReplace(ctx.d1, { id: row.id, orgId: row.orgId, spec, generation: row.generation, audit }),
  );
  return saved ? { ...row, name: spec.displayName, spec: JSON.stringify(spec), generation: row.generation + 1 } : null;
}

/** Sends the wanted spec; false when the cell has to be asked again. */
export async function sendSpec(ctx: Context, row: TenantRow): Promise<boolean> {
  const command = { ...refOf(row), generation: row.generation, operationId: null, spec: specToSend(row) };
  const answer = await ctx.tenants.applySpec(command);
  if (answer.ok) await rememberReport(ctx, row, answer.value);
  else ctx.log('tenant.spec_deferred', { tenant: row.id, generation: row.generation, code: answer.error.code });
  return answer.ok;
}
