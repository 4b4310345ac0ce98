/** What an assistant did and what happened to it, newest first, as far back as asked. */
import { useInfiniteQuery, useSuspenseQuery } from '@tanstack/react-query';
import { createFileRoute } from '@tanstack/react-router';
import { toFailure } from '../../api/errors.ts';
import { tenantQuery, timelineQuery } from '../../api/queries.ts';
import { TimelineList } from '../../tenants/timeline-list.tsx';
import { Button } from '../../ui/button.tsx';
import { FailureNotice } from '../../ui/notice.tsx';
import { Loading, Skeleton } from '../../ui/skeleton.tsx';

export const Route = createFileRoute('/_app/a/$tenantId/activity')({ component: Activity });

function Activity() {
  const { tenantId } = Route.useParams();
  const { org } = Route.useRouteContext();
  const { data: tenant } = useSuspenseQuery(tenantQuery(tenantId));
  const query = useInfiniteQuery(timelineQuery(tenantId));
  const entries = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section aria-labelledby="activity-title">
      <title>{`Activity of ${tenant.name} · Tidepool`}</title>
      <h2 id="activity-title" className="text-xl font-semibold tracking-tight">
        Activity
      </h2>
      <p className="text-sm text-soft">
        Every wake and sleep with the time of its steps, and every recovery: what failed, what was done, what was lost.
      </p>
      <div className="mt-4">
        {query.isPending ? <ActivitySkeleton /> : null}
        {query.isError && entries.length === 0 ? (
          <FailureNotice failure={toFailure(query.error)} onRetry={() => void query.refetch()} />
        ) : null}
        {query.isSuccess && entries.length === 0 ? (
          <p className="py-6 text-soft">Nothing yet. What it does appears here within seconds.</p>
        ) : null}
        {entries.length === 0 ? null : <TimelineList tenant={tenant} role={org.role} entries={entries} />}
      </div>
      {query.hasNextPage ? (
        <div className="mt-4">
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Show older activity
          </Button>
        </div>
      ) : null}
    </section>
  );
}

function ActivitySkeleton() {
  return (
    <div className="flex flex-col gap-3">
      <Loading label="Loading the activity" />
      {[0, 1, 2, 3].map((row) => (
        <Skeleton key={row} className="h-14 w-full" />
      ))}
    </div>
  );
}
