/** The tables of the comparison with the gateway's own log. What was read of it is removed when a comparison ends. */
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** One UTC day: how far its present comparison is, and what the last one that ended says. */
export const driftDay = sqliteTable('drift_day', {
  day: text('day').primaryKey(),
  /** The comparison under way or through last: 1 in the next morning, 2 when nothing is pending any more. */
  pass: integer('pass').notNull(),
  /** The one whose findings are told; 0 = none yet. */
  donePass: integer('done_pass').notNull().default(0),
  /** reading, ours, theirs, clearing, done */
  stage: text('stage').notNull(),
  slice: integer('slice').notNull().default(0),
  page: integer('page').notNull().default(1),
  cursor: text('cursor').notNull().default(''),
  /** Entries looked at and receipts compared so far, and what those come to. */
  logs: integer('logs').notNull().default(0),
  receipts: integer('receipts').notNull().default(0),
  costNanoUsd: integer('cost_nano_usd').notNull().default(0),
  /** There were more findings than are kept. */
  truncated: integer('truncated', { mode: 'boolean' }).notNull().default(false),
  /** What the last comparison that ended found (JSON); null before the first. */
  report: text('report'),
  /** Why the gateway could not be read, and when that was tried last. */
  problem: text('problem'),
  triedAtMs: integer('tried_at_ms').notNull().default(0),
  beganAtMs: integer('began_at_ms').notNull(),
  endedAtMs: integer('ended_at_ms'),
});

export const driftFinding = sqliteTable(
  'drift_finding',
  {
    day: text('day').notNull(),
    pass: integer('pass').notNull(),
    kind: text('kind').notNull(),
    /** Empty for an entry that names none of ours. */
    tenantId: text('tenant_id').notNull(),
    ref: text('ref').notNull(),
    nanoUsd: integer('nano_usd').notNull(),
    /** What both sides say (JSON). */
    body: text('body').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.day, t.pass, t.kind, t.tenantId, t.ref] }),
    index('drift_finding_tenant').on(t.tenantId, t.day),
  ],
);

/** Entries of the gateway's log, as long as their day is being compared. */
export const witnessLog = sqliteTable(
  'witness_log',
  {
    day: text('day').notNull(),
    logId: text('log_id').notNull(),
    tenantId: text('tenant_id').notNull(),
    requestId: text('request_id').notNull(),
    createdAtMs: integer('created_at_ms').notNull(),
    succeeded: integer('succeeded', { mode: 'boolean' }).notNull(),
    tokensIn: integer('tokens_in'),
    tokensOut: integer('tokens_out'),
    costNanoUsd: integer('cost_nano_usd'),
  },
  (t) => [primaryKey({ columns: [t.day, t.logId] }), index('witness_log_request').on(t.day, t.tenantId, t.requestId)],
);
