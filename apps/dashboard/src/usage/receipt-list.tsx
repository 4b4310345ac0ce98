/**
 * Every request that ended, also attempts that failed, newest first, to the nano-dollar; pages as far as asked, and a month
 * of them as a file.
 */
import { useInfiniteQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import type { Receipt } from '../../../control-plane/src/contract/tenant-rpc.ts';
import { toFailure } from '../api/errors.ts';
import { receiptsQuery } from '../api/queries.ts';
import { Button } from '../ui/button.tsx';
import { formatCount, formatDateTime, formatUsdExact, formatUtc } from '../ui/format.ts';
import { FailureNotice } from '../ui/notice.tsx';
import { Loading, Skeleton } from '../ui/skeleton.tsx';
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
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
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
        {query.isPending ? <ReceiptSkeleton /> : null}
        {query.isError && rows.length === 0 ? (
          <FailureNotice failure={toFailure(query.error)} onRetry={() => void query.refetch()} />
        ) : null}
        {query.isSuccess && rows.length === 0 ? (
          <p className="py-6 text-soft">No requests yet. Each one appears here within seconds of its answer.</p>
        ) : null}
        {rows.length === 0 ? null : <ReceiptTable rows={rows} />}
      </div>
      {query.hasNextPage ? (
        <div className="mt-4">
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Show older requests
          </Button>
        </div>
      ) : null}
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

const head = 'py-2 pl-4 text-right font-semibold';
const headLeft = 'py-2 pl-4 text-left font-semibold first:pl-0';
const cell = 'py-2 pl-4 text-right whitespace-nowrap';
const cellLeft = 'py-2 pl-4 text-left whitespace-nowrap';

function ReceiptTable({ rows }: { rows: readonly Row[] }) {
  return (
    <>
      <div className="overflow-x-auto max-sm:hidden" tabIndex={0} role="region" aria-label="Requests">
        <table className="figures w-full text-sm">
          <thead>
            <tr className="border-b border-edge">
              <th scope="col" className={headLeft}>
                Time
              </th>
              <th scope="col" className={headLeft}>
                Model
              </th>
              <th scope="col" className={head}>
                Tokens in
              </th>
              <th scope="col" className={head}>
                Tokens out
              </th>
              <th scope="col" className={head}>
                From cache
              </th>
              <th scope="col" className={head}>
                Into cache
              </th>
              <th scope="col" className={headLeft}>
                Outcome
              </th>
              <th scope="col" className={head}>
                Cost
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.requestId} className="border-b border-line">
                <td className="py-2 whitespace-nowrap" title={formatUtc(row.atMs)}>
                  {formatDateTime(row.atMs)}
                </td>
                <td className={cellLeft}>
                  {row.model}
                  <Attempt row={row} />
                </td>
                <td className={cell}>{formatCount(row.inputTokens)}</td>
                <td className={cell}>{formatCount(row.outputTokens)}</td>
                <td className={cell}>{formatCount(row.cacheReadTokens)}</td>
                <td className={cell}>{formatCount(row.cacheWriteTokens)}</td>
                <td className={cellLeft} title={outcomes[row.outcome].title}>
                  {outcomes[row.outcome].label}
                </td>
                <td className={`${cell} font-medium`}>
                  <Cost row={row} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
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
    </>
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
  if (!row.byok) return <span>{formatUsdExact(row.costNanoUsd)}</span>;
  return (
    <span className="font-normal">
      Your key <span className="text-soft">(about {formatUsdExact(row.listCostNanoUsd)} there)</span>
    </span>
  );
}

function ReceiptSkeleton() {
  return (
    <div className="flex flex-col gap-3">
      <Loading label="Loading the requests" />
      {[0, 1, 2, 3, 4].map((row) => (
        <Skeleton key={row} className="h-7 w-full" />
      ))}
    </div>
  );
}
