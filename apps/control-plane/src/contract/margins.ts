/** What assistants cost the platform against what they bring, as operators see it. All amounts are nano-USD. */
import { z } from 'zod';

const nano = z.number().int();

export const MarginRevenue = z.object({
  /** Its share of the plan, of what went on the invoice above it, and of what was paid from prepaid balance. */
  planNanoUsd: nano,
  overageNanoUsd: nano,
  prepaidNanoUsd: nano,
});
export type MarginRevenue = z.infer<typeof MarginRevenue>;

export const MarginCost = z.object({
  computeNanoUsd: nano,
  objectsNanoUsd: nano,
  requestsNanoUsd: nano,
  storageNanoUsd: nano,
  /** At the providers' list prices. */
  aiNanoUsd: nano,
  browserNanoUsd: nano,
  /** What the payment provider keeps. */
  collectionNanoUsd: nano,
});
export type MarginCost = z.infer<typeof MarginCost>;

export const TenantMargin = z.object({
  tenantId: z.string(),
  orgId: z.string(),
  revenue: MarginRevenue,
  cost: MarginCost,
  revenueNanoUsd: nano,
  costNanoUsd: nano,
  marginNanoUsd: nano,
  at: z.iso.datetime(),
});
export type TenantMargin = z.infer<typeof TenantMargin>;

export const Margins = z.object({
  period: z.string(),
  /** Of the whole fleet in that month. */
  totals: z.object({ tenants: z.number().int(), revenueNanoUsd: nano, costNanoUsd: nano, marginNanoUsd: nano }),
  /** Whose prices were counted with. */
  rates: z.object({ source: z.string(), readOn: z.string() }),
  /** Worst first. */
  items: z.array(TenantMargin),
  nextCursor: z.string().nullable(),
});
export type Margins = z.infer<typeof Margins>;
