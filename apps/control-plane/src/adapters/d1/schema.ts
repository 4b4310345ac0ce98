/**
 * Tidepool's own tables. Intent and projection: `tenant` holds what is wanted and the newest report of what is; receipts
 * and totals are copies of the tenant's own ledger, applied once. Times are milliseconds since the epoch.
 * migrations/ states the same schema in SQL; a test holds the two equal.
 */
import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';

export * from './auth-schema.ts';
export * from './billing-schema.ts';
export * from './drift-schema.ts';
export * from './usage-schema.ts';

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
    /** What its organisation may (JSON), laid over the spec when that is sent; null = no limits but the spec's own. */
    limits: text('limits'),
    /** The operation that creates it; sent again until the cell has answered. */
    provisionOperationId: text('provision_operation_id').notNull(),
    /** The newest report (JSON); null until the cell has spoken. */
    report: text('report'),
    /** What orders reports: the tenant's own version, then the event's number (0 for an answer to a call). */
    reportVersion: integer('report_version').notNull().default(-1),
    reportSeq: integer('report_seq').notNull().default(0),
    reportedGeneration: integer('reported_generation').notNull().default(0),
    state: text('state').notNull().default('absent'),
    reportedAtMs: integer('reported_at_ms').notNull().default(0),
    /** When the sweep last tried to bring it up to its generation; what was tried longest ago is next. */
    sweptAtMs: integer('swept_at_ms').notNull().default(0),
    createdAtMs: integer('created_at_ms').notNull(),
    /** When a restore of it was last proven or asked for; what was drilled longest ago is next. */
    drilledAtMs: integer('drilled_at_ms').notNull().default(0),
  },
  (t) => [
    index('tenant_org').on(t.orgId, t.id),
    index('tenant_drilled')
      .on(t.drilledAtMs)
      .where(sql`state IN ('asleep', 'awake')`),
    // Only what is behind is in it, so the sweep reads what is overdue and not the fleet.
    index('tenant_behind')
      .on(t.sweptAtMs)
      .where(sql`reported_generation < generation`),
  ],
);

/** Long work, as the tenant last told it. A row is written before the cell is asked (intent before effect). */
export const operation = sqliteTable(
  'operation',
  {
    id: text('id').primaryKey(),
    tenantId: text('tenant_id').notNull(),
    body: text('body').notNull(),
    finished: integer('finished', { mode: 'boolean' }).notNull(),
    /** Orders what is told of unfinished work: attempts, then steps begun, then steps ended. */
    progress: integer('progress').notNull(),
    startedAtMs: integer('started_at_ms').notNull(),
  },
  (t) => [index('operation_tenant').on(t.tenantId, t.startedAtMs)],
);

/** The record of every recovery, as the tenant last told it; a higher version replaces a lower one. */
export const incident = sqliteTable(
  'incident',
  {
    tenantId: text('tenant_id').notNull(),
    seq: integer('seq').notNull(),
    /** What a page of the timeline is ordered by beside the time. */
    id: text('id').notNull(),
    version: integer('version').notNull(),
    noticedAtMs: integer('noticed_at_ms').notNull(),
    body: text('body').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.seq] }), index('incident_timeline').on(t.tenantId, t.noticedAtMs, t.id)],
);

/** Absolute totals of a tenant's month; a higher version replaces a lower one, at the same version more time awake. */
export const usagePeriod = sqliteTable(
  'usage_period',
  {
    tenantId: text('tenant_id').notNull(),
    period: text('period').notNull(),
    version: integer('version').notNull(),
    awakeMs: integer('awake_ms').notNull(),
    body: text('body').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.period] })],
);

/**
 * Every model request that ended, once; `failed` ones cost nothing. Append-only: a trigger refuses changes, and removal
 * until `receiptCutoff`.
 */
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
    /** Paid with the customer's own key, and what it would have cost then. */
    byok: integer('byok', { mode: 'boolean' }).notNull().default(false),
    listCostNanoUsd: integer('list_cost_nano_usd').notNull().default(0),
    /** Its place in a turn of several attempts; null for a first attempt of the model that was asked for. */
    turn: text('turn'),
    attempt: integer('attempt'),
    asked: text('asked'),
    after: text('after'),
    /** Why it failed. */
    why: text('why'),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.requestId] }),
    index('receipt_period').on(t.tenantId, t.period, t.requestId),
    index('receipt_at').on(t.atMs),
  ],
);

/** What an Idempotency-Key was used for, and the answer it got, for a day. */
export const idempotency = sqliteTable(
  'idempotency',
  {
    scope: text('scope').notNull(),
    key: text('key').notNull(),
    requestHash: text('request_hash').notNull(),
    /** What the request made; the answer is built from it when the first one was cut off. */
    resultId: text('result_id').notNull(),
    /** The answer (JSON) that every repeat gets; null until there was one. */
    response: text('response'),
    expiresAtMs: integer('expires_at_ms').notNull(),
  },
  (t) => [primaryKey({ columns: [t.scope, t.key] }), index('idempotency_expires').on(t.expiresAtMs)],
);

/**
 * Who did what: one chain of entries per organisation (core/audit-chain.ts). Append-only, and each after the last: triggers
 * refuse anything else. Only adapters/d1/audit.ts writes it.
 */
export const auditEntry = sqliteTable(
  'audit_entry',
  {
    orgId: text('org_id').notNull(),
    seq: integer('seq').notNull(),
    id: text('id').notNull().unique(),
    atMs: integer('at_ms').notNull(),
    actorKind: text('actor_kind').notNull(),
    actorId: text('actor_id').notNull(),
    action: text('action').notNull(),
    outcome: text('outcome').notNull(),
    tenantId: text('tenant_id'),
    intentId: text('intent_id'),
    code: text('code'),
    reason: text('reason'),
    detail: text('detail').notNull(),
    requestId: text('request_id'),
    prevHash: text('prev_hash').notNull(),
    hash: text('hash').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.orgId, t.seq] }),
    index('audit_entry_tenant').on(t.orgId, t.tenantId, t.seq),
    index('audit_entry_actor').on(t.orgId, t.actorId, t.seq),
  ],
);

/** Where each chain ends, kept by a trigger, and how far it is anchored outside the database. */
export const auditHead = sqliteTable(
  'audit_head',
  {
    orgId: text('org_id').primaryKey(),
    seq: integer('seq').notNull(),
    hash: text('hash').notNull(),
    anchoredSeq: integer('anchored_seq').notNull().default(0),
    /** The UTC day of the last anchor, `YYYY-MM-DD`. */
    anchoredDay: text('anchored_day').notNull().default(''),
  },
  (t) => [
    index('audit_head_unanchored')
      .on(t.anchoredDay)
      .where(sql`anchored_seq < seq`),
  ],
);

/** An organisation's API keys: the hash of each (adapters/d1/api-keys.ts). */
export const apiKey = sqliteTable(
  'api_key',
  {
    id: text('id').primaryKey(),
    orgId: text('org_id').notNull(),
    name: text('name').notNull(),
    scope: text('scope').notNull(),
    hash: text('hash').notNull().unique(),
    starts: text('starts').notNull(),
    createdAtMs: integer('created_at_ms').notNull(),
    createdBy: text('created_by').notNull(),
    expiresAtMs: integer('expires_at_ms').notNull(),
    lastUsedAtMs: integer('last_used_at_ms'),
    revokedAtMs: integer('revoked_at_ms'),
  },
  (t) => [index('api_key_org').on(t.orgId, t.id)],
);

/** Mail, by key: the same key is the same mail. The outbox keeps it; where mail is really sent its text is removed after. */
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
    /** Null while it waits to be sent. */
    sentAtMs: integer('sent_at_ms'),
    /** A try to send holds the row until then, so that two tries are never under way. */
    claimedUntilMs: integer('claimed_until_ms').notNull().default(0),
    attempts: integer('attempts').notNull().default(0),
  },
  (t) => [
    index('mail_outbox_newest').on(t.createdAtMs),
    index('mail_outbox_waiting')
      .on(t.claimedUntilMs)
      .where(sql`sent_at_ms IS NULL`),
  ],
);

/** Tenant-host sessions that a cell still has to end; removed when it answered. */
export const sessionEnding = sqliteTable(
  'session_ending',
  {
    id: text('id').primaryKey(),
    tenantId: text('tenant_id').notNull(),
    slug: text('slug').notNull(),
    /** One of the two: everything made from a platform session, or everything of a person. */
    parentSessionHash: text('parent_session_hash'),
    userId: text('user_id'),
    createdAtMs: integer('created_at_ms').notNull(),
  },
  (t) => [index('session_ending_oldest').on(t.createdAtMs)],
);

/** A release on its way over the fleet: the plan (JSON), and how far it has come. */
export const rollout = sqliteTable(
  'rollout',
  {
    id: text('id').primaryKey(),
    release: text('release').notNull(),
    plan: text('plan').notNull(),
    state: text('state').notNull(),
    stage: integer('stage').notNull().default(0),
    /** The assistant that was last looked at in this stage, and whether it was the last one. */
    cursor: text('cursor').notNull().default(''),
    listed: integer('listed', { mode: 'boolean' }).notNull().default(false),
    /** Why it is paused or halted. */
    reason: text('reason'),
    createdAtMs: integer('created_at_ms').notNull(),
    changedAtMs: integer('changed_at_ms').notNull(),
    /** Upgrades asked for until then halt it no more: somebody looked at them and resumed it. */
    judgedFromMs: integer('judged_from_ms').notNull().default(0),
  },
  (t) => [
    index('rollout_state').on(t.state, t.id),
    uniqueIndex('rollout_open')
      .on(t.release)
      .where(sql`state IN ('running', 'paused')`),
  ],
);

/** What was done with a rollout, by whom and why. Append-only by trigger. */
export const rolloutEvent = sqliteTable(
  'rollout_event',
  {
    id: text('id').primaryKey(),
    rolloutId: text('rollout_id').notNull(),
    action: text('action').notNull(),
    actorId: text('actor_id').notNull(),
    reason: text('reason'),
    atMs: integer('at_ms').notNull(),
  },
  (t) => [index('rollout_event_rollout').on(t.rolloutId, t.id)],
);

/** Whom a rollout asked, and what came of it. Written before the asking. */
export const rolloutTenant = sqliteTable(
  'rollout_tenant',
  {
    rolloutId: text('rollout_id').notNull(),
    tenantId: text('tenant_id').notNull(),
    outcome: text('outcome').notNull(),
    askedAtMs: integer('asked_at_ms').notNull(),
    endedAtMs: integer('ended_at_ms'),
  },
  (t) => [
    primaryKey({ columns: [t.rolloutId, t.tenantId] }),
    index('rollout_tenant_outcome').on(t.rolloutId, t.outcome, t.askedAtMs),
    index('rollout_tenant_ended').on(t.rolloutId, t.endedAtMs),
  ],
);

/** What an organisation did in the last day, where its plan sets a number. */
export const quotaUse = sqliteTable(
  'quota_use',
  {
    orgId: text('org_id').notNull(),
    what: text('what').notNull(),
    use: text('use').notNull(),
    atMs: integer('at_ms').notNull(),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.what, t.use] }), index('quota_use_at').on(t.atMs)],
);

/** A rotation of the cell's keys over the fleet, and how far it has come. */
export const keyRotation = sqliteTable(
  'key_rotation',
  {
    id: text('id').primaryKey(),
    /** `kek`, or `data_key`: new data keys too. */
    kind: text('kind').notNull(),
    /** The ring key that everything moves to; empty until the first run asked the cell. */
    kid: text('kid').notNull().default(''),
    state: text('state').notNull().default('running'),
    /** The assistant that was last asked, whether it was the last one, and how many were. */
    cursor: text('cursor').notNull().default(''),
    listed: integer('listed', { mode: 'boolean' }).notNull().default(false),
    asked: integer('asked').notNull().default(0),
    createdAtMs: integer('created_at_ms').notNull(),
    changedAtMs: integer('changed_at_ms').notNull(),
  },
  (t) => [index('key_rotation_state').on(t.state, t.createdAtMs)],
);

/** Who was asked and is not through, and why. Written before the asking. */
export const keyRotationLeft = sqliteTable(
  'key_rotation_left',
  {
    rotationId: text('rotation_id').notNull(),
    tenantId: text('tenant_id').notNull(),
    why: text('why').notNull(),
    triedAtMs: integer('tried_at_ms').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.rotationId, t.tenantId] }),
    index('key_rotation_left_tried').on(t.rotationId, t.triedAtMs),
  ],
);
