/**
 * What becomes of a reservation when an answer has ended. The one place that decides it; the table in docs/metering.md
 * says the same in words. Nothing is ever charged that the provider did not report.
 */
import { costNanoUsd, type ModelPrice } from './price.ts';
import type { MeterResult } from './usage-meter.ts';
import type { TokenUsage } from './usage.ts';

export interface AnswerEnd {
  readonly meter: MeterResult;
  /** The bytes ended by themselves: not cut, not timed out, not given up on. */
  readonly whole: boolean;
  /** The gateway answered from its cache: nothing was spent. */
  readonly cached: boolean;
  readonly price: ModelPrice;
}

export type Verdict =
  | {
      readonly kind: 'charge';
      readonly outcome: 'final' | 'partial' | 'estimated';
      readonly usage: TokenUsage;
      readonly costNanoUsd: number;
    }
  /** It may have cost something and nobody said what: keep the hold until the second witness does. */
  | { readonly kind: 'unknown'; readonly why: string };

export function judge({ meter, whole, cached, price }: AnswerEnd): Verdict {
  const { usage } = meter;
  if (usage === null) return { kind: 'unknown', why: whole ? 'no_usage_reported' : 'cut_before_usage' };
  const cost = cached ? 0 : costNanoUsd(usage, price);
  if (!whole || !meter.complete) return { kind: 'charge', outcome: 'partial', usage, costNanoUsd: cost };
  const outcome = meter.unpriced.length > 0 ? 'estimated' : 'final';
  return { kind: 'charge', outcome, usage, costNanoUsd: cost };
}
