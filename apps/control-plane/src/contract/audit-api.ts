/** The part of the endpoint table about the audit trail. `api.ts` takes it in; nobody else imports it. */
import { z } from 'zod';
import type { Endpoint } from './api.ts';
import { auditActionNames, auditOutcomes } from './audit.ts';
import { OpaqueId, OrgId, TenantId } from './ids.ts';

export const AuditEntryView = z.object({
  /** Its number in the organisation's chain, from 1 without gaps. */
  seq: z.number().int(),
  id: z.string(),
  at: z.string(),
  actor: z.object({
    kind: z.enum(['person', 'staff', 'api_key', 'system']),
    id: z.string(),
    /** Null when whoever it was is gone. */
    name: z.string().nullable(),
  }),
  /** One of the table of contract/audit.ts; newer ones are shown as they are. */
  action: z.string(),
  outcome: z.enum(auditOutcomes),
  tenantId: z.string().nullable(),
  tenantName: z.string().nullable(),
  /** The intended entry that this one tells the outcome of. */
  intentId: z.string().nullable(),
  code: z.string().nullable(),
  reason: z.string().nullable(),
  before: z.record(z.string(), z.unknown()),
  after: z.record(z.string(), z.unknown()),
  requestId: z.string().nullable(),
  hash: z.string(),
});
export type AuditEntryView = z.infer<typeof AuditEntryView>;

export const AuditVerification = z.object({
  /** Entries `from` to `to` were followed in this call. */
  from: z.number().int(),
  to: z.number().int(),
  /** When the entry `to` was written; null when there is none. */
  verifiedUpTo: z.string().nullable(),
  /** Ask again with `after` = this; null at the chain's end. */
  next: z.number().int().nullable(),
  /** Days whose anchor, kept outside the database, agrees. */
  anchors: z.number().int(),
  broken: z
    .object({
      kind: z.enum(['edited', 'removed', 'reordered', 'relinked', 'rewritten', 'truncated', 'anchor_unreadable']),
      seq: z.number().int(),
      detail: z.string(),
    })
    .nullable(),
});
export type AuditVerification = z.infer<typeof AuditVerification>;

export const auditEndpoints = {
  auditList: {
    method: 'get',
    path: '/api/v1/orgs/{orgId}/audit',
    summary: 'Who changed what in an organisation, newest first',
    permission: 'audit:read',
    params: z.object({ orgId: OrgId }),
    query: z.object({
      cursor: z
        .string()
        .regex(/^\d{1,15}$/)
        .optional(),
      limit: z.coerce.number().int().min(1).max(100).default(50),
      tenant: TenantId.optional(),
      actor: OpaqueId.optional(),
      action: z.enum(auditActionNames).optional(),
    }),
    status: 200,
    response: z.object({ items: z.array(AuditEntryView), nextCursor: z.string().nullable() }),
  },
  auditVerify: {
    method: 'get',
    path: '/api/v1/orgs/{orgId}/audit/verification',
    summary: 'Follow the chain of entries and its anchors, a bounded piece at a time, and name the first break',
    permission: 'audit:read',
    params: z.object({ orgId: OrgId }),
    query: z.object({ after: z.coerce.number().int().min(0).default(0) }),
    status: 200,
    response: AuditVerification,
  },
} as const satisfies Record<string, Endpoint>;
