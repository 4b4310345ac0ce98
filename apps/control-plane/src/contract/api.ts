/**
 * The endpoint table: method, path, schemas and least permission of every public endpoint. Router, dashboard client,
 * OpenAPI page, CLI and the authorisation test read this one table; an endpoint that is not here does not exist.
 */
import { z } from 'zod';
import { OperationId, OrgId, SnapshotId, TenantId } from './ids.ts';
import { ImportId, importPartBytes, ImportView } from './imports.ts';
import { networkEndpoints } from './network-api.ts';
import type { Permission } from './roles.ts';
import { secretEndpoints } from './secret-api.ts';
import { IdleSleepMs, NanoUsd, Operation, Receipt, RestartSettings, SnapshotChanges } from './tenant-rpc.ts';
import { Me, Release, Snapshot, SnapshotList, System, Tenant, TimelineEntry, UsageReport } from './views.ts';

export * from './roles.ts';
export * from './views.ts';

const OrgParams = z.object({ orgId: OrgId });
const TenantParams = z.object({ tenantId: TenantId });
const SnapshotParams = z.object({ tenantId: TenantId, snapshotId: SnapshotId });
const ImportParams = TenantParams.extend({ importId: ImportId });
const Page = z.object({
  cursor: z.string().max(128).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});

export interface Endpoint {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: string;
  readonly summary: string;
  readonly permission: Permission;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  /** No body at all is the same as an empty one. */
  readonly bodyOptional?: true;
  /** Status of success and its body. */
  readonly status: 200 | 201 | 202 | 204;
  readonly response: z.ZodType;
  /** Creates something: an Idempotency-Key header is required. */
  readonly idempotent?: true;
  /** The body is bytes of at most this length, not JSON. */
  readonly uploadBytesMax?: number;
  /** Success is a file of this type to be saved, not JSON; `response` says nothing then. */
  readonly download?: string;
}

export const endpoints = {
  systemRead: {
    method: 'get',
    path: '/api/v1/system',
    summary: 'What is real here and what is a local stand-in',
    permission: 'public',
    status: 200,
    response: System,
  },
  meRead: {
    method: 'get',
    path: '/api/v1/me',
    summary: 'The signed-in person and their organisations',
    permission: 'signed-in',
    status: 200,
    response: Me,
  },
  releaseList: {
    method: 'get',
    path: '/api/v1/releases',
    summary: 'The OpenClaw versions that may be chosen, newest first',
    permission: 'signed-in',
    status: 200,
    response: z.object({ items: z.array(Release) }),
  },
  slugRead: {
    method: 'get',
    path: '/api/v1/slugs/{slug}',
    summary: 'Whether an address can be had',
    permission: 'signed-in',
    params: z.object({ slug: z.string().max(80) }),
    status: 200,
    response: z.object({
      slug: z.string(),
      available: z.boolean(),
      code: z.string().nullable(),
      detail: z.string().nullable(),
      suggestion: z.string(),
    }),
  },
  tenantList: {
    method: 'get',
    path: '/api/v1/orgs/{orgId}/tenants',
    summary: 'The assistants of an organisation',
    permission: 'tenant:read',
    params: OrgParams,
    query: Page,
    status: 200,
    response: z.object({ items: z.array(Tenant), nextCursor: z.string().nullable() }),
  },
  tenantCreate: {
    method: 'post',
    path: '/api/v1/orgs/{orgId}/tenants',
    summary: 'Create an assistant',
    permission: 'tenant:create',
    params: OrgParams,
    body: z.strictObject({
      name: z.string().trim().min(1).max(60),
      slug: z.string().max(80),
      release: z.string().max(64).optional(),
    }),
    status: 202,
    response: z.object({ tenant: Tenant, operation: Operation }),
    idempotent: true,
  },
  tenantRead: {
    method: 'get',
    path: '/api/v1/tenants/{tenantId}',
    summary: 'One assistant, as it is now',
    permission: 'tenant:read',
    params: TenantParams,
    status: 200,
    response: Tenant,
  },
  tenantUpdate: {
    method: 'patch',
    path: '/api/v1/tenants/{tenantId}',
    summary: 'Change the name, the monthly spending cap, when it sleeps, or whether it stays on its version',
    permission: 'tenant:configure',
    params: TenantParams,
    body: z.strictObject({
      name: z.string().trim().min(1).max(60).optional(),
      aiCapNanoUsdPerMonth: NanoUsd.optional(),
      idleSleepMs: IdleSleepMs.optional(),
      keepAwake: z.boolean().optional(),
      pinned: z.boolean().optional(),
    }),
    status: 200,
    response: Tenant,
  },
  tenantWake: {
    method: 'post',
    path: '/api/v1/tenants/{tenantId}/wake',
    summary: 'Wake the assistant',
    permission: 'tenant:operate',
    params: TenantParams,
    status: 202,
    response: Operation,
    idempotent: true,
  },
  tenantSleep: {
    method: 'post',
    path: '/api/v1/tenants/{tenantId}/sleep',
    summary: 'Save the assistant and put it to sleep',
    permission: 'tenant:operate',
    params: TenantParams,
    status: 202,
    response: Operation,
    idempotent: true,
  },
  tenantRestart: {
    method: 'post',
    path: '/api/v1/tenants/{tenantId}/restart',
    summary: 'Restart the assistant, also from the last settings that worked; nothing is lost',
    permission: 'tenant:operate',
    params: TenantParams,
    body: z.strictObject({ settings: RestartSettings.default('current') }),
    bodyOptional: true,
    status: 202,
    response: Operation,
    idempotent: true,
  },
  tenantExport: {
    method: 'get',
    path: '/api/v1/tenants/{tenantId}/export',
    summary: 'Download everything: an archive that boots under plain OpenClaw',
    permission: 'tenant:configure',
    params: TenantParams,
    query: z.object({ snapshot: SnapshotId.optional() }),
    status: 200,
    response: z.unknown(),
    download: 'application/zstd',
  },
  importList: {
    method: 'get',
    path: '/api/v1/tenants/{tenantId}/imports',
    summary: 'Uploads and what came of them, newest first',
    permission: 'tenant:configure',
    params: TenantParams,
    status: 200,
    response: z.object({ items: z.array(ImportView) }),
  },
  importCreate: {
    method: 'post',
    path: '/api/v1/tenants/{tenantId}/imports',
    summary: 'Begin to upload an OpenClaw of yours',
    permission: 'tenant:configure',
    params: TenantParams,
    body: z.strictObject({
      fileName: z.string().trim().min(1).max(200),
      bytes: z.number().int().min(1).max(20_000_000_000),
    }),
    status: 201,
    response: ImportView,
    idempotent: true,
  },
  importPart: {
    method: 'put',
    path: '/api/v1/tenants/{tenantId}/imports/{importId}/parts/{part}',
    summary: 'Send the next 8 MiB of an upload',
    permission: 'tenant:configure',
    params: ImportParams.extend({ part: z.coerce.number().int().min(0).max(10_000) }),
    uploadBytesMax: importPartBytes,
    status: 200,
    response: ImportView,
  },
  importStart: {
    method: 'post',
    path: '/api/v1/tenants/{tenantId}/imports/{importId}/start',
    summary: 'Convert an upload beside the assistant; nothing of it changes yet',
    permission: 'tenant:configure',
    params: ImportParams,
    status: 202,
    response: Operation,
    idempotent: true,
  },
  importApply: {
    method: 'post',
    path: '/api/v1/tenants/{tenantId}/imports/{importId}/apply',
    summary: 'Let the converted upload take the place of the present state, which is kept',
    permission: 'tenant:configure',
    params: ImportParams,
    status: 202,
    response: Operation,
    idempotent: true,
  },
  importRemove: {
    method: 'delete',
    path: '/api/v1/tenants/{tenantId}/imports/{importId}',
    summary: 'Take an upload back',
    permission: 'tenant:configure',
    params: ImportParams,
    status: 200,
    response: ImportView,
  },
  tenantUpgrade: {
    method: 'post',
    path: '/api/v1/tenants/{tenantId}/upgrade',
    summary: 'Try a newer OpenClaw on a copy of its state, and change to it when that went well',
    permission: 'tenant:configure',
    params: TenantParams,
    body: z.strictObject({ release: z.string().max(64) }),
    status: 202,
    response: Operation,
    idempotent: true,
  },
  tenantRollback: {
    method: 'post',
    path: '/api/v1/tenants/{tenantId}/rollback',
    summary: 'Bring back the version and the state from before the last upgrade',
    permission: 'tenant:configure',
    params: TenantParams,
    status: 202,
    response: Operation,
    idempotent: true,
  },
  drillCreate: {
    method: 'post',
    path: '/api/v1/tenants/{tenantId}/drills',
    summary: 'Prove the newest snapshot by restoring and booting it beside the assistant',
    permission: 'tenant:operate',
    params: TenantParams,
    status: 202,
    response: Operation,
    idempotent: true,
  },
  snapshotList: {
    method: 'get',
    path: '/api/v1/tenants/{tenantId}/snapshots',
    summary: 'The snapshots of an assistant, newest first',
    permission: 'tenant:read',
    params: TenantParams,
    status: 200,
    response: SnapshotList,
  },
  snapshotTake: {
    method: 'post',
    path: '/api/v1/tenants/{tenantId}/snapshots',
    summary: 'Take a snapshot now; it is protected',
    permission: 'tenant:operate',
    params: TenantParams,
    body: z.strictObject({ note: z.string().trim().max(200).optional() }),
    status: 202,
    response: Operation,
    idempotent: true,
  },
  snapshotChanges: {
    method: 'get',
    path: '/api/v1/tenants/{tenantId}/snapshots/{snapshotId}/changes',
    summary: 'What restoring a snapshot would change against the newest',
    permission: 'tenant:read',
    params: SnapshotParams,
    status: 200,
    response: SnapshotChanges,
  },
  snapshotUpdate: {
    method: 'patch',
    path: '/api/v1/tenants/{tenantId}/snapshots/{snapshotId}',
    summary: 'Protect a snapshot, or accept one that was set aside',
    permission: 'tenant:configure',
    params: SnapshotParams,
    body: z.strictObject({ protected: z.boolean().optional(), accepted: z.literal(true).optional() }),
    status: 200,
    response: Snapshot,
  },
  snapshotRestore: {
    method: 'post',
    path: '/api/v1/tenants/{tenantId}/snapshots/{snapshotId}/restore',
    summary: 'Restore a snapshot; what it replaces is kept',
    permission: 'tenant:configure',
    params: SnapshotParams,
    status: 202,
    response: Operation,
    idempotent: true,
  },
  snapshotUndo: {
    method: 'post',
    path: '/api/v1/tenants/{tenantId}/undo-restore',
    summary: 'Bring back what the last restore replaced',
    permission: 'tenant:configure',
    params: TenantParams,
    status: 202,
    response: Operation,
    idempotent: true,
  },
  timelineRead: {
    method: 'get',
    path: '/api/v1/tenants/{tenantId}/timeline',
    summary: 'What the assistant did and what happened to it, newest first',
    permission: 'tenant:read',
    params: TenantParams,
    query: Page,
    status: 200,
    response: z.object({ items: z.array(TimelineEntry), nextCursor: z.string().nullable() }),
  },
  operationRead: {
    method: 'get',
    path: '/api/v1/operations/{operationId}',
    summary: 'Long work and its steps',
    permission: 'tenant:read',
    params: z.object({ operationId: OperationId }),
    status: 200,
    response: Operation,
  },
  usageRead: {
    method: 'get',
    path: '/api/v1/tenants/{tenantId}/usage',
    summary: 'What a month cost',
    permission: 'usage:read',
    params: TenantParams,
    query: z.object({
      period: z
        .string()
        .regex(/^\d{4}-\d{2}$/)
        .optional(),
    }),
    status: 200,
    response: UsageReport,
  },
  receiptList: {
    method: 'get',
    path: '/api/v1/tenants/{tenantId}/usage/requests',
    summary: 'Every charged request, newest first',
    permission: 'usage:read',
    params: TenantParams,
    query: Page,
    status: 200,
    response: z.object({ items: z.array(Receipt), nextCursor: z.string().nullable() }),
  },
  ...networkEndpoints,
  ...secretEndpoints,
} as const satisfies Record<string, Endpoint>;

export type EndpointName = keyof typeof endpoints;
