/** Requests as a CSV file, failed attempts among them. Exact money; cells that a spreadsheet would run as a formula are defused. */
import type { Receipt } from '../../../control-plane/src/contract/tenant-rpc.ts';
import { decimalFromNano } from '../ui/format.ts';
import type { z } from 'zod';

type Row = z.infer<typeof Receipt>;

const header = [
  'time_utc',
  'request_id',
  'provider',
  'model',
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'cost_usd',
  'outcome',
  'price_version',
  'upstream_id',
  'own_key',
  'own_key_list_cost_usd',
  'turn',
  'attempt',
  'asked_model',
  'after',
  'failed_because',
];

export function receiptsCsv(receipts: readonly Row[]): string {
  const lines = receipts.map((receipt) =>
    [
      new Date(receipt.atMs).toISOString(),
      receipt.requestId,
      receipt.provider,
      receipt.model,
      receipt.inputTokens,
      receipt.outputTokens,
      receipt.cacheReadTokens,
      receipt.cacheWriteTokens,
      decimalFromNano(receipt.costNanoUsd),
      receipt.outcome,
      receipt.priceVersion,
      receipt.upstreamId ?? '',
      receipt.byok ? 'yes' : 'no',
      receipt.byok ? decimalFromNano(receipt.listCostNanoUsd) : '',
      receipt.part?.turn ?? receipt.requestId,
      receipt.part?.attempt ?? 1,
      receipt.part?.asked ?? '',
      receipt.part?.after ?? '',
      receipt.why ?? '',
    ]
      .map(csvCell)
      .join(','),
  );
  return `${[header.join(','), ...lines].join('\r\n')}\r\n`;
}

/** One cell by RFC 4180. Text from outside that starts like a formula gets a leading apostrophe. */
export function csvCell(value: string | number): string {
  const text =
    typeof value === 'number'
      ? String(value)
      : /^[=+\-@\t\r]/.test(value) && !/^-?\d+(?:\.\d+)?$/.test(value)
        ? `'${value}`
        : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
