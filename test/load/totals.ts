/** What a ledger says of itself and what the control plane heard of it: totals against rows, told against kept. Pure. */
import type { Receipt } from '../../apps/control-plane/src/contract/tenant-rpc.ts';
import type { UsageTotals } from '../../apps/control-plane/src/contract/usage-totals.ts';
import type { Book } from './books.ts';
import { totalsKey } from './collector.ts';

export interface Told {
  readonly receipts: ReadonlyMap<string, Receipt>;
  readonly totals: ReadonlyMap<string, UsageTotals>;
}

/** A period's totals are the sums of its rows. */
export function withinBook({ tenantId, receipts, open, totals }: Book): string[] {
  return totals.flatMap((total) => {
    const mine = receipts.filter(({ period }) => period === total.period);
    const held = open.filter(({ period }) => period === total.period);
    const sum = (of: (receipt: Receipt) => number): number => mine.reduce((all, one) => all + of(one), 0);
    const pairs: readonly (readonly [string, number, number])[] = [
      ['spent', total.spentNanoUsd, sum((one) => one.costNanoUsd)],
      ['requests', total.requests, mine.filter(({ outcome }) => outcome !== 'failed').length],
      ['input tokens', total.inputTokens, sum((one) => one.inputTokens)],
      ['output tokens', total.outputTokens, sum((one) => one.outputTokens)],
      ['held', total.heldNanoUsd, held.reduce((all, one) => all + one.holdNanoUsd, 0)],
    ];
    return pairs.flatMap(([what, says, is]) =>
      says === is ? [] : [`${tenantId} ${total.period}: its ${what} say ${says}, its rows add up to ${is}`],
    );
  });
}

/** The control plane was told every receipt and the last totals. */
export function againstTold({ tenantId, receipts, totals }: Book, told: Told): string[] {
  const missing = receipts.flatMap((receipt) => {
    const heard = told.receipts.get(receipt.requestId);
    if (heard === undefined) return [`${receipt.requestId}: it has a receipt, and the control plane was never told`];
    return JSON.stringify(heard) === JSON.stringify(receipt)
      ? []
      : [`${receipt.requestId}: told otherwise than charged`];
  });
  const stale = totals.flatMap(({ period, spentNanoUsd, requests }) => {
    const heard = told.totals.get(totalsKey(tenantId, period));
    if (requests === 0 || (heard?.spentNanoUsd === spentNanoUsd && heard.requests === requests)) return [];
    return [
      `${tenantId} ${period}: the control plane was told ${heard?.spentNanoUsd ?? 'nothing'}, spent is ${spentNanoUsd}`,
    ];
  });
  return [...missing, ...stale];
}
