/**
 * What is wrong between our receipts and the gateway's own log: one finding per request at most, and when somebody has to
 * look. Pure. The log knows no parts of the input, so its count may be all of it or what did not come from a cache.
 */

import type { DriftAlertReason, DriftFinding, DriftKind, DriftSums, TheirRequest } from '../contract/drift.ts';

export interface OurRequest {
  readonly tenantId: string;
  readonly requestId: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheTokens: number;
  /** By the price table, whoever paid. */
  readonly costNanoUsd: number;
  /** On the customer's own key, which may go past the gateway, and costs us nothing. */
  readonly byok: boolean;
}

/** Their cost is an estimate. */
const costToleranceShare = 0.02;
/** A thousandth of a cent is rounding. */
const costToleranceNanoUsd = 1_000;

/** The finding about a request of ours, given every entry of the log that names it; null when both agree. */
export function driftOf(ours: OurRequest, theirs: readonly TheirRequest[]): DriftFinding | null {
  const { tenantId, requestId, ...facts } = ours;
  const finding = (kind: DriftKind, nanoUsd: number): DriftFinding => ({
    kind,
    tenantId,
    ref: requestId,
    nanoUsd: Math.max(0, nanoUsd),
    ours: facts,
    theirs: theirs.slice(0, theirsKept),
  });
  const served = theirs.filter(({ succeeded }) => succeeded);
  const [first = theirs[0]] = served;
  // What cost nothing may never have left us: an attempt that failed, an answer that was kept.
  if (first === undefined) return ours.byok || ours.costNanoUsd === 0 ? null : finding('ours_only', ours.costNanoUsd);
  const theirCost = served.reduce((sum, { costNanoUsd }) => sum + (costNanoUsd ?? 0), 0);
  if (served.length > 1) return finding('duplicate', theirCost - ours.costNanoUsd);
  const difference = Math.abs((first.costNanoUsd ?? ours.costNanoUsd) - ours.costNanoUsd);
  if (!sameTokens(ours, first)) return finding('tokens', difference);
  const tolerated = Math.max(
    costToleranceNanoUsd,
    costToleranceShare * Math.max(ours.costNanoUsd, first.costNanoUsd ?? 0),
  );
  return difference > tolerated ? finding('cost', difference) : null;
}

/** Entries kept with a finding: more are the same story. */
const theirsKept = 5;

/** What failed says no tokens and cost nothing. */
function sameTokens(ours: OurRequest, theirs: TheirRequest): boolean {
  const input = theirs.succeeded ? theirs.tokensIn : (theirs.tokensIn ?? 0);
  const output = theirs.succeeded ? theirs.tokensOut : (theirs.tokensOut ?? 0);
  const inputAgrees =
    input === null || input === ours.inputTokens || input === Math.max(0, ours.inputTokens - ours.cacheTokens);
  return inputAgrees && (output === null || output === ours.outputTokens);
}

/** The finding about an entry that no receipt names; null for one that failed. */
export function leakOf(tenantId: string, theirs: TheirRequest): DriftFinding | null {
  if (!theirs.succeeded) return null;
  return {
    kind: 'theirs_only',
    tenantId,
    ref: theirs.logId,
    nanoUsd: theirs.costNanoUsd ?? 0,
    ours: null,
    theirs: [theirs],
  };
}

export interface DriftDay {
  /** Receipts of the day, and what they come to. */
  readonly requests: number;
  readonly costNanoUsd: number;
  readonly found: DriftSums;
  /** There were more findings than are kept. */
  readonly truncated: boolean;
}

const moneyShareMax = 0.005;
const moneyNanoUsdMin = 100_000_000;
const unwitnessedShareMax = 0.01;
const unwitnessedMin = 10;

/** Why somebody has to look at a day; empty for a good one. docs/runbook.md has a section for it. */
export function driftAlerts({ requests, costNanoUsd, found, truncated }: DriftDay): DriftAlertReason[] {
  const reasons: DriftAlertReason[] = [];
  if (found.theirs_only.count > 0) reasons.push('leak');
  if (found.duplicate.count > 0) reasons.push('duplicates');
  const wrongNanoUsd = found.tokens.nanoUsd + found.cost.nanoUsd;
  if (wrongNanoUsd > moneyNanoUsdMin && wrongNanoUsd > moneyShareMax * costNanoUsd) reasons.push('money');
  const unwitnessed = found.ours_only.count;
  if (unwitnessed >= unwitnessedMin && unwitnessed > unwitnessedShareMax * requests) reasons.push('unwitnessed');
  if (truncated) reasons.push('too_many');
  return reasons;
}
