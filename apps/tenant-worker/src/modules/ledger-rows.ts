/** Rows of `ledger_request` as what they are: a request that ended, or a reservation whose end is not known yet. */
import type { Receipt } from '../../../control-plane/src/contract/receipt.ts';
import type { SqlRow } from '../ports.ts';
import { number, text, textOrNull } from './row.ts';

/** A reservation whose end is not known yet. */
export interface OpenHold {
  readonly requestId: string;
  readonly period: string;
  readonly state: 'held' | 'unknown';
  readonly atMs: number;
  readonly provider: string;
  readonly model: string;
  readonly holdNanoUsd: number;
  readonly byok: boolean;
  readonly why: string | null;
}

export function toReceipt(row: SqlRow): Receipt {
  const outcome = row['outcome'];
  const isFailed = row['state'] === 'released';
  const turn = textOrNull(row, 'turn');
  return {
    requestId: text(row, 'request_id'),
    period: text(row, 'period'),
    atMs: number(row, 'at_ms'),
    provider: text(row, 'provider'),
    model: text(row, 'model'),
    inputTokens: number(row, 'input_tokens'),
    outputTokens: number(row, 'output_tokens'),
    cacheReadTokens: number(row, 'cache_read_tokens'),
    cacheWriteTokens: number(row, 'cache_write_tokens'),
    costNanoUsd: number(row, 'cost_nano_usd'),
    byok: row['byok'] === 1,
    listCostNanoUsd: number(row, 'list_cost_nano_usd'),
    outcome: isFailed ? 'failed' : outcome === 'final' || outcome === 'partial' ? outcome : 'estimated',
    priceVersion: isFailed ? '' : text(row, 'price_version'),
    upstreamId: textOrNull(row, 'upstream_id'),
    ...(isFailed ? { why: textOrNull(row, 'why') ?? 'released' } : {}),
    ...(turn === null
      ? {}
      : {
          part: {
            turn,
            attempt: number(row, 'attempt'),
            asked: textOrNull(row, 'asked'),
            after: textOrNull(row, 'after_why'),
          },
        }),
  };
}

export function toOpenHold(row: SqlRow): OpenHold {
  return {
    requestId: text(row, 'request_id'),
    period: text(row, 'period'),
    state: row['state'] === 'unknown' ? 'unknown' : 'held',
    atMs: number(row, 'at_ms'),
    provider: text(row, 'provider'),
    model: text(row, 'model'),
    holdNanoUsd: number(row, 'hold_nano_usd'),
    byok: row['byok'] === 1,
    why: textOrNull(row, 'why'),
  };
}
