/** The part of the endpoint table about what an assistant used. `api.ts` takes it in; nobody else imports it. */
import { z } from 'zod';
import { DriftKind } from './drift.ts';
import type { Endpoint } from './endpoint.ts';
import { TenantId } from './ids.ts';
import { Receipt } from './tenant-rpc.ts';
import { UsageReport } from './views.ts';

const params = z.object({ tenantId: TenantId });

/** A UTC month, "2026-11". */
export const Period = z.string().regex(/^\d{4}-(?:0[1-9]|1[0-2])$/);

/** Receipts against the gateway's own log, the newest 30 days that were compared, newest first. */
export const TenantDrift = z.object({
  days: z.array(
    z.object({
      day: z.iso.date(),
      requests: z.number().int(),
      /** Empty where both say the same. */
      found: z.array(z.object({ kind: DriftKind, count: z.number().int() })),
    }),
  ),
});
export type TenantDrift = z.infer<typeof TenantDrift>;

export const usageEndpoints = {
  usageRead: {
    method: 'get',
    path: '/api/v1/tenants/{tenantId}/usage',
    summary: 'What a month cost',
    permission: 'usage:read',
    params,
    query: z.object({ period: Period.optional() }),
    status: 200,
    response: UsageReport,
  },
  receiptList: {
    method: 'get',
    path: '/api/v1/tenants/{tenantId}/usage/requests',
    summary: 'Every request of the last 90 days that ended, also attempts that failed, newest first',
    permission: 'usage:read',
    params,
    query: z.object({
      cursor: z.string().max(128).optional(),
      limit: z.coerce.number().int().min(1).max(100).default(50),
    }),
    status: 200,
    response: z.object({ items: z.array(Receipt), nextCursor: z.string().nullable() }),
  },
  receiptExport: {
    method: 'get',
    path: '/api/v1/tenants/{tenantId}/usage/requests.csv',
    summary: 'Every request of a month as a CSV file, failed attempts among them, oldest first',
    permission: 'usage:read',
    params,
    query: z.object({ period: Period.optional() }),
    status: 200,
    response: z.unknown(),
    download: 'text/csv',
  },
  usageDrift: {
    method: 'get',
    path: '/api/v1/tenants/{tenantId}/usage/drift',
    summary: "Whether the gateway's own log agrees with the receipts, by day",
    permission: 'usage:read',
    params,
    status: 200,
    response: TenantDrift,
  },
} as const satisfies Record<string, Endpoint>;
