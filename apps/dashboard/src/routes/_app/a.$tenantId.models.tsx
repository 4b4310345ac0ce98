/** The models of an assistant: what it uses, what takes over when one fails, what it may use. */
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { createFileRoute } from '@tanstack/react-router';
import { toFailure } from '../../api/errors.ts';
import { modelsQuery, roleMay, tenantQuery } from '../../api/queries.ts';
import { ModelForm } from '../../models/model-form.tsx';
import { FailureNotice } from '../../ui/notice.tsx';
import { Loading, Skeleton } from '../../ui/skeleton.tsx';

export const Route = createFileRoute('/_app/a/$tenantId/models')({ component: Models });

function Models() {
  const { tenantId } = Route.useParams();
  const { org } = Route.useRouteContext();
  const { data: tenant } = useSuspenseQuery(tenantQuery(tenantId));
  const query = useQuery(modelsQuery(tenantId));
  const may = roleMay(org.role, 'tenant:configure');
  return (
    <div className="flex flex-col gap-10">
      <title>{`Models of ${tenant.name} · Tidepool`}</title>
      {query.isPending ? <ModelsSkeleton /> : null}
      {query.isError && query.data === undefined ? (
        <FailureNotice failure={toFailure(query.error)} onRetry={() => void query.refetch()} />
      ) : null}
      {query.data === undefined ? null : query.data.choices.length === 0 ? (
        <p className="border-y border-line py-8 text-soft">
          No model has a price on this platform yet, so none can be used. Ask its operator to add one.
        </p>
      ) : (
        <>
          {may.allowed ? null : <p className="text-sm text-soft">{may.reason}</p>}
          <ModelForm tenantId={tenantId} models={query.data} reason={may.allowed ? undefined : may.reason} />
        </>
      )}
    </div>
  );
}

function ModelsSkeleton() {
  return (
    <div className="flex flex-col gap-6">
      <Loading label="Loading the models" />
      <Skeleton className="h-28" />
      <Skeleton className="h-40" />
      <Skeleton className="h-24" />
    </div>
  );
}
