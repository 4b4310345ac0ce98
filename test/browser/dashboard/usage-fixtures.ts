// What an assistant used and may use: a month's report, its receipts, the nightly comparison, the budgets.

import type { Request } from 'playwright-core';
import { endpoints, UsageReport } from '../../../apps/control-plane/src/contract/api.ts';
import type { Receipt } from '../../../apps/control-plane/src/contract/tenant-rpc.ts';
import type { TenantDrift } from '../../../apps/control-plane/src/contract/usage-api.ts';

const NOW_MS = Date.now();
const period = new Date(NOW_MS).toISOString().slice(0, 7);

export const totals = (spentNanoUsd: number) => ({
  period,
  version: 3,
  spentNanoUsd,
  heldNanoUsd: 0,
  requests: 318,
  inputTokens: 586_466,
  outputTokens: 131_016,
  awakeMs: 60_420_000,
  awakeMsBySize: {},
  browserMs: 0,
});

export function usageReport(): UsageReport {
  return UsageReport.parse({
    totals: totals(4_213_400_120),
    capNanoUsd: 20_000_000_000,
    byModel: [
      {
        provider: 'anthropic',
        model: 'claude-sonnet-4-5',
        requests: 204,
        inputTokens: 418_233,
        outputTokens: 98_211,
        costNanoUsd: 3_911_000_120,
      },
      {
        provider: 'openai',
        model: 'gpt-5-mini',
        requests: 114,
        inputTokens: 168_233,
        outputTokens: 32_805,
        costNanoUsd: 302_400_000,
      },
    ],
    byDay: [
      { day: `${period}-01`, requests: 300, costNanoUsd: 4_000_000_120 },
      { day: `${period}-02`, requests: 18, costNanoUsd: 213_400_000 },
    ],
    asOf: new Date(NOW_MS).toISOString(),
  });
}

const RECEIPTS = 60;
const PAGE = 50;

function receipts(): Receipt[] {
  return Array.from({ length: RECEIPTS }, (_, i) => ({
    requestId: `req-${i}`,
    period,
    atMs: NOW_MS - i * 61_000,
    provider: 'anthropic',
    model: 'claude-sonnet-4-5',
    inputTokens: 1_000 + i,
    outputTokens: 200 + i,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    costNanoUsd: i === 2 ? 0 : 213_457 + i,
    byok: i === 2,
    listCostNanoUsd: i === 2 ? 213_457 + i : 0,
    outcome: i === 1 ? 'partial' : 'final',
    priceVersion: '2026-11-21',
    upstreamId: null,
  }));
}

/** Two nights: one that agrees, one that does not. */
export function drift(): TenantDrift {
  return {
    days: [
      { day: `${period}-02`, requests: 18, found: [{ kind: 'duplicate', count: 1 }] },
      { day: `${period}-01`, requests: 300, found: [] },
    ],
  };
}

/** A month's requests as the server would send them. */
export const CSV = 'time_utc,request_id\r\n2026-11-01T00:00:00.000Z,r1\r\n';

export function pageOfReceipts(from: number) {
  const all = receipts();
  const next = from + PAGE;
  return { items: all.slice(from, next), nextCursor: next < all.length ? String(next) : null };
}

const budgetUse = (name: object, spentNanoUsd: number, capNanoUsd: number) => ({
  name,
  capNanoUsd,
  spentNanoUsd,
  heldNanoUsd: 0,
  opensAtMs: Date.UTC(2026, 11),
});

/** A day that is nearly used up, a model that is, and a month that is not. */
export function budgets() {
  // A dated name counts for the model that it is priced as; the list has only that one.
  const model = 'anthropic/claude-opus-4-6';
  return endpoints.budgetsRead.response.parse({
    wanted: {
      dayNanoUsd: 1_000_000_000,
      models: [{ model: `${model}-20260105`, monthNanoUsd: 3_000_000_000 }],
      fuse: true,
    },
    now: {
      budgets: [
        budgetUse({ kind: 'month' }, 4_213_400_120, 20_000_000_000),
        budgetUse({ kind: 'day' }, 910_000_000, 1_000_000_000),
        budgetUse({ kind: 'model', model }, 3_000_000_000, 3_000_000_000),
      ],
      fuse: { on: true, pause: null, hourNanoUsd: 0, tripsAboveNanoUsd: 2_000_000_000 },
    },
  });
}

/** A change is answered with itself. */
export function budgetsOf(request: Request): unknown {
  return request.method() === 'PUT' ? request.postDataJSON() : budgets();
}
