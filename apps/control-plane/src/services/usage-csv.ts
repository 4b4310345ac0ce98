/**
 * A month's requests as a CSV file, failed attempts among them, oldest first, to the nano-dollar. Read and sent a page at a time, so that its
 * length costs no memory. Whatever fails before the first byte is an ordinary error; after it the connection ends without
 * the file's end, which a browser shows as a failed download: half a file never looks whole.
 */
import { and, asc, eq, gt } from 'drizzle-orm';
import { receipt } from '../adapters/d1/schema.ts';
import type { TenantRow } from '../adapters/d1/tenants.ts';
import { csvLine } from '../contract/csv.ts';
import { decimalFromNano } from '../contract/money.ts';
import type { Context } from '../context.ts';
import { periodOf } from './tenant-view.ts';

type Row = typeof receipt.$inferSelect;

const pageMax = 500;
/** Half a million requests: 16 at a time, all month, at two seconds each, are far fewer. */
const pagesMax = 1_000;

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

export async function receiptExport(ctx: Context, row: TenantRow, wanted: string | undefined): Promise<Response> {
  const period = wanted ?? periodOf(ctx.system.nowMs());
  let rows = await pageOf(ctx, row, period, '');
  let pages = 1;
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(csvLine(header)));
    },
    async pull(controller) {
      const last = rows.at(-1);
      if (last === undefined) return controller.close();
      controller.enqueue(encoder.encode(rows.map(lineOf).join('')));
      if (rows.length < pageMax) return controller.close();
      if (pages === pagesMax) throw new Error('more requests than a file may have');
      pages++;
      rows = await pageOf(ctx, row, period, last.requestId);
    },
  });
  return new Response(body, {
    headers: {
      'content-type': 'text/csv; charset=utf-8; header=present',
      // A slug has letters, digits and dashes only.
      'content-disposition': `attachment; filename="${row.slug}-${period}-requests.csv"`,
      'cache-control': 'no-store',
    },
  });
}

async function pageOf(ctx: Context, row: TenantRow, period: string, after: string): Promise<Row[]> {
  return ctx.db
    .select()
    .from(receipt)
    .where(and(eq(receipt.tenantId, row.id), eq(receipt.period, period), gt(receipt.requestId, after)))
    .orderBy(asc(receipt.requestId))
    .limit(pageMax);
}

function lineOf(row: Row): string {
  return csvLine([
    new Date(row.atMs).toISOString(),
    row.requestId,
    row.provider,
    row.model,
    row.inputTokens,
    row.outputTokens,
    row.cacheReadTokens,
    row.cacheWriteTokens,
    decimalFromNano(row.costNanoUsd),
    row.outcome,
    row.priceVersion,
    row.upstreamId ?? '',
    row.byok ? 'yes' : 'no',
    row.byok ? decimalFromNano(row.listCostNanoUsd) : '',
    row.turn ?? row.requestId,
    row.attempt ?? 1,
    row.asked ?? '',
    row.after ?? '',
    row.why ?? '',
  ]);
}
