/**
 * Bringing an OpenClaw of one's own: the upload and what came of it. The cell keeps the rows; here it is checked who may,
 * and what was begun is written to the audit trail. Converting and switching are operations (`tenant-command.ts`).
 */
import { idBodyFrom } from '../adapters/system.ts';
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { Trail } from '../contract/audit.ts';
import { AppError } from '../contract/errors.ts';
import type { ImportCommand, ImportView } from '../contract/imports.ts';
import type { Context } from '../context.ts';
import { withIntent } from './audit-record.ts';
import type { QuotaUse } from '../adapters/d1/quota-uses.ts';
import { quotaGiveBack, quotaTake } from './quotas.ts';
import { refOf } from './tenant-read.ts';

const unknown = (): AppError =>
  new AppError('import_unknown', { detail: 'There is no such upload.', next: 'Begin it anew.' });

/** @throws AppError with the cell's refusal */
async function ask(ctx: Context, row: TenantRow, command: ImportCommand): Promise<readonly ImportView[]> {
  const answer = await ctx.tenants.imports({ ...refOf(row), ...command });
  if (answer.ok) return answer.value.imports;
  throw new AppError(answer.error.code, { detail: answer.error.detail, next: answer.error.next });
}

function theOne(imports: readonly ImportView[], id: string): ImportView {
  const found = imports.find((each) => each.id === id);
  if (found === undefined) throw unknown();
  return found;
}

export async function importList(ctx: Context, row: TenantRow): Promise<ImportView[]> {
  return [...(await ask(ctx, row, { do: 'list' }))];
}

/**
 * The same key begins the same upload: the id is made from it.
 * @throws AppError quota_reached, and the cell's refusals
 */
export async function importCreate(
  ctx: Context,
  row: TenantRow,
  trail: Trail,
  { fileName, bytes, idempotencyKey }: { fileName: string; bytes: number; idempotencyKey: string },
): Promise<ImportView> {
  const id = `imp_${await idBodyFrom(`import\n${row.id}\n${idempotencyKey}`)}`;
  const subject = { orgId: row.orgId, tenantId: row.id, after: { importId: id, fileName, bytes } };
  const use = { orgId: row.orgId, what: 'imports', use: id } as const;
  await quotaTake(ctx, use);
  return withIntent(ctx, trail, subject, async () =>
    theOne(await begin(ctx, row, use, { do: 'create', id, fileName, bytes }), id),
  );
}

/** An upload that the cell did not take was none. */
async function begin(ctx: Context, row: TenantRow, use: QuotaUse, command: ImportCommand) {
  try {
    return await ask(ctx, row, command);
  } catch (error) {
    const taken = error instanceof AppError && error.code === 'tenant_unreachable';
    if (!taken) await quotaGiveBack(ctx, use);
    throw error;
  }
}

export async function importPart(
  ctx: Context,
  row: TenantRow,
  id: string,
  { n, content }: { n: number; content: Uint8Array },
): Promise<ImportView> {
  return theOne(await ask(ctx, row, { do: 'part', id, n, content }), id);
}

export async function importRemove(ctx: Context, row: TenantRow, trail: Trail, id: string): Promise<ImportView> {
  const subject = { orgId: row.orgId, tenantId: row.id, before: { importId: id } };
  return withIntent(ctx, trail, subject, async () => theOne(await ask(ctx, row, { do: 'remove', id }), id));
}

/** What a converted upload became. */
export async function importedSnapshot(ctx: Context, row: TenantRow, id: string): Promise<string> {
  const found = theOne(await importList(ctx, row), id);
  if (found.snapshotId !== null) return found.snapshotId;
  throw new AppError('import_not_ready', {
    detail: found.state === 'failed' ? 'This upload was not taken.' : 'This upload is not converted yet.',
    next: found.state === 'failed' ? 'See its report, and bring another.' : 'Wait until it is ready.',
  });
}
