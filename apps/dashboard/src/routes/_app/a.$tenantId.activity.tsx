/** What an assistant did and what happened to it, newest first, as far back as asked. */
import { useInfiniteQuery, useSuspenseQuery } from '@tanstack/react-query';
import { createFileRoute } from '@tanstack/react-router';
import { tenantQuery, timelineQuery } from '../../api/queries.ts';
import { TimelineList } from '../../tenants/timeline-list.tsx';
import { PagedRows } from '../../ui/paged-rows.tsx';

export const Route = createFileRoute('/_app/a/$tenantId/activity')({ component: Activity });

function Activity() {
  const { tenantId } = Route.useParams();
  const { org } = Route.useRouteContext();
  const { data: tenant } = useSuspenseQuery(tenantQuery(tenantId));
  const query = useInfiniteQuery(timelineQuery(tenantId));
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
        <PagedRows
          query={query}
          loading="Loading the activity"
          skeleton="h-14"
          empty={<p className="py-6 text-soft">Nothing yet. What it does appears here within seconds.</p>}
          more="Show older activity"
        >
          {(entries) => <TimelineList tenant={tenant} role={org.role} entries={entries} />}
        </PagedRows>
      </div>
    </section>
  );
}
