/** The frame of one assistant's pages: who it is, how it is, its tabs. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { createFileRoute, Link, Outlet } from '@tanstack/react-router';
import { useEffect } from 'react';
import { isMoving, tenantQuery } from '../../api/queries.ts';
import { PauseCard } from '../../budgets/pause-card.tsx';
import { AuditNotice } from '../../tenants/audit-notice.tsx';
import { Freshness } from '../../tenants/freshness.tsx';
import { Pool, StateBadge } from '../../tenants/state.tsx';
import { hostOf } from '../../tenants/tenant-card.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { When } from '../../ui/when.tsx';

export const Route = createFileRoute('/_app/a/$tenantId')({
  loader: ({ context, params }) => context.queryClient.ensureQueryData(tenantQuery(params.tenantId)),
  component: TenantFrame,
});

const tab =
  'inline-flex min-h-11 items-center border-b-2 border-transparent text-sm font-semibold text-soft hover:text-ink aria-[current=page]:border-tide aria-[current=page]:text-ink';

function TenantFrame() {
  const { tenantId } = Route.useParams();
  const { org } = Route.useRouteContext();
  const query = useSuspenseQuery(tenantQuery(tenantId));
  const tenant = query.data;
  useBusyIcon(isMoving(tenant));
  return (
    <>
      <nav aria-label="Breadcrumb" className="text-sm">
        <Link to="/" className="link">
          Assistants
        </Link>
      </nav>
      <div className="mt-4 flex items-start gap-4 sm:items-center sm:gap-5">
        <Pool state={tenant.state} size={64} />
        <div className="min-w-0 flex-1">
          <div className="flex flex-wrap items-center gap-x-4 gap-y-1.5">
            <h1 tabIndex={-1} className="min-w-0 text-2xl font-semibold tracking-[-0.022em] break-words">
              {tenant.name}
            </h1>
            <span className="flex flex-wrap items-center gap-x-2 gap-y-1 text-sm text-soft">
              <StateBadge state={tenant.state} />
              <span>
                since <When at={tenant.stateSince} />
              </span>
            </span>
          </div>
          <p className="mt-1 flex min-w-0 items-center gap-1">
            <span className="truncate text-soft">{hostOf(tenant.origin)}</span>
            <CopyButton text={tenant.origin} label="Copy the address" iconOnly />
          </p>
        </div>
      </div>
      <div className="mt-5 flex flex-wrap items-center justify-between gap-x-6 border-b border-line">
        <nav aria-label={tenant.name} className="-mb-px flex flex-wrap gap-x-6">
          <Link to="/a/$tenantId" params={{ tenantId }} activeOptions={{ exact: true }} className={tab}>
            Overview
          </Link>
          <Link to="/a/$tenantId/usage" params={{ tenantId }} className={tab}>
            Usage
          </Link>
          <Link to="/a/$tenantId/models" params={{ tenantId }} className={tab}>
            Models
          </Link>
          <Link to="/a/$tenantId/activity" params={{ tenantId }} className={tab}>
            Activity
          </Link>
          <Link to="/a/$tenantId/snapshots" params={{ tenantId }} className={tab}>
            Snapshots
          </Link>
          <Link to="/a/$tenantId/network" params={{ tenantId }} className={tab}>
            Network
          </Link>
          <Link to="/a/$tenantId/secrets" params={{ tenantId }} className={tab}>
            Secrets
          </Link>
          <Link to="/a/$tenantId/devices" params={{ tenantId }} className={tab}>
            Devices
          </Link>
        </nav>
        <Freshness
          asOf={tenant.asOf}
          live={tenant.live}
          failing={query.isRefetchError}
          onRefresh={() => void query.refetch()}
          busy={query.isFetching}
        />
      </div>
      <div className="mt-8 flex flex-col gap-8">
        <PauseCard tenant={tenant} role={org.role} />
        <AuditNotice audit={tenant.securityAudit} />
        <div>
          <Outlet />
        </div>
      </div>
    </>
  );
}

/** The tab's icon says that something is under way, also in a background tab. */
function useBusyIcon(busy: boolean): void {
  useEffect(() => {
    const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    if (icon === null) return undefined;
    icon.href = busy ? '/favicon-busy.svg' : '/favicon.svg';
    return () => {
      icon.href = '/favicon.svg';
    };
  }, [busy]);
}
