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
