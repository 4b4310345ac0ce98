/**
 * Which budgets hold for a request, and which of them refuses it. Amounts are nano-USD; a budget is passed when what is
 * spent, what is held and what the request may cost come to more than its cap. The ledger reads the totals and asks here
 * inside its transaction; docs/metering.md says what each budget means.
 */
import type {
  AlertLevel,
  BudgetName,
  BudgetUse,
  SpendBudgets,
} from '../../../../control-plane/src/contract/budgets.ts';
import { alertLevels } from '../../../../control-plane/src/contract/budgets.ts';
import { unreachable } from '../../../../control-plane/src/contract/result.ts';
import { parseProvider } from './ai-route.ts';
import { periodOf } from './money.ts';
import { findPrice, priceTableAt, priceTables } from './price-table.ts';

/** What a tenant may spend, as its spec says. */
export interface SpendLimits {
  /** Of the UTC month, the organisation's share included. */
  readonly capNanoUsd: number;
  readonly budgets?: SpendBudgets | undefined;
}

export interface Budget {
  readonly name: BudgetName;
  readonly capNanoUsd: number;
}

/** Every budget of a tenant. The organisation's share comes first: where both end, raising the own cap would not help. */
export function budgetsOf({ capNanoUsd, budgets }: SpendLimits, nowMs: number): Budget[] {
  const all: Budget[] = [];
  const { shared = null, dayNanoUsd = null, models = [] } = budgets ?? {};
  if (shared !== null) {
    const { by, nanoUsdPerMonth, organisationNanoUsd } = shared;
    all.push({ name: { kind: 'shared', by, organisationNanoUsd }, capNanoUsd: nanoUsdPerMonth });
  }
  all.push({ name: { kind: 'month' }, capNanoUsd });
  if (dayNanoUsd !== null) all.push({ name: { kind: 'day' }, capNanoUsd: dayNanoUsd });
  for (const { model, monthNanoUsd } of models)
    all.push({ name: { kind: 'model', model: pricedName(model, nowMs) }, capNanoUsd: monthNanoUsd });
  return all;
}

/** Those that a request of `modelKey` (`provider/model`, as it is priced) counts against. */
export function budgetsFor(limits: SpendLimits, modelKey: string, nowMs: number): Budget[] {
  return budgetsOf(limits, nowMs).filter(({ name }) => name.kind !== 'model' || name.model === modelKey);
}

/** A dated or shortened name counts as the model that it is priced as, so that another spelling is no way around. */
function pricedName(model: string, nowMs: number): string {
  const slash = model.indexOf('/');
  const provider = parseProvider(model.slice(0, slash));
  const priced = provider && findPrice(priceTableAt(priceTables, nowMs), provider, model.slice(slash + 1), nowMs);
  return priced ? `${provider}/${priced.modelId}` : model;
}

export type SpendVerdict =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** Of those that refuse, the one that opens last: what helps with it is what helps. */
      readonly refused: BudgetUse;
      /** What the tightest of them has left, never below 0. */
      readonly leftNanoUsd: number;
    };

export function judgeSpend(uses: readonly BudgetUse[], holdNanoUsd: number): SpendVerdict {
  let refused: BudgetUse | null = null;
  let leftNanoUsd = Number.MAX_SAFE_INTEGER;
  for (const use of uses) {
    const left = use.capNanoUsd - use.spentNanoUsd - use.heldNanoUsd;
    if (holdNanoUsd <= left) continue;
    leftNanoUsd = Math.min(leftNanoUsd, Math.max(0, left));
    if (refused === null || use.opensAtMs > refused.opensAtMs) refused = use;
  }
  return refused === null ? { ok: true } : { ok: false, refused, leftNanoUsd };
}

/** The UTC day of a moment, `2026-11-21`. */
export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

/** What a budget counts by: a day or a month. */
export function budgetPeriod(name: BudgetName, nowMs: number): string {
  return name.kind === 'day' ? dayOf(nowMs) : periodOf(nowMs);
}

/** When a budget begins anew. */
export function opensAtMs(name: BudgetName, nowMs: number): number {
  const now = new Date(nowMs);
  switch (name.kind) {
    case 'day':
      return Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1);
    case 'month':
    case 'model':
    case 'shared':
      return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1);
    default:
      return unreachable(name);
  }
}

/** The highest level that the spending has reached, or null. What is held is not spent yet. */
export function levelReached({ capNanoUsd, spentNanoUsd }: BudgetUse): AlertLevel | null {
  if (spentNanoUsd === 0) return null;
  // 100 times a safe integer may not be one.
  return alertLevels.findLast((level) => BigInt(spentNanoUsd) * 100n >= BigInt(capNanoUsd) * BigInt(level)) ?? null;
}
