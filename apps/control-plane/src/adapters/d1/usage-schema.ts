/**
 * What is kept of use besides the receipts themselves (schema.ts): sums by the hour, made by a trigger with each receipt's
 * insert; how far back receipts go; daily samples. Nothing here is ever asked on a request's way.
 */
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** Receipts by hour and model. Written by a trigger only, in the receipt's own statement; stays when receipts go. */
export const usageRollup = sqliteTable(
  'usage_rollup',
  {
    tenantId: text('tenant_id').notNull(),
    period: text('period').notNull(),
    hourMs: integer('hour_ms').notNull(),
    provider: text('provider').notNull(),
    model: text('model').notNull(),
    requests: integer('requests').notNull(),
    inputTokens: integer('input_tokens').notNull(),
    outputTokens: integer('output_tokens').notNull(),
    cacheReadTokens: integer('cache_read_tokens').notNull(),
    cacheWriteTokens: integer('cache_write_tokens').notNull(),
    costNanoUsd: integer('cost_nano_usd').notNull(),
    /** What requests on the customer's own key would have cost. */
    listCostNanoUsd: integer('list_cost_nano_usd').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.period, t.hourMs, t.provider, t.model] }),
    index('usage_rollup_hour').on(t.hourMs),
  ],
);

/** One row: receipts from before it may be removed, and are not taken again. Moves forward only. */
export const receiptCutoff = sqliteTable('receipt_cutoff', {
  id: integer('id').primaryKey(),
  beforeMs: integer('before_ms').notNull(),
});

/** What was stored of an assistant on a UTC day, by its own last report. Days on which nothing of ours ran have none. */
export const usageDay = sqliteTable(
  'usage_day',
  {
    tenantId: text('tenant_id').notNull(),
    day: text('day').notNull(),
    storedBytes: integer('stored_bytes').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.day] })],
);

/** What an assistant cost in a month against what it brought; made anew every day while the month can change. */
export const tenantMargin = sqliteTable(
  'tenant_margin',
  {
    period: text('period').notNull(),
    tenantId: text('tenant_id').notNull(),
    orgId: text('org_id').notNull(),
    revenueNanoUsd: integer('revenue_nano_usd').notNull(),
    costNanoUsd: integer('cost_nano_usd').notNull(),
    marginNanoUsd: integer('margin_nano_usd').notNull(),
    /** The parts of both (JSON). */
    body: text('body').notNull(),
    atMs: integer('at_ms').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.period, t.tenantId] }),
    index('tenant_margin_worst').on(t.period, t.marginNanoUsd, t.tenantId),
  ],
);

/** How far a walk over everything is that is made once a day. */
export const dailyWalk = sqliteTable('daily_walk', {
  name: text('name').primaryKey(),
  day: text('day').notNull(),
  /** The id that was last looked at. */
  cursor: text('cursor').notNull(),
  done: integer('done', { mode: 'boolean' }).notNull(),
});
