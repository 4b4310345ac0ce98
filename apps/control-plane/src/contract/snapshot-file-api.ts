/** The part of the endpoint table about single files of a snapshot. `api.ts` takes it in; nobody else imports it. */
import { z } from 'zod';
import type { Endpoint } from './endpoint.ts';
import { SnapshotId, TenantId } from './ids.ts';
import { FilePut, FilePutId, filePathCharsMax, filesPageMax, SnapshotFilePage } from './snapshot-file-rpc.ts';

const TenantParams = z.object({ tenantId: TenantId });
const SnapshotParams = TenantParams.extend({ snapshotId: SnapshotId });
const FilePath = z.string().min(1).max(filePathCharsMax);

/** A file that was put back, as the API shows it. */
export const PutFile = FilePut.omit({ atMs: true }).extend({ at: z.iso.datetime() });
export type PutFile = z.infer<typeof PutFile>;

export const snapshotFileEndpoints = {
  snapshotFileList: {
    method: 'get',
    path: '/api/v1/tenants/{tenantId}/snapshots/{snapshotId}/files',
    summary: 'The files of a snapshot, against the newest',
    permission: 'tenant:configure',
    params: SnapshotParams,
    query: z.object({
      search: z.string().max(200).default(''),
      show: z.enum(['all', 'differing']).default('all'),
      offset: z.coerce.number().int().min(0).max(100_000).default(0),
      limit: z.coerce.number().int().min(1).max(filesPageMax).default(100),
    }),
    status: 200,
    response: SnapshotFilePage,
  },
  snapshotFileTake: {
    method: 'get',
    path: '/api/v1/tenants/{tenantId}/snapshots/{snapshotId}/file',
    summary: 'Download one file of a snapshot',
    permission: 'tenant:configure',
    audit: 'snapshot.file_take',
    params: SnapshotParams,
    query: z.object({ path: FilePath }),
    status: 200,
    response: z.unknown(),
    download: 'application/octet-stream',
  },
  snapshotFilePut: {
    method: 'post',
    path: '/api/v1/tenants/{tenantId}/snapshots/{snapshotId}/file',
    summary: 'Put one file of a snapshot back into the running assistant; what it replaces is kept',
    permission: 'tenant:configure',
    audit: 'snapshot.file_put',
    params: SnapshotParams,
    body: z.strictObject({ path: FilePath }),
    status: 200,
    response: PutFile,
    idempotent: true,
  },
  putFileList: {
    method: 'get',
    path: '/api/v1/tenants/{tenantId}/put-files',
    summary: 'The files that were put back last, newest first',
    permission: 'tenant:configure',
    params: TenantParams,
    status: 200,
    response: z.object({ items: z.array(PutFile) }),
  },
  putFileUndo: {
    method: 'post',
    path: '/api/v1/tenants/{tenantId}/put-files/{putId}/undo',
    summary: 'Bring back what a file took the place of',
    permission: 'tenant:configure',
    audit: 'snapshot.file_undo',
    params: TenantParams.extend({ putId: FilePutId }),
    status: 200,
    response: PutFile,
  },
} as const satisfies Record<string, Endpoint>;
