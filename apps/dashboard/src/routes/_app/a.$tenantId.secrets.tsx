/** The secrets of an assistant: what is stored and who uses it, and a form for one more. Values go in, never out. */
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { createFileRoute } from '@tanstack/react-router';
import { toFailure } from '../../api/errors.ts';
import { roleMay, secretsQuery, tenantQuery } from '../../api/queries.ts';
import { SecretForm } from '../../secrets/secret-form.tsx';
import { SecretList } from '../../secrets/secret-list.tsx';
import { EmptyState, FailureNotice } from '../../ui/notice.tsx';
import { Loading, Skeleton } from '../../ui/skeleton.tsx';

export const Route = createFileRoute('/_app/a/$tenantId/secrets')({ component: Secrets });

function Secrets() {
  const { tenantId } = Route.useParams();
  const { org } = Route.useRouteContext();
  const { data: tenant } = useSuspenseQuery(tenantQuery(tenantId));
  const may = roleMay(org.role, 'tenant:configure');
  const query = useQuery({ ...secretsQuery(tenantId), enabled: may.allowed });
  const title = <title>{`Secrets of ${tenant.name} · Tidepool`}</title>;
  if (!may.allowed) {
    return (
      <>
        {title}
        <EmptyState title="Secrets are for admins">{may.reason}</EmptyState>
      </>
    );
  }
  return (
    <div className="flex flex-col gap-10">
      {title}
      {query.isPending ? <SecretsSkeleton /> : null}
      {query.isError && query.data === undefined ? (
        <FailureNotice failure={toFailure(query.error)} onRetry={() => void query.refetch()} />
      ) : null}
      {query.data === undefined ? null : (
        <>
          <SecretList tenantId={tenantId} secrets={query.data.items} />
          <SecretForm tenantId={tenantId} />
        </>
      )}
    </div>
  );
}

function SecretsSkeleton() {
  return (
    <div className="flex flex-col gap-6">
      <Loading label="Loading the secrets" />
      <Skeleton className="h-24" />
      <Skeleton className="h-24" />
    </div>
  );
}
