/**
 * Single files of a snapshot, for people: looked through, downloaded, put back, and that undone. Who took or put one is
 * written down: around a change, and before a file leaves. The bytes pass through, none is kept; file names stay out of the
 * log.
 */
import { idBodyFrom } from '../adapters/system.ts';
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { Trail } from '../contract/audit.ts';
import { AppError } from '../contract/errors.ts';
import type { Result } from '../contract/result.ts';
import type { PutFile } from '../contract/snapshot-file-api.ts';
import type { FileQuestion, FilePut, SnapshotFilePage } from '../contract/snapshot-file-rpc.ts';
import type { Context } from '../context.ts';
import { attachmentOf } from '../core/attachment-name.ts';
import { auditRecord, withIntent } from './audit-record.ts';
import { refOf } from './tenant-read.ts';

export interface FileRequest {
  readonly row: TenantRow;
  readonly trail: Trail;
  readonly snapshotId: string;
  readonly path: string;
}

function valueOf<T>(answer: Result<T>): T {
  if (answer.ok) return answer.value;
  throw new AppError(answer.error.code, { detail: answer.error.detail, next: answer.error.next });
}

function toPutFile({ atMs, ...put }: FilePut): PutFile {
  return { ...put, at: new Date(atMs).toISOString() };
}

/** @throws AppError snapshot_unknown, snapshot_without_inventory, export_unreadable */
export async function snapshotFileList(
  ctx: Context,
  row: TenantRow,
  snapshotId: string,
  question: FileQuestion,
): Promise<SnapshotFilePage> {
  return valueOf(await ctx.tenants.snapshotFiles({ ...refOf(row), snapshotId, ...question }));
}

/** @throws AppError snapshot_unknown, snapshot_file_unknown, snapshot_file_too_large, export_unreadable */
export async function snapshotFileTake(ctx: Context, request: FileRequest): Promise<Response> {
  const { row, trail, snapshotId, path } = request;
  const { content, bytes, savedAtMs } = valueOf(await ctx.tenants.takeFile({ ...refOf(row), snapshotId, path }));
  try {
    await auditRecord(ctx, trail, { orgId: row.orgId, tenantId: row.id, after: { snapshotId, path, bytes } });
  } catch (error) {
    // Nothing leaves without a trace.
    await content.cancel('not written down');
    throw error;
  }
  ctx.log('snapshot.file_take', { tenant: row.id, by: trail.actor.id, snapshot: snapshotId, bytes });
  if (!(content instanceof ReadableStream)) throw new Error('the cell sent something that is no stream');
  return new Response(content.pipeThrough(new FixedLengthStream(bytes)), {
    headers: {
      // Whatever it holds, it is never shown as a page of ours.
      'content-type': 'application/octet-stream',
      'content-disposition': attachmentOf(path),
      'content-length': String(bytes),
      'cache-control': 'no-store',
      'last-modified': new Date(savedAtMs).toUTCString(),
    },
  });
}

/** @throws AppError snapshot_file_refused, tenant_not_startable, tenant_unreachable, and those of taking it */
export async function snapshotFilePut(
  ctx: Context,
  { row, trail, snapshotId, path, idempotencyKey }: FileRequest & { readonly idempotencyKey: string },
): Promise<PutFile> {
  // The same key is the same file: the id is made from it.
  const id = `put_${await idBodyFrom(`put\n${row.id}\n${idempotencyKey}`)}`;
  const subject = { orgId: row.orgId, tenantId: row.id, after: { snapshotId, path, putId: id } };
  return withIntent(ctx, trail, subject, async () => {
    const put = valueOf(await ctx.tenants.putFile({ ...refOf(row), snapshotId, path, id }));
    if (put.path === path && put.snapshotId === snapshotId) return toPutFile(put);
    throw new AppError('idempotency_key_reused', {
      detail: 'This Idempotency-Key was used for another file.',
      next: 'Send the request with a new key.',
    });
  });
}

export async function putFileList(ctx: Context, row: TenantRow): Promise<PutFile[]> {
  return valueOf(await ctx.tenants.putFiles(refOf(row))).map(toPutFile);
}

/** @throws AppError snapshot_file_unknown, snapshot_file_refused, tenant_not_startable, tenant_unreachable */
export async function putFileUndo(
  ctx: Context,
  { row, trail, id }: { readonly row: TenantRow; readonly trail: Trail; readonly id: string },
): Promise<PutFile> {
  const subject = { orgId: row.orgId, tenantId: row.id, before: { putId: id } };
  return withIntent(ctx, trail, subject, async () =>
    toPutFile(valueOf(await ctx.tenants.undoFile({ ...refOf(row), id }))),
  );
}
