/**
 * Assistants: create, read, change, command. The row is written before the cell is called (intent before effect); the
 * call carries the operation's id, so repeating it after any failure, by the next read or by the sweep, changes nothing
 * that was done. The cell decides; D1 remembers.
 */
import { and, count, eq, lt } from 'drizzle-orm';
import { audit, idempotency, tenant } from '../adapters/d1/schema.ts';
import { operationRow, slugTaken, tenantFor } from '../adapters/d1/tenants.ts';
import type { TenantRow } from '../adapters/d1/tenants.ts';
import { sha256Base64Url } from '../adapters/system.ts';
import type { Permission, Tenant } from '../contract/api.ts';
import { roleAllows } from '../contract/api.ts';
import { AppError } from '../contract/errors.ts';
import { OperationId, TenantId } from '../contract/ids.ts';
import type { Result } from '../contract/result.ts';
import { parseSlug, slugBaseFrom } from '../contract/slug.ts';
import { Operation, tenantAllows } from '../contract/tenant-rpc.ts';
import type { TenantReport, TenantSpec } from '../contract/tenant-rpc.ts';
import type { Context } from '../context.ts';
import * as defaults from '../core/defaults.ts';
import { specOf, storedReport, toTenant } from './tenant-view.ts';

/** A cell that does not answer by then is taken for away; the stored copy is shown. */
const cellDeadlineMs = 2_500;
/** Commands may wait for a cell that is busy. */
const commandDeadlineMs = 10_000;

const notFound = (): AppError =>
  new AppError('not_found', {
    detail: 'There is no such assistant, or it is not yours.',
    next: 'Go back to your assistants.',
  });

/** The assistant, when this person may do `permission` with it. A foreign one is the same as none. */
export async function requireTenant(
  ctx: Context,
  userId: string,
  tenantId: string,
  permission: Permission,
): Promise<TenantRow> {
  const found = await tenantFor(ctx.db, userId, { id: tenantId });
  if (found === null) throw notFound();
  if (!roleAllows[found.role][permission]) {
    throw new AppError('forbidden', {
      detail: `Your role (${found.role}) does not allow this.`,
      next: 'Ask an owner of the organisation.',
    });
  }
  return found.row;
}

async function inTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the cell did not answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    if (timer !== undefined) clearTimeout(timer);
  }
}

/** Calls the cell; a cell that is away is a clear, repeatable refusal. */
async function callCell<T>(ctx: Context, work: () => Promise<Result<T>>): Promise<T> {
  let answer: Result<T>;
  try {
    answer = await inTime(work(), commandDeadlineMs);
  } catch (error) {
    ctx.log('cell.unreachable', { error: String(error).slice(0, 300) });
    throw new AppError('upstream_unavailable', {
      detail: 'The part of Tidepool that runs assistants does not answer.',
      next: 'Try again in a moment; nothing was lost.',
      cause: error,
      retryAfterSeconds: 5,
    });
  }
  if (!answer.ok) throw new AppError(answer.error.code, { detail: answer.error.detail, next: answer.error.next });
  return answer.value;
}

const refOf = (row: TenantRow) => ({ tenantId: TenantId.parse(row.id), slug: row.slug });

/** Sends the creation to the cell, again if need be. */
export async function provisionAtCell(ctx: Context, row: TenantRow): Promise<TenantReport> {
  return callCell(ctx, () =>
    ctx.tenants.provision({
      ...refOf(row),
      generation: row.generation,
      operationId: OperationId.parse(row.provisionOperationId),
      spec: specOf(row),
    }),
  );
}

export interface CreateTenant {
  readonly orgId: string;
  readonly userId: string;
  readonly name: string;
  readonly slug: string;
  readonly idempotencyKey: string;
}

export async function createTenant(
  ctx: Context,
  request: CreateTenant,
): Promise<{ tenant: Tenant; operation: Operation }> {
  const scope = `tenant:${request.orgId}`;
  const requestHash = await sha256Base64Url(JSON.stringify([request.name, request.slug]));
  const row =
    (await replayed(ctx, scope, request.idempotencyKey, requestHash)) ??
    (await reserve(ctx, request, scope, requestHash));
  try {
    const report = await provisionAtCell(ctx, row);
    return view(ctx, row, report, true);
  } catch (error) {
    // The row stands: the sweep and every read send the creation again. The person sees it under way.
    ctx.log('tenant.provision_deferred', { tenant: row.id, error: String(error).slice(0, 300) });
    return view(ctx, row, null, false);
  }
}

function view(
  ctx: Context,
  row: TenantRow,
  report: TenantReport | null,
  live: boolean,
): { tenant: Tenant; operation: Operation } {
  const waiting: Operation = {
    id: OperationId.parse(row.provisionOperationId),
    tenantId: TenantId.parse(row.id),
    kind: 'provision',
    startedAtMs: row.createdAtMs,
    finishedAtMs: null,
    steps: [],
    attempt: 1,
    error: null,
  };
  const shown = toTenant({ config: ctx.config, row, report, live, nowMs: ctx.system.nowMs(), operation: waiting });
  return { tenant: shown, operation: shown.operation ?? waiting };
}

/** The row that an earlier request with this key made; a key used for something else is refused. */
async function replayed(ctx: Context, scope: string, key: string, requestHash: string): Promise<TenantRow | null> {
  const kept = (
    await ctx.db
      .select()
      .from(idempotency)
      .where(and(eq(idempotency.scope, scope), eq(idempotency.key, key)))
      .limit(1)
  )[0];
  if (kept === undefined) return null;
  if (kept.requestHash !== requestHash) {
    throw new AppError('idempotency_key_reused', {
      detail: 'This Idempotency-Key was used for another request.',
      next: 'Send the request with a new key.',
    });
  }
  return (await ctx.db.select().from(tenant).where(eq(tenant.id, kept.resultId)).limit(1))[0] ?? null;
}

/** Writes the row, its key and its audit entry together, or nothing. */
async function reserve(ctx: Context, request: CreateTenant, scope: string, requestHash: string): Promise<TenantRow> {
  const slug = parseSlug(request.slug);
  if (!slug.ok)
    throw new AppError(slug.error.code, { ...slug.error, errors: [{ pointer: '/slug', detail: slug.error.detail }] });
  const owned = await ctx.db.select({ n: count() }).from(tenant).where(eq(tenant.orgId, request.orgId));
  if ((owned[0]?.n ?? 0) >= defaults.tenantsPerOrgMax) {
    throw new AppError('quota_reached', {
      detail: `This organisation has ${defaults.tenantsPerOrgMax} assistants, the most its plan allows.`,
      next: 'Delete one, or ask for a larger plan.',
    });
  }
  const nowMs = ctx.system.nowMs();
  const spec: TenantSpec = {
    displayName: request.name,
    desired: 'active',
    members: [{ userId: request.userId, role: 'owner' }],
    release: defaults.defaultRelease,
    size: defaults.defaultSize,
    idleSleepMs: defaults.defaultIdleSleepMs,
    models: defaults.defaultModels,
    aiCapNanoUsdPerMonth: defaults.defaultAiCapNanoUsd,
  };
  const id = `ten_${ctx.system.ulid()}`;
  const values = {
    id,
    orgId: request.orgId,
    slug: slug.value,
    name: request.name,
    spec: JSON.stringify(spec),
    generation: 1,
    provisionOperationId: `op_${ctx.system.ulid()}`,
    createdAtMs: nowMs,
  };
  try {
    await ctx.db.batch([
      ctx.db.insert(tenant).values(values),
      ctx.db.insert(idempotency).values({
        scope,
        key: request.idempotencyKey,
        requestHash,
        resultId: id,
        expiresAtMs: nowMs + defaults.idempotencyKeptMs,
      }),
      ctx.db.insert(audit).values({
        id: ctx.system.ulid(),
        orgId: request.orgId,
        actorId: request.userId,
        action: 'tenant.create',
        targetId: id,
        atMs: nowMs,
      }),
    ]);
  } catch (error) {
    // Which constraint it was, or whether the batch was applied and its answer lost, is read, not guessed.
    const already = await replayed(ctx, scope, request.idempotencyKey, requestHash);
    if (already !== null) return already;
    if (await slugTaken(ctx.db, slug.value)) throw await takenError(ctx, request.name, slug.value);
    throw new AppError('upstream_unavailable', {
      detail: 'The assistant could not be saved.',
      next: 'Try again; nothing was created.',
      cause: error,
    });
  }
  const row = (await ctx.db.select().from(tenant).where(eq(tenant.id, id)).limit(1))[0];
  if (row === undefined)
    throw new AppError('internal', {
      detail: 'The assistant was saved but cannot be read.',
      next: 'Try again with the same key.',
    });
  return row;
}

async function takenError(ctx: Context, name: string, slug: string): Promise<AppError> {
  return new AppError('slug_taken', {
    detail: `The address ${slug} is taken.`,
    next: `Choose another, such as ${await suggestSlug(ctx, name)}.`,
    errors: [{ pointer: '/slug', detail: `The address ${slug} is taken.` }],
  });
}

/** A free address from a name: the name and four random characters. */
export async function suggestSlug(ctx: Context, name: string): Promise<string> {
  const base = slugBaseFrom(name);
  for (let i = 0; i < 5; i++) {
    const slug = `${base}-${ctx.system.ulid().slice(-4)}`;
    if (parseSlug(slug).ok && !(await slugTaken(ctx.db, slug))) return slug;
  }
  return `assistant-${ctx.system.ulid().slice(-8)}`;
}

/** The assistant as it is now; from the stored copy when its cell is away. Wakes nothing. */
export async function readTenant(ctx: Context, row: TenantRow): Promise<Tenant> {
  const nowMs = ctx.system.nowMs();
  try {
    const answer = await inTime(ctx.tenants.report(refOf(row)), cellDeadlineMs);
    if (answer.ok) return toTenant({ config: ctx.config, row, report: answer.value, live: true, nowMs });
    // The cell has never heard of it: the creation did not arrive.
    if (answer.error.code === 'tenant_unknown') return view(ctx, row, await provisionAtCell(ctx, row), true).tenant;
    ctx.log('cell.refused', { tenant: row.id, code: answer.error.code });
  } catch (error) {
    ctx.log('cell.unreachable', { tenant: row.id, error: String(error).slice(0, 300) });
  }
  return toTenant({ config: ctx.config, row, report: storedReport(row), live: false, nowMs });
}

export interface TenantChange {
  readonly name?: string | undefined;
  readonly aiCapNanoUsdPerMonth?: number | undefined;
}

/** Saves the new spec under the next generation, then sends it. Of two changes at once, one is asked to repeat. */
export async function updateTenant(
  ctx: Context,
  userId: string,
  row: TenantRow,
  change: TenantChange,
): Promise<Tenant> {
  const old = specOf(row);
  const spec: TenantSpec = {
    ...old,
    displayName: change.name ?? old.displayName,
    aiCapNanoUsdPerMonth: change.aiCapNanoUsdPerMonth ?? old.aiCapNanoUsdPerMonth,
  };
  return replaceSpec(ctx, userId, row, spec, 'tenant.update');
}

/** Makes sure that a member of the organisation is one of the assistant's people, before their first sign-in there. */
export async function ensureMember(
  ctx: Context,
  row: TenantRow,
  userId: string,
  role: 'owner' | 'operator',
): Promise<void> {
  const spec = specOf(row);
  if (spec.members.some((m) => m.userId === userId && m.role === role)) return;
  const members = [...spec.members.filter((m) => m.userId !== userId), { userId, role }];
  await replaceSpec(ctx, userId, row, { ...spec, members }, 'tenant.member_added');
}

async function replaceSpec(
  ctx: Context,
  userId: string,
  row: TenantRow,
  spec: TenantSpec,
  action: string,
): Promise<Tenant> {
  const generation = row.generation + 1;
  const changed = await ctx.db
    .update(tenant)
    .set({ name: spec.displayName, spec: JSON.stringify(spec), generation })
    .where(and(eq(tenant.id, row.id), eq(tenant.generation, row.generation)))
    .returning();
  const saved = changed[0];
  if (saved === undefined) {
    throw new AppError('generation_stale', {
      detail: 'Somebody else changed this assistant just now.',
      next: 'Look at it again and repeat your change.',
    });
  }
  await ctx.db.insert(audit).values({
    id: ctx.system.ulid(),
    orgId: row.orgId,
    actorId: userId,
    action,
    targetId: row.id,
    atMs: ctx.system.nowMs(),
  });
  try {
    await callCell(ctx, () => ctx.tenants.applySpec({ ...refOf(saved), generation, operationId: null, spec }));
  } catch (error) {
    // The sweep sends it again: the row's generation is ahead of the reported one.
    ctx.log('tenant.spec_deferred', { tenant: row.id, generation, error: String(error).slice(0, 300) });
  }
  return readTenant(ctx, saved);
}

/** Wake, sleep or restart. The same key is the same operation. */
export async function commandTenant(
  ctx: Context,
  request: { row: TenantRow; userId: string; kind: 'wake' | 'sleep' | 'restart'; idempotencyKey: string },
): Promise<Operation> {
  const { row, userId, kind, idempotencyKey } = request;
  const scope = `command:${row.id}`;
  const nowMs = ctx.system.nowMs();
  await ctx.db
    .insert(idempotency)
    .values({
      scope,
      key: idempotencyKey,
      requestHash: kind,
      resultId: `op_${ctx.system.ulid()}`,
      expiresAtMs: nowMs + defaults.idempotencyKeptMs,
    })
    .onConflictDoNothing();
  const kept = (
    await ctx.db
      .select()
      .from(idempotency)
      .where(and(eq(idempotency.scope, scope), eq(idempotency.key, idempotencyKey)))
      .limit(1)
  )[0];
  if (kept === undefined || kept.requestHash !== kind) {
    throw new AppError('idempotency_key_reused', {
      detail: 'This Idempotency-Key was used for another command.',
      next: 'Send the command with a new key.',
    });
  }
  const operationId = OperationId.parse(kept.resultId);
  const now = await readTenant(ctx, row);
  const known = now.operation?.id === operationId ? now.operation : await storedOperation(ctx, operationId);
  if (known !== null) return known;
  const allowed = tenantAllows(kind, now.state);
  if (!allowed.allowed) {
    // The key is given back: the same command may be sent again when the state allows it.
    await ctx.db.delete(idempotency).where(and(eq(idempotency.scope, scope), eq(idempotency.key, idempotencyKey)));
    throw new AppError('tenant_not_startable', {
      detail: allowed.reason,
      next: 'Wait until it changed, then try again.',
    });
  }
  await ctx.db.insert(audit).values({
    id: ctx.system.ulid(),
    orgId: row.orgId,
    actorId: userId,
    action: `tenant.${kind}`,
    targetId: row.id,
    atMs: nowMs,
  });
  const report = await callCell(ctx, () => ctx.tenants.command({ ...refOf(row), kind, operationId }));
  if (report.operation?.id === operationId) return report.operation;
  const stored = await storedOperation(ctx, operationId);
  return (
    stored ?? {
      id: operationId,
      tenantId: TenantId.parse(row.id),
      kind,
      startedAtMs: nowMs,
      finishedAtMs: null,
      steps: [],
      attempt: 1,
      error: null,
    }
  );
}

async function storedOperation(ctx: Context, id: string): Promise<Operation | null> {
  const row = await operationRow(ctx.db, id);
  return row === undefined ? null : Operation.parse(JSON.parse(row.body));
}

/** An operation of an assistant this person may see: live while it runs, stored afterwards. */
export async function readOperation(ctx: Context, userId: string, operationId: string): Promise<Operation> {
  const stored = await operationRow(ctx.db, operationId);
  const tenantId =
    stored?.tenantId ??
    (
      await ctx.db.select({ id: tenant.id }).from(tenant).where(eq(tenant.provisionOperationId, operationId)).limit(1)
    )[0]?.id ??
    (
      await ctx.db
        .select({ scope: idempotency.scope })
        .from(idempotency)
        .where(eq(idempotency.resultId, operationId))
        .limit(1)
    )[0]?.scope.replace(/^command:/, '');
  if (tenantId === undefined) throw notFound();
  const row = await requireTenant(ctx, userId, tenantId, 'tenant:read');
  if (stored?.finished === true) return Operation.parse(JSON.parse(stored.body));
  const now = await readTenant(ctx, row);
  if (now.operation?.id === operationId) return now.operation;
  if (stored !== undefined) return Operation.parse(JSON.parse(stored.body));
  throw notFound();
}

/** Rows whose answer nobody needs any more. */
export async function purgeIdempotency(ctx: Context): Promise<void> {
  await ctx.db.delete(idempotency).where(lt(idempotency.expiresAtMs, ctx.system.nowMs()));
}
