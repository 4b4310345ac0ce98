/**
 * Every request that ended, also attempts that failed, newest first, to the nano-dollar; pages as far as asked, and a month
 * of them as a file.
 */
import { useInfiniteQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import type { Receipt } from '../../../control-plane/src/contract/tenant-rpc.ts';
import { receiptsQuery } from '../api/queries.ts';
import { type Column, DataTable } from '../ui/data-table.tsx';
import { formatCount, formatDateTime, formatUsdExact, formatUtc } from '../ui/format.ts';
import { PagedRows } from '../ui/paged-rows.tsx';
import { attemptText } from './attempts.ts';
import { MonthDownload } from './month-download.tsx';
import { monthLabel } from './month.ts';

type Row = z.infer<typeof Receipt>;

const outcomes: Record<Row['outcome'], { label: string; title: string }> = {
  final: { label: 'Complete', title: 'The provider reported the tokens at the end of the answer.' },
  partial: { label: 'Cut off', title: 'The answer was cut off; charged for what the provider reported until then.' },
  estimated: { label: 'Estimated', title: 'The provider reported no tokens; the amount is an estimate.' },
  failed: { label: 'Failed', title: 'No answer came of it, and nothing was charged.' },
};

interface ReceiptListProps {
  readonly tenantId: string;
  readonly slug: string;
  /** What the file is of, and how many requests that month has; undefined while that is not known. */
  readonly month: string;
  readonly monthRequests: number | undefined;
  /** Single requests from before it are not kept any more; null while all are there. */
  readonly keptFrom: string | null;
}

export function ReceiptList({ tenantId, slug, month, monthRequests, keptFrom }: ReceiptListProps) {
  const query = useInfiniteQuery(receiptsQuery(tenantId));
  return (
    <section aria-labelledby="requests-title">
      <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-2">
        <div>
          <h2 id="requests-title" className="text-xl font-semibold tracking-tight">
            Every request
          </h2>
          <p className="max-w-prose text-sm text-soft">
            Newest first, across all months. Tokens in are all of them; those from and into the cache are part of that.
            {keptFrom === null
              ? ' Single requests are kept for 90 days, their sums for good.'
              : ` Single requests are kept since ${dayLabel(keptFrom)}, the sums of earlier ones for good.`}
          </p>
        </div>
        <MonthDownload
          tenantId={tenantId}
          slug={slug}
          month={month}
          reason={nothingToSave(month, monthRequests, keptFrom)}
        />
      </div>
      <div className="mt-4">
        <PagedRows
          query={query}
          loading="Loading the requests"
          skeleton="h-7"
          empty={<p className="py-6 text-soft">No requests yet. Each one appears here within seconds of its answer.</p>}
          more="Show older requests"
        >
          {(rows) => (
            <>
              <DataTable label="Requests" columns={columns} rows={rows} keyOf={({ requestId }) => requestId} wideOnly />
              <ReceiptCards rows={rows} />
            </>
          )}
        </PagedRows>
      </div>
    </section>
  );
}

function nothingToSave(month: string, requests: number | undefined, keptFrom: string | null): string | undefined {
  if (requests === 0) return `There are no requests in ${monthLabel(month)}.`;
  const over = keptFrom !== null && month < keptFrom.slice(0, 7);
  return over ? `The single requests of ${monthLabel(month)} are not kept any more.` : undefined;
}

const dayLabel = (at: string): string =>
  new Intl.DateTimeFormat(undefined, { dateStyle: 'long', timeZone: 'UTC' }).format(Date.parse(at));

const columns: readonly Column<Row>[] = [
  {
    head: 'Time',
    kind: 'line',
    cell: ({ atMs }) => formatDateTime(atMs),
    title: ({ atMs }) => formatUtc(atMs),
  },
  {
    head: 'Model',
    kind: 'line',
    cell: (row) => (
      <>
        {row.model}
        <Attempt row={row} />
      </>
    ),
  },
  { head: 'Tokens in', kind: 'number', cell: ({ inputTokens }) => formatCount(inputTokens) },
  { head: 'Tokens out', kind: 'number', cell: ({ outputTokens }) => formatCount(outputTokens) },
  { head: 'From cache', kind: 'number', cell: ({ cacheReadTokens }) => formatCount(cacheReadTokens) },
  { head: 'Into cache', kind: 'number', cell: ({ cacheWriteTokens }) => formatCount(cacheWriteTokens) },
  {
    head: 'Outcome',
    kind: 'line',
    cell: ({ outcome }) => outcomes[outcome].label,
    title: ({ outcome }) => outcomes[outcome].title,
  },
  { head: 'Cost', kind: 'number', cell: (row) => <Cost row={row} /> },
];

/** The same on a phone. */
function ReceiptCards({ rows }: { rows: readonly Row[] }) {
  return (
    <ul className="figures sm:hidden">
      {rows.map((row) => (
        <li key={row.requestId} className="flex flex-col gap-0.5 border-b border-line py-3 text-sm">
          <span className="flex justify-between gap-3 font-medium">
            <span className="min-w-0 break-words">{row.model}</span>
            <Cost row={row} />
          </span>
          <span className="flex justify-between gap-3 text-soft">
            <span>{formatDateTime(row.atMs)}</span>
            <span>{outcomes[row.outcome].label}</span>
          </span>
          <Attempt row={row} />
          <span className="text-soft">
            {formatCount(row.inputTokens)} tokens in, {formatCount(row.cacheReadTokens)} of them from the cache and{' '}
            {formatCount(row.cacheWriteTokens)} into it; {formatCount(row.outputTokens)} out
          </span>
        </li>
      ))}
    </ul>
  );
}

/** A turn of several attempts, or one that failed: what happened. */
function Attempt({ row }: { row: Row }) {
  const text = attemptText(row);
  return text === null ? null : <span className="block max-w-64 text-xs whitespace-normal text-soft">{text}</span>;
}

/** What a customer's own key paid costs nothing here; the amount by our price list is what to expect elsewhere. */
function Cost({ row }: { row: Row }) {
  if (row.outcome === 'failed') return <span className="font-normal text-soft">Nothing</span>;
  if (!row.byok) return <span className="font-medium">{formatUsdExact(row.costNanoUsd)}</span>;
  return (
    <span className="font-normal">
      Your key <span className="text-soft">(about {formatUsdExact(row.listCostNanoUsd)} there)</span>
    </span>
  );
}
