/**
 * Tidepool's own tables. Intent and projection: `tenant` holds what is wanted and the newest report of what is; receipts
 * and totals are copies of the tenant's own ledger, applied once. Times are milliseconds since the epoch.
 * migrations/ states the same schema in SQL; a test holds the two equal.
 */
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

export * from './auth-schema.ts';

/** One assistant: a slug is taken for ever, so rows are never removed. */
export const tenant = sqliteTable(
  'tenant',
  {
    id: text('id').primaryKey(),
    orgId: text('org_id').notNull(),
    slug: text('slug').notNull().unique(),
    name: text('name').notNull(),
    /** The wanted spec (JSON) and its generation. */
    spec: text('spec').notNull(),
    generation: integer('generation').notNull(),
    /** The operation that creates it; sent again until the cell has answered. */
    provisionOperationId: text('provision_operation_id').notNull(),
    /** The newest report (JSON) and its version; null and 0 until the cell has spoken. */
    report: text('report'),
    reportVersion: integer('report_version').notNull().default(0),
    reportedGeneration: integer('reported_generation').notNull().default(0),
    state: text('state').notNull().default('absent'),
    reportedAtMs: integer('reported_at_ms').notNull().default(0),
    createdAtMs: integer('created_at_ms').notNull(),
  },
  (t) => [index('tenant_org').on(t.orgId, t.id), index('tenant_behind').on(t.reportedGeneration, t.createdAtMs)],
);

/** Long work, as the tenant last told it. */
export const operation = sqliteTable(
  'operation',
  {
    id: text('id').primaryKey(),
    tenantId: text('tenant_id').notNull(),
    body: text('body').notNull(),
    finished: integer('finished', { mode: 'boolean' }).notNull(),
    startedAtMs: integer('started_at_ms').notNull(),
  },
  (t) => [index('operation_tenant').on(t.tenantId, t.startedAtMs)],
);

/** Absolute totals of a tenant's month; a higher version replaces a lower one. */
export const usagePeriod = sqliteTable(
  'usage_period',
  {
    tenantId: text('tenant_id').notNull(),
    period: text('period').notNull(),
    version: integer('version').notNull(),
    body: text('body').notNull(),
    reportVersion: integer('report_version').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.period] })],
);

/** Every charged model request, once. Append-only. */
export const receipt = sqliteTable(
  'receipt',
  {
    tenantId: text('tenant_id').notNull(),
    requestId: text('request_id').notNull(),
    period: text('period').notNull(),
    atMs: integer('at_ms').notNull(),
    day: text('day').notNull(),
    provider: text('provider').notNull(),
    model: text('model').notNull(),
    inputTokens: integer('input_tokens').notNull(),
    outputTokens: integer('output_tokens').notNull(),
    cacheReadTokens: integer('cache_read_tokens').notNull(),
    cacheWriteTokens: integer('cache_write_tokens').notNull(),
    costNanoUsd: integer('cost_nano_usd').notNull(),
    outcome: text('outcome').notNull(),
    priceVersion: text('price_version').notNull(),
    upstreamId: text('upstream_id'),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.requestId] }),
    index('receipt_period').on(t.tenantId, t.period, t.requestId),
  ],
);

/** Answers kept under their Idempotency-Key for a day. */
export const idempotency = sqliteTable(
  'idempotency',
  {
    scope: text('scope').notNull(),
    key: text('key').notNull(),
    requestHash: text('request_hash').notNull(),
    /** What the request made: the id under which the answer is built again. */
    resultId: text('result_id').notNull(),
    expiresAtMs: integer('expires_at_ms').notNull(),
  },
  (t) => [primaryKey({ columns: [t.scope, t.key] }), index('idempotency_expires').on(t.expiresAtMs)],
);

/** Who did what, append-only. */
export const audit = sqliteTable(
  'audit',
  {
    id: text('id').primaryKey(),
    orgId: text('org_id').notNull(),
    actorId: text('actor_id').notNull(),
    action: text('action').notNull(),
    targetId: text('target_id').notNull(),
    atMs: integer('at_ms').notNull(),
  },
  (t) => [index('audit_org').on(t.orgId, t.id)],
);

/** Mail that a laptop keeps instead of sending. */
export const mailOutbox = sqliteTable(
  'mail_outbox',
  {
    id: text('id').primaryKey(),
    key: text('key').notNull().unique(),
    recipient: text('recipient').notNull(),
    subject: text('subject').notNull(),
    text: text('text').notNull(),
    link: text('link'),
    createdAtMs: integer('created_at_ms').notNull(),
  },
  (t) => [index('mail_outbox_newest').on(t.createdAtMs)],
);
