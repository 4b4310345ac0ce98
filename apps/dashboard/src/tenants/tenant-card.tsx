/** One assistant in the list. The whole card is the link; its name is the link's text. */
import { Link } from '@tanstack/react-router';
import type { Tenant } from '../../../control-plane/src/contract/api.ts';
import { When } from '../ui/when.tsx';
import { CapGauge } from './cap-gauge.tsx';
import { Pool, StateBadge } from './state.tsx';

export function TenantCard({ tenant }: { tenant: Tenant }) {
  return (
    <li className="panel group relative flex min-w-0 flex-col gap-5 p-5 motion-safe:transition-colors hover:border-edge">
      <div className="flex items-center gap-4">
        <Pool state={tenant.state} size={56} />
        <div className="min-w-0 flex-1">
          <h2 className="truncate text-lg font-semibold">
            <Link
              to="/a/$tenantId"
              params={{ tenantId: tenant.id }}
              className="after:absolute after:inset-0 after:rounded-lg focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:outline-offset-2 focus-visible:after:outline-tide"
            >
              {tenant.name}
            </Link>
          </h2>
          <p className="truncate text-sm text-soft">{hostOf(tenant.origin)}</p>
        </div>
      </div>
      <div className="flex flex-wrap items-center justify-between gap-x-3 gap-y-1">
        <StateBadge state={tenant.state} />
        <p className="text-sm text-soft">
          {tenant.lastActivityAt === null ? (
            'No activity yet'
          ) : (
            <>
              Active <When at={tenant.lastActivityAt} />
            </>
          )}
        </p>
      </div>
      <CapGauge
        spentNanoUsd={tenant.usage.spentNanoUsd}
        capNanoUsd={tenant.aiCapNanoUsdPerMonth}
        when="this month"
        compact
      />
    </li>
  );
}

/** The host and port of an address, without its scheme. */
export function hostOf(origin: string): string {
  return origin.replace(/^https?:\/\//, '');
}
