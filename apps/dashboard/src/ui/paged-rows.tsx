/**
 * Rows that come page by page: on their way, failed, none, the rows, and the button for older ones. A page that failed is
 * said beside its button, and the rows that are there stay.
 */
import type { ReactNode } from 'react';
import { toFailure } from '../api/errors.ts';
import { Button } from './button.tsx';
import { FailureNotice } from './notice.tsx';
import { Loading, Skeleton } from './skeleton.tsx';

/** What is needed of an infinite query. */
interface NextPage {
  readonly error: Error | null;
  readonly hasNextPage: boolean;
  readonly isFetchingNextPage: boolean;
  readonly isFetchNextPageError: boolean;
  readonly fetchNextPage: () => Promise<unknown>;
}

interface PagedQuery<Row> extends NextPage {
  readonly data: { readonly pages: readonly { readonly items: readonly Row[] }[] } | undefined;
  readonly isPending: boolean;
  readonly isSuccess: boolean;
  readonly isError: boolean;
  readonly refetch: () => Promise<unknown>;
}

interface PagedRowsProps<Row> {
  readonly query: PagedQuery<Row>;
  /** Said while the first page is on its way. */
  readonly loading: string;
  /** The height of a row that is on its way, as a class. */
  readonly skeleton: string;
  readonly empty: ReactNode;
  /** On the button: "Show older requests". */
  readonly more: string;
  readonly children: (rows: readonly Row[]) => ReactNode;
}

export function PagedRows<Row>({ query, loading, skeleton, empty, more, children }: PagedRowsProps<Row>) {
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className="flex flex-col gap-4">
      {query.isPending ? (
        <div className="flex flex-col gap-3">
          <Loading label={loading} />
          {[0, 1, 2, 3].map((row) => (
            <Skeleton key={row} className={skeleton} />
          ))}
        </div>
      ) : null}
      {query.isError && rows.length === 0 ? (
        <FailureNotice failure={toFailure(query.error)} onRetry={() => void query.refetch()} />
      ) : null}
      {query.isSuccess && rows.length === 0 ? empty : null}
      {rows.length === 0 ? null : children(rows)}
      <MoreRows query={query} label={more} />
    </div>
  );
}

export function MoreRows({ query, label }: { query: NextPage; label: string }) {
  return (
    <>
      {query.isFetchNextPageError ? (
        <FailureNotice failure={toFailure(query.error)} onRetry={() => void query.fetchNextPage()} />
      ) : null}
      {query.hasNextPage ? (
        <div>
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {label}
          </Button>
        </div>
      ) : null}
    </>
  );
}
