/**
 * Wake, sleep, restart, drill. The operation is written before the cell is asked, and the key leads to it: repeating the request
 * sends the same operation again, which the cell takes once. A command that the state forbids leaves nothing behind.
 */
import { eq } from 'drizzle-orm';
import { auditInsert, withAuditEntry } from '../adapters/d1/audit.ts';
import { claimAnswer, claimDelete, claimFind, claimOf, claimValues } from '../adapters/d1/idempotency.ts';
import type { Claim } from '../adapters/d1/idempotency.ts';
import { intendedOperation } from '../adapters/d1/projection.ts';
import { idempotency, operation } from '../adapters/d1/schema.ts';
import { operationRow } from '../adapters/d1/tenants.ts';
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { Tenant } from '../contract/api.ts';
import type { Trail } from '../contract/audit.ts';
import { AppError } from '../contract/errors.ts';
import { OperationId } from '../contract/ids.ts';
import { ok } from '../contract/result.ts';
import type { Result } from '../contract/result.ts';
import { Operation, tenantAllows } from '../contract/tenant-rpc.ts';
import type { CommandToTenant, TenantReport } from '../contract/tenant-rpc.ts';
import type { Context } from '../context.ts';
import { progressUntold } from '../core/operation-progress.ts';
import { withOutcome } from './audit-record.ts';
import { quotaGiveBack, quotaTake } from './quotas.ts';
import { rememberReport } from './tenant-memory.ts';
import { noSuchTenant, refOf, requireTenant, tenantRead } from './tenant-read.ts';
import { releaseChange } from './tenant-change.ts';
import { newOperation } from './tenant-view.ts';

export interface TenantCommand {
  readonly row: TenantRow;
  readonly trail: Trail;
  /** The release of an upgrade or a rollback is the OpenClaw version that is wanted. */
  readonly what:
    | CommandToTenant
    | { readonly kind: 'drill' }
    | { readonly kind: 'import'; readonly importId: string }
    | { readonly kind: 'upgrade'; readonly release: string };
  readonly idempotencyKey: string;
  /** Why it is refused as the assistant is now, or null; asked once per key. */
  readonly refuse?: (now: Tenant) => AppError | null;
}

/**
 * @throws AppError tenant_not_startable with the reason, quota_reached, tenant_unreachable (the same key sends it again)
 */
export async function tenantCommand(ctx: Context, command: TenantCommand): Promise<Operation> {
  const { row, what, idempotencyKey } = command;
  const kind = operationKindOf(what);
  const claim = await claimOf(`command:${row.id}`, idempotencyKey, fingerprintOf(what));
  const kept = await claimFind(ctx.db, claim);
  if (kept !== null && kept.response !== null) return Operation.parse(JSON.parse(kept.response));
  const intended = newOperation({
    id: kept?.resultId ?? (await begin(ctx, command, claim)),
    tenantId: row.id,
    kind,
    nowMs: ctx.system.nowMs(),
  });
  const of = { orgId: row.orgId, tenantId: row.id, intentId: intentIdOf(intended.id) };
  const report = await withOutcome(ctx, command.trail, of, async () => {
    const answer = await send(ctx, command, intended.id);
    if (answer.ok) return answer.value;
    if (answer.error.code !== 'tenant_unreachable') await withdraw(ctx, command, claim, intended.id);
    throw new AppError(answer.error.code, { detail: answer.error.detail, next: answer.error.next });
  });
  if (report !== null) await rememberReport(ctx, row, report);
  const shown = report?.operation ?? null;
  const told = shown?.id === intended.id ? shown : intended;
  return Operation.parse(JSON.parse(await claimAnswer(ctx.db, claim, JSON.stringify(told))));
}

function operationKindOf({ kind }: TenantCommand['what']) {
  return kind === 'undo_restore' ? 'restore' : kind;
}

/** What a key stands for: the same key with anything else is refused. */
function fingerprintOf(what: TenantCommand['what']): string {
  return Object.keys(what).length === 1 ? what.kind : JSON.stringify(what);
}

/** The report that came back; null where the answer is of something else. */
async function send(
  ctx: Context,
  { row, trail, what }: TenantCommand,
  operationId: OperationId,
): Promise<Result<TenantReport | null>> {
  const asked = { ...refOf(row), operationId };
  switch (what.kind) {
    case 'drill':
      return ctx.tenants.drill(asked);
    case 'import': {
      const answer = await ctx.tenants.imports({ ...asked, do: 'start', id: what.importId });
      return answer.ok ? ok(null) : answer;
    }
    case 'upgrade':
      return releaseChange(ctx, trail, row, what.release, operationId);
    default:
      return ctx.tenants.command({ ...asked, ...what });
  }
}

/** Writes the operation, its key and the audit entry together. Resolves to the operation's id. */
async function begin(ctx: Context, command: TenantCommand, claim: Claim): Promise<string> {
  const { row, trail, what } = command;
  const kind = operationKindOf(what);
  const now = await tenantRead(ctx, row);
  const { state } = now;
  const refusal = command.refuse?.(now) ?? null;
  if (refusal !== null) throw refusal;
  const allowed = tenantAllows(kind, state);
  if (!allowed.allowed) {
    throw new AppError('tenant_not_startable', {
      detail: allowed.reason,
      next: 'Wait until it changed, then try again.',
    });
  }
  if (what.kind === 'snapshot') await quotaTake(ctx, quotaUseOf(command));
  const nowMs = ctx.system.nowMs();
  const id = `op_${ctx.system.ulid()}`;
  try {
    await withAuditEntry(
      ctx,
      trail,
      { orgId: row.orgId, tenantId: row.id, after: { operationId: id, ...what } },
      { id: intentIdOf(id), outcome: 'intended' },
      (entry) =>
        ctx.db.batch([
          ctx.db.insert(idempotency).values(claimValues(claim, id, nowMs)),
          intendedOperation(ctx.db, newOperation({ id, tenantId: row.id, kind, nowMs })),
          auditInsert(ctx.db, entry),
        ]),
    );
    return id;
  } catch (error) {
    // The same key at the same time, or applied with the answer lost: the row says.
    const already = await claimFind(ctx.db, claim);
    if (already !== null) return already.resultId;
    throw error;
  }
}

/** Found again by a repeat, which knows the operation only. */
const intentIdOf = (operationId: string): string => operationId.replace(/^op_/, 'aud_');

/** A repeat of the same request is the same use. */
function quotaUseOf({ row, idempotencyKey }: TenantCommand) {
  return { orgId: row.orgId, what: 'snapshots', use: `${row.id}:${idempotencyKey}` } as const;
}

/** The cell refused: the key is given back, so that the same command may be sent when the state allows it. */
async function withdraw(ctx: Context, command: TenantCommand, claim: Claim, operationId: string): Promise<void> {
  if (command.what.kind === 'snapshot') await quotaGiveBack(ctx, quotaUseOf(command));
  await ctx.db.batch([claimDelete(ctx.db, claim), ctx.db.delete(operation).where(eq(operation.id, operationId))]);
}

/** After this an operation that no cell has spoken of did not arrive. */
const arrivalMaxMs = 600_000;

/** An operation of an assistant this person may see: live while it runs, stored afterwards. */
export async function operationRead(ctx: Context, userId: string, operationId: string): Promise<Operation> {
  const stored = await operationRow(ctx.db, operationId);
  if (stored === undefined) throw noSuchTenant();
  const { row } = await requireTenant(ctx, userId, { id: stored.tenantId }, 'tenant:read');
  const told = Operation.parse(JSON.parse(stored.body));
  if (stored.finished) return told;
  const now = await tenantRead(ctx, row);
  if (now.operation?.id === operationId) return now.operation;
  const nowMs = ctx.system.nowMs();
  if (!now.live || stored.progress > progressUntold || nowMs < stored.startedAtMs + arrivalMaxMs) return told;
  return {
    ...told,
    id: OperationId.parse(operationId),
    finishedAtMs: stored.startedAtMs + arrivalMaxMs,
    error: {
      code: 'tenant_unreachable',
      detail: 'The command did not reach the assistant.',
      next: 'Send it again.',
    },
  };
}
