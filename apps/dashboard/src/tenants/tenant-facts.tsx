/** What is known about an assistant, as a list of terms and values. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Tenant } from '../../../control-plane/src/contract/api.ts';
import { capRatio, counted, formatBytes, formatSpan } from '../ui/format.ts';
import { When } from '../ui/when.tsx';
import { CapGauge } from './cap-gauge.tsx';

function Fact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div className="flex flex-wrap justify-between gap-x-4 border-b border-line py-2.5 last:border-b-0">
      <dt className="text-soft">{term}</dt>
      <dd className="text-right font-medium first-letter:uppercase">{children}</dd>
    </div>
  );
}

/** A saved memory counts when it was read back and booted; a drill that failed since is said first. */
function ProvenRestore({ tenant: { lastProvenRestore: proven, drillFailure: failure } }: { tenant: Tenant }) {
  if (failure !== null)
    return (
      <span className="text-coral">
        failed <When at={failure.at} /> (<code className="font-mono">{failure.code}</code>)
      </span>
    );
  if (proven === null) return 'Not yet';
  return (
    <>
      <When at={proven.at} />, in {formatSpan(proven.tookMs)}
    </>
  );
}

export function TenantFacts({ tenant }: { tenant: Tenant }) {
  const { lastSnapshot } = tenant;
  return (
    <section aria-labelledby="facts-title">
      <h2 id="facts-title" className="font-semibold">
        About it
      </h2>
      <dl className="mt-2 text-sm">
        <Fact term="Version">OpenClaw {tenant.release}</Fact>
        <Fact term="Last active">
          {tenant.lastActivityAt === null ? 'Not yet' : <When at={tenant.lastActivityAt} />}
        </Fact>
        <Fact term="Memory saved">
          {lastSnapshot === null ? (
            'Not yet'
          ) : (
            <>
              <When at={lastSnapshot.at} />, {formatBytes(lastSnapshot.bytes)}
            </>
          )}
        </Fact>
        <Fact term="Last proven restore">
          <ProvenRestore tenant={tenant} />
        </Fact>
        <Fact term="Awake this month">{formatSpan(tenant.usage.awakeMs)}</Fact>
        <Fact term="Created">
          <When at={tenant.createdAt} />
        </Fact>
      </dl>
    </section>
  );
}

function capWords({ usage, aiCapNanoUsdPerMonth: cap }: Tenant): string {
  const ratio = capRatio(usage.spentNanoUsd, cap);
  if (ratio >= 1) return 'The cap is reached: model requests are refused until you raise it.';
  return ratio >= 0.8 ? `${Math.floor(ratio * 100)} % of the cap is used.` : '';
}

export function TenantSpend({ tenant, demo }: { tenant: Tenant; demo: string | null }) {
  return (
    <section aria-labelledby="spend-title">
      <div className="flex items-baseline justify-between gap-4">
        <h2 id="spend-title" className="font-semibold">
          Spending
        </h2>
        <Link to="/a/$tenantId/usage" params={{ tenantId: tenant.id }} className="link text-sm">
          See every request
        </Link>
      </div>
      <div className="mt-3">
        <CapGauge spentNanoUsd={tenant.usage.spentNanoUsd} capNanoUsd={tenant.aiCapNanoUsdPerMonth} when="this month" />
      </div>
      <p className="mt-3 text-sm text-soft">
        {counted(tenant.usage.requests, 'request')} this month. {capWords(tenant)}
      </p>
      {demo === null ? null : <p className="mt-2 text-sm text-soft">{demo}</p>}
    </section>
  );
}
