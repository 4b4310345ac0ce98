/**
 * How a month's use is shared out: what is included, then what was prepaid, then what goes on the invoice. All are absolute
 * values of the month, made anew from absolute totals, so that doing it again changes nothing. What was put on the invoice
 * stays there: a later top-up bears later use.
 */
import { awakeMinuteNanoUsd } from './plans.ts';
import type { Plan } from './plans.ts';

const minuteMs = 60_000;
const microUsd = 1_000;

export interface MonthUse {
  readonly aiNanoUsd: number;
  readonly awakeMs: number;
}

export const noUse: MonthUse = { aiNanoUsd: 0, awakeMs: 0 };

export interface MonthShares {
  /** What the prepaid balance bears. */
  readonly prepaidNanoUsd: number;
  /** What goes on the invoice, in whole metered units: begun ones are given away. */
  readonly billedAiNanoUsd: number;
  readonly billedAwakeMinutes: number;
}

export interface ShareTerms {
  /** Prepaid and not borne by other months; below zero bears nothing. */
  readonly balanceNanoUsd: number;
  /** Whether there is a subscription that what is above can be put on. */
  readonly mayBill: boolean;
  /** What this month was found to put on the invoice before. */
  readonly billed: { readonly aiNanoUsd: number; readonly awakeMinutes: number };
}

export function shareOut(
  plan: Pick<Plan, 'includedAiNanoUsd' | 'includedAwakeMs'>,
  use: MonthUse,
  { balanceNanoUsd, mayBill, billed }: ShareTerms,
): MonthShares {
  const aiAbove = Math.floor(Math.max(0, use.aiNanoUsd - plan.includedAiNanoUsd) / microUsd) * microUsd;
  const minutesAbove = Math.floor(Math.max(0, use.awakeMs - plan.includedAwakeMs) / minuteMs);
  const aiOnInvoice = Math.min(billed.aiNanoUsd, aiAbove);
  const minutesOnInvoice = Math.min(billed.awakeMinutes, minutesAbove);
  const balance = Math.max(0, balanceNanoUsd);
  // AI first, it is the larger; what is left of the balance bears whole minutes.
  const aiPrepaid = Math.floor(Math.min(aiAbove - aiOnInvoice, balance) / microUsd) * microUsd;
  const minutesPrepaid = Math.min(
    minutesAbove - minutesOnInvoice,
    Math.floor((balance - aiPrepaid) / awakeMinuteNanoUsd),
  );
  return {
    prepaidNanoUsd: aiPrepaid + minutesPrepaid * awakeMinuteNanoUsd,
    billedAiNanoUsd: mayBill ? aiAbove - aiPrepaid : aiOnInvoice,
    billedAwakeMinutes: mayBill ? minutesAbove - minutesPrepaid : minutesOnInvoice,
  };
}

export interface TrialPart {
  /** The UTC months (`YYYY-MM`) in which it began and ends. */
  readonly fromPeriod: string;
  readonly toPeriod: string;
  /** Use in its months before the one in question. */
  readonly earlier: MonthUse;
}

/**
 * What is included in a month: the plan's, and in a month of the trial what is left of the trial's too, so that nobody
 * who upgrades in the middle of a month loses either. Without a paid plan the trial is all there is.
 */
export function planOfMonth(paid: Plan | null, trial: Plan, part: TrialPart, period: string): Plan {
  const within = period >= part.fromPeriod && period <= part.toPeriod;
  const ai = within ? Math.max(0, trial.includedAiNanoUsd - part.earlier.aiNanoUsd) : 0;
  const awake = within ? Math.max(0, trial.includedAwakeMs - part.earlier.awakeMs) : 0;
  return paid === null
    ? { ...trial, includedAiNanoUsd: ai, includedAwakeMs: awake }
    : {
        ...paid,
        includedAiNanoUsd: paid.includedAiNanoUsd + ai,
        includedAwakeMs: paid.includedAwakeMs + awake,
      };
}

const hourMs = 3_600_000;

/** Where what is new in a month goes: into the hour it was learned in, or the month's last when the month is over then. */
export function hourOf(period: string, nowMs: number): number {
  const end = monthEndMs(period);
  return Math.min(Math.floor(nowMs / hourMs) * hourMs, end - hourMs);
}

export function monthStartMs(period: string): number {
  const [year = 1970, month = 1] = period.split('-').map(Number);
  return Date.UTC(year, month - 1, 1);
}

export function monthEndMs(period: string): number {
  const [year = 1970, month = 1] = period.split('-').map(Number);
  return Date.UTC(year, month, 1);
}

export const monthOf = (nowMs: number): string => new Date(nowMs).toISOString().slice(0, 7);

export const monthBefore = (period: string): string => {
  const [year = 1970, month = 1] = period.split('-').map(Number);
  return monthOf(Date.UTC(year, month - 2, 1));
};
