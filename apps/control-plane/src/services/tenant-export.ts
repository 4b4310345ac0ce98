/**
 * The download of everything an assistant is. Who took it is written down first; from then on only the cell is needed, so
 * that a database that is away cuts nothing off. The bytes pass through, none is kept.
 */
import type { TenantRow } from '../adapters/d1/tenants.ts';
import type { Trail } from '../contract/audit.ts';
import { AppError } from '../contract/errors.ts';
import type { ByteStream } from '../contract/tenant-rpc.ts';
import type { Context } from '../context.ts';
import { auditRecord } from './audit-record.ts';
import { quotaGiveBack, quotaTake } from './quotas.ts';
import { refOf } from './tenant-read.ts';

export interface TenantExport {
  readonly row: TenantRow;
  readonly trail: Trail;
  /** Null for the newest. */
  readonly snapshotId: string | null;
}

/** @throws AppError quota_reached, export_nothing_saved, snapshot_unknown, export_unreadable, tenant_deleted, tenant_unreachable */
export async function tenantExport(ctx: Context, { row, trail, snapshotId }: TenantExport): Promise<Response> {
  const use = { orgId: row.orgId, what: 'exports', use: ctx.system.ulid() } as const;
  await quotaTake(ctx, use);
  const answer = await ctx.tenants.exportState({ ...refOf(row), snapshotId });
  if (!answer.ok) {
    await quotaGiveBack(ctx, use);
    throw new AppError(answer.error.code, { detail: answer.error.detail, next: answer.error.next });
  }
  const { content, bytes, fileName, savedAtMs } = answer.value;
  try {
    const after = { snapshotId: answer.value.snapshotId, bytes };
    await auditRecord(ctx, trail, { orgId: row.orgId, tenantId: row.id, after });
  } catch (error) {
    // Nothing leaves without a trace.
    await content.cancel('not written down');
    await quotaGiveBack(ctx, use);
    throw error;
  }
  ctx.log('tenant.export', { tenant: row.id, by: trail.actor.id, snapshot: answer.value.snapshotId, bytes });
  return new Response(sized(content, bytes), {
    headers: {
      'content-type': 'application/zstd',
      'content-disposition': `attachment; filename="${fileName}"`,
      'content-length': String(bytes),
      'cache-control': 'no-store',
      'last-modified': new Date(savedAtMs).toUTCString(),
    },
  });
}

/** A stream of known length goes out with a content-length: a browser then says of itself that a download was cut. */
function sized(content: ByteStream, bytes: number): ReadableStream {
  if (!(content instanceof ReadableStream)) throw new Error('the cell sent something that is no stream');
  return content.pipeThrough(new FixedLengthStream(bytes));
}
