/**
 * Creating an assistant. The row, its operation, the key and the audit entry are one batch, before the cell is called
 * (intent before effect); the call carries the operation's id, so sending it again, by a repeat, a read or the sweep,
 * changes nothing that was done. Quota and slug are decided by that batch, so two requests at once cannot both win.
 */
import { eq } from 'drizzle-orm';
import { withAuditEntry } from '../adapters/d1/audit.ts';
import { claimAnswer, claimFind, claimOf } from '../adapters/d1/idempotency.ts';
import type { Claim } from '../adapters/d1/idempotency.ts';
import { tenant } from '../adapters/d1/schema.ts';
import { tenantReserve } from '../adapters/d1/tenant-writes.ts';
import { membersOf, slugTaken } from '../adapters/d1/tenants.ts';
import type { OrgScope, TenantRow } from '../adapters/d1/tenants.ts';
import { endpoints } from '../contract/api.ts';
import type { Tenant } from '../contract/api.ts';
import type { Trail } from '../contract/audit.ts';
import { AppError, errorCatalogue } from '../contract/errors.ts';
import { OperationId, TenantId } from '../contract/ids.ts';
import { defaultRelease } from '../contract/releases.ts';
import { parseSlug, slugBaseFrom } from '../contract/slug.ts';
import type { Operation, TenantReport, TenantSpec } from '../contract/tenant-rpc.ts';
import type { Context } from '../context.ts';
import type { Verdict } from '../core/billing/entitlement.ts';
import { limitsOf } from '../core/billing/limits.ts';
import { describeError } from '../events.ts';
import * as defaults from '../core/defaults.ts';
import { orgStanding } from './billing/standing.ts';
import type { OrgStanding } from './billing/standing.ts';
import { chosenRelease } from './release-read.ts';
import { rememberOperation, rememberReport } from './tenant-memory.ts';
import { creationOf, newOperation, specToSend, toTenant } from './tenant-view.ts';

export interface CreateTenant {
  readonly name: string;
  readonly slug: string;
  /** The newest unless a person chooses. */
  readonly release?: string | undefined;
  readonly idempotencyKey: string;
}

interface Created {
  readonly tenant: Tenant;
  readonly operation: Operation;
}

/**
 * @throws AppError slug_malformed, slug_reserved, slug_confusable, slug_taken, quota_reached, billing_plan_needed,
 *   release_unknown, idempotency_key_reused
 */
export async function tenantCreate(
  ctx: Context,
  scope: OrgScope,
  trail: Trail,
  request: CreateTenant,
): Promise<Created> {
  const claim = await claimOf(`tenant:${scope.orgId}`, request.idempotencyKey, [
    request.name,
    request.slug,
    ...(request.release === undefined ? [] : [request.release]),
  ]);
  const kept = await claimFind(ctx.db, claim);
  if (kept !== null && kept.response !== null) return parseAnswer(kept.response);
  const row = kept === null ? await reserve(ctx, { scope, trail, request, claim }) : await rowOf(ctx, kept.resultId);
  const report = await provision(ctx, row);
  const answer = toCreated(ctx, row, report);
  // Only an answer of the cell is kept: until then a repeat sends the creation again.
  if (report === null) return answer;
  try {
    return parseAnswer(await claimAnswer(ctx.db, claim, JSON.stringify(answer)));
  } catch (error) {
    // What was made stands; a repeat builds its answer from the row.
    ctx.log('idempotency.answer_not_kept', { tenant: row.id, error: describeError(error) });
    return answer;
  }
}

/** Sends the creation to the cell, again if need be. Null when it is put off: the sweep and the next read send it. */
export async function provision(ctx: Context, row: TenantRow): Promise<TenantReport | null> {
  const answer = await ctx.tenants.provision({
    tenantId: TenantId.parse(row.id),
    slug: row.slug,
    generation: row.generation,
    operationId: OperationId.parse(row.provisionOperationId),
    spec: specToSend(row),
  });
  if (answer.ok) {
    await rememberReport(ctx, row, answer.value);
    return answer.value;
  }
  ctx.log('tenant.provision_deferred', { tenant: row.id, code: answer.error.code });
  if (!errorCatalogue[answer.error.code].retryable) {
    // The cell will not take it as it is: the person sees why. An operator mends it; the sweep goes on trying.
    await rememberOperation(ctx, {
      ...creationOf(row),
      finishedAtMs: ctx.system.nowMs(),
      error: { code: answer.error.code, detail: answer.error.detail.slice(0, 500), next: answer.error.next },
    });
  }
  return null;
}

function toCreated(ctx: Context, row: TenantRow, report: TenantReport | null): Created {
  const operation = creationOf(row);
  const nowMs = ctx.system.nowMs();
  const shown = toTenant({ config: ctx.config, row, report, live: report !== null, nowMs });
  return { tenant: shown, operation: shown.operation ?? operation };
}

function parseAnswer(text: string): Created {
  return endpoints.tenantCreate.response.parse(JSON.parse(text));
}

async function rowOf(ctx: Context, id: string): Promise<TenantRow> {
  const row = (await ctx.db.select().from(tenant).where(eq(tenant.id, id)).limit(1))[0];
  if (row !== undefined) return row;
  throw new AppError('internal', {
    detail: 'The assistant was saved but cannot be read.',
    next: 'Try again with the same key.',
  });
}

/** Writes everything together, or nothing. A quota that is full inserts nothing. */
async function reserve(
  ctx: Context,
  { scope, trail, request, claim }: { scope: OrgScope; trail: Trail; request: CreateTenant; claim: Claim },
): Promise<TenantRow> {
  const slug = parseSlug(request.slug);
  if (!slug.ok) {
    throw new AppError(slug.error.code, { ...slug.error, errors: [{ pointer: '/slug', detail: slug.error.detail }] });
  }
  const nowMs = ctx.system.nowMs();
  const standing = await orgStanding(ctx, scope.orgId);
  const { entitlement } = standing;
  if (entitlement.desired !== 'active') throw planNeeded(entitlement.mayCreate);
  const spec: TenantSpec = {
    displayName: request.name,
    desired: 'active',
    members: await membersOf(ctx.db, scope.orgId),
    pinned: false,
    release: chosenRelease(ctx, request.release ?? defaultRelease),
    size: defaults.defaultSize,
    idleSleepMs: defaults.defaultIdleSleepMs,
    keepAwake: false,
    models: defaults.defaultModels,
    aiCapNanoUsdPerMonth: defaults.defaultAiCapNanoUsd,
  };
  const id = `ten_${ctx.system.ulid()}`;
  const operation = newOperation({ id: `op_${ctx.system.ulid()}`, tenantId: id, kind: 'provision', nowMs });
  try {
    const subject = { orgId: scope.orgId, tenantId: id, after: { ...spec, slug: slug.value } };
    await withAuditEntry(ctx, trail, subject, { outcome: 'done' }, (audit) =>
      tenantReserve(ctx.d1, {
        id,
        orgId: scope.orgId,
        slug: slug.value,
        spec,
        limits: ctx.billing === null ? null : JSON.stringify(firstLimits(standing)),
        operation,
        claim,
        claimExpiresAtMs: nowMs + defaults.idempotencyKeptMs,
        audit,
        nowMs,
        quota: entitlement.assistantsMax,
      }),
    );
  } catch (error) {
    // Which constraint it was, or whether the batch was applied and its answer lost, is read, not guessed.
    const already = await claimFind(ctx.db, claim);
    if (already !== null) return rowOf(ctx, already.resultId);
    if (await slugTaken(ctx.db, slug.value)) throw await takenError(ctx, request.name, slug.value);
    throw new AppError('upstream_unavailable', {
      detail: 'The assistant could not be saved.',
      next: 'Try again with the same key; nothing was created.',
      cause: error,
      retryAfterSeconds: 2,
    });
  }
  const row = (await ctx.db.select().from(tenant).where(eq(tenant.id, id)).limit(1))[0];
  if (row !== undefined) return row;
  throw new AppError('quota_reached', {
    detail: `This organisation has ${entitlement.assistantsMax} ${entitlement.assistantsMax === 1 ? 'assistant' : 'assistants'}, the most its plan allows.`,
    next: 'Delete one, or choose a larger plan.',
  });
}

function planNeeded(verdict: Verdict): AppError {
  return new AppError('billing_plan_needed', {
    detail: verdict.allowed ? 'This organisation may not run assistants now.' : verdict.reason,
    next: 'Open Billing: it says how to go on.',
  });
}

function firstLimits({ entitlement, used, account }: OrgStanding) {
  const share = { organisationNanoUsd: used.aiNanoUsd, assistantNanoUsd: 0 };
  return limitsOf(entitlement, share, account?.budgetNanoUsd ?? null);
}

async function takenError(ctx: Context, name: string, slug: string): Promise<AppError> {
  return new AppError('slug_taken', {
    detail: `The address ${slug} is taken.`,
    next: `Choose another, such as ${await suggestSlug(ctx, name)}.`,
    errors: [{ pointer: '/slug', detail: `The address ${slug} is taken.` }],
  });
}

const suggestionsMax = 5;

/** A free address from a name: the name and four random characters. */
export async function suggestSlug(ctx: Context, name: string): Promise<string> {
  const base = slugBaseFrom(name);
  for (let i = 0; i < suggestionsMax; i++) {
    const slug = `${base}-${ctx.system.ulid().slice(-4)}`;
    if (parseSlug(slug).ok && !(await slugTaken(ctx.db, slug))) return slug;
  }
  return `assistant-${ctx.system.ulid().slice(-8)}`;
}
