/**
 * What an assistant may reach: the preset in plain words, what was refused and the answers, the owner's rules, a test, the
 * traffic and the log.
 */
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { createFileRoute } from '@tanstack/react-router';
import { toFailure } from '../../api/errors.ts';
import { networkQuery, roleMay, tenantQuery } from '../../api/queries.ts';
import { AnswerList } from '../../network/answer-list.tsx';
import { DeniedFeed } from '../../network/denied-feed.tsx';
import { PresetChoice } from '../../network/preset-choice.tsx';
import { RequestLog } from '../../network/request-log.tsx';
import { RuleList } from '../../network/rule-list.tsx';
import { TestBox } from '../../network/test-box.tsx';
import { TrafficTable } from '../../network/traffic-table.tsx';
import { FailureNotice } from '../../ui/notice.tsx';
import { Loading, Skeleton } from '../../ui/skeleton.tsx';

export const Route = createFileRoute('/_app/a/$tenantId/network')({ component: Network });

function Network() {
  const { tenantId } = Route.useParams();
  const { org } = Route.useRouteContext();
  const { data: tenant } = useSuspenseQuery(tenantQuery(tenantId));
  const query = useQuery(networkQuery(tenantId));
  const may = roleMay(org.role, 'tenant:configure');
  const reason = may.allowed ? undefined : may.reason;
  return (
    <div className="flex flex-col gap-10">
      <title>{`Network of ${tenant.name} · Tidepool`}</title>
      {query.isPending ? <NetworkSkeleton /> : null}
      {query.isError && query.data === undefined ? (
        <FailureNotice failure={toFailure(query.error)} onRetry={() => void query.refetch()} />
      ) : null}
      {query.data === undefined ? null : (
        <>
          <PresetChoice tenantId={tenantId} policy={query.data.policy} reason={reason} />
          <DeniedFeed tenantId={tenantId} denied={query.data.denied} reason={reason} />
          <AnswerList tenantId={tenantId} answers={query.data.policy.approvals} reason={reason} />
          <RuleList tenantId={tenantId} policy={query.data.policy} reason={reason} />
          <TestBox tenantId={tenantId} />
          <TrafficTable traffic={query.data.traffic} />
          <RequestLog tenantId={tenantId} />
        </>
      )}
    </div>
  );
}

function NetworkSkeleton() {
  return (
    <div className="flex flex-col gap-6">
      <Loading label="Loading the network policy" />
      <Skeleton className="h-40" />
      <Skeleton className="h-24" />
      <Skeleton className="h-24" />
    </div>
  );
}
