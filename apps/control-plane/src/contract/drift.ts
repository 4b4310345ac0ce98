/** The daily comparison of our receipts with the gateway's own log, as operators and owners see it. */
import { z } from 'zod';

/**
 * `theirs_only`: served and charged to us, and on nobody's receipt (a leak). `ours_only`: charged by us, and not in their
 * log (it drops entries when it is full). `duplicate`: served more than once under one request. `tokens`, `cost`: both
 * know it, and differ.
 */
export const driftKinds = ['theirs_only', 'duplicate', 'tokens', 'cost', 'ours_only'] as const;
export const DriftKind = z.enum(driftKinds);
export type DriftKind = z.infer<typeof DriftKind>;

/** Why somebody has to look at a day (docs/runbook.md). `unread`: the log could not be read for two days. */
export const DriftAlertReason = z.enum(['leak', 'duplicates', 'money', 'unwitnessed', 'too_many', 'unread']);
export type DriftAlertReason = z.infer<typeof DriftAlertReason>;

const whole = z.number().int().min(0);
const Sum = z.object({ count: whole, nanoUsd: whole });

export const DriftSums = z.object({ theirs_only: Sum, duplicate: Sum, tokens: Sum, cost: Sum, ours_only: Sum });
export type DriftSums = z.infer<typeof DriftSums>;

export const DriftReport = z.object({
  /** Receipts of the day and what they come to, entries of the gateway's log. */
  requests: whole,
  costNanoUsd: whole,
  logs: whole,
  found: DriftSums,
  /** There were more findings than are kept. */
  truncated: z.boolean(),
  alerts: z.array(DriftAlertReason),
});
export type DriftReport = z.infer<typeof DriftReport>;

/** One entry of the gateway's log; null where it doesn't say. */
export const TheirRequest = z.object({
  logId: z.string(),
  succeeded: z.boolean(),
  tokensIn: whole.nullable(),
  tokensOut: whole.nullable(),
  costNanoUsd: whole.nullable(),
});
export type TheirRequest = z.infer<typeof TheirRequest>;

export const DriftFinding = z.object({
  kind: DriftKind,
  /** Empty when the log names no assistant of ours. */
  tenantId: z.string(),
  /** The request's id; for `theirs_only` the log entry's. */
  ref: z.string(),
  /** What it is about: the difference, or the whole of what only one side knows. */
  nanoUsd: whole,
  ours: z
    .object({ inputTokens: whole, outputTokens: whole, cacheTokens: whole, costNanoUsd: whole, byok: z.boolean() })
    .nullable(),
  theirs: z.array(TheirRequest),
});
export type DriftFinding = z.infer<typeof DriftFinding>;
