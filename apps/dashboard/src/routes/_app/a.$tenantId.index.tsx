/** One assistant: what it is doing, what can be done, what it cost, its settings. */
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { createFileRoute } from '@tanstack/react-router';
import type { Tenant } from '../../../../control-plane/src/contract/api.ts';
import type { Operation } from '../../../../control-plane/src/contract/tenant-rpc.ts';
import { systemQuery, tenantQuery } from '../../api/queries.ts';
import { demoModelSentence } from '../../shell/stand-ins.tsx';
import { OperationCard } from '../../tenants/operation-card.tsx';
import { OperatorNotice } from '../../tenants/operator-notice.tsx';
import { operationPhase, operationTitle } from '../../tenants/operation-steps.ts';
import { PowerActions, reasonAgainst } from '../../tenants/power-actions.tsx';
import { sleepLine } from '../../tenants/sleep-line.ts';
import { stateLabel } from '../../tenants/state.tsx';
import { TenantFacts, TenantSpend } from '../../tenants/tenant-facts.tsx';
import { TenantMove } from '../../tenants/tenant-move.tsx';
import { TenantSettings } from '../../tenants/tenant-settings.tsx';
import { TenantVersion } from '../../tenants/tenant-version.tsx';
import { useTenantAction } from '../../tenants/use-tenant-actions.ts';
import { useNow } from '../../ui/use-now.ts';

export const Route = createFileRoute('/_app/a/$tenantId/')({ component: Overview });

/** How long the result of finished work stays on the page. */
const resultShownMs = 90_000;

function Overview() {
  const { tenantId } = Route.useParams();
  const { org } = Route.useRouteContext();
  const { data: tenant, dataUpdatedAt } = useSuspenseQuery(tenantQuery(tenantId));
  const { data: system } = useQuery(systemQuery);
  const clockOffsetMs = tenant.live ? Date.parse(tenant.asOf) - dataUpdatedAt : 0;
  const shown = operationToShow(tenant, dataUpdatedAt + clockOffsetMs);
  return (
    <div className="flex flex-col gap-8">
      <title>{`${tabTitle(tenant, shown)} · Tidepool`}</title>
      <PowerActions tenant={tenant} role={org.role} />
      <SleepLine tenant={tenant} clockOffsetMs={clockOffsetMs} />
      {shown?.error ? null : <StateNotice tenant={tenant} />}
      {tenant.state === 'needs_operator' ? <OperatorNotice tenant={tenant} role={org.role} /> : null}
      {shown === null ? null : <LiveOperation tenant={tenant} operation={shown} clockOffsetMs={clockOffsetMs} />}
      <div className="grid gap-x-12 gap-y-8 md:grid-cols-2">
        <TenantSpend tenant={tenant} demo={system?.standIns.model ? demoModelSentence : null} />
        <TenantFacts tenant={tenant} />
      </div>
      <TenantVersion tenant={tenant} role={org.role} />
      <TenantSettings key={tenant.id} tenant={tenant} role={org.role} />
      <TenantMove tenant={tenant} role={org.role} clockOffsetMs={clockOffsetMs} />
    </div>
  );
}

/** "Sleeps in 12 min at the earliest: it was used." */
function SleepLine({ tenant, clockOffsetMs }: { tenant: Tenant; clockOffsetMs: number }) {
  const line = sleepLine(tenant, useNow(15_000) + clockOffsetMs);
  return line === null ? null : <p className="-mt-4 text-sm text-soft">{line}</p>;
}

function LiveOperation({
  tenant,
  operation,
  clockOffsetMs,
}: {
  tenant: Tenant;
  operation: Operation;
  clockOffsetMs: number;
}) {
  const { org } = Route.useRouteContext();
  const act = useTenantAction(tenant);
  const againstWake = reasonAgainst('wake', tenant, org.role);
  const againstRestart = reasonAgainst('restart', tenant, org.role);
  const action = againstWake === undefined ? 'wake' : 'restart';
  return (
    <OperationCard
      operation={operation}
      name={tenant.name}
      clockOffsetMs={clockOffsetMs}
      onRetry={() => act.mutate({ action, key: crypto.randomUUID() })}
      retryBusy={act.isPending}
      retryReason={againstWake === undefined ? undefined : againstRestart}
    />
  );
}

/** What a person should know about a state that is not simply on or off. */
function StateNotice({ tenant }: { tenant: Tenant }) {
  const sentences: Partial<Record<Tenant['state'], string>> = {
    suspended: 'It is suspended: it does not run and cannot be opened. Its data is kept.',
    needs_operator: 'It could not be kept running by itself. Its data is safe; restart it to try again.',
    deleting: 'It is being deleted. This cannot be undone.',
    deleted: 'It is deleted. Its address will not be given to anybody else.',
  };
  const sentence = sentences[tenant.state];
  if (sentence === undefined) return null;
  return (
    <p role="status" className="max-w-2xl rounded-md border border-sand/40 bg-sand-soft px-4 py-3 text-sm">
      {sentence}
      {tenant.reason === null ? null : (
        <>
          {' '}
          Reason: <code className="font-mono">{tenant.reason}</code>
        </>
      )}
    </p>
  );
}

/** Work that runs or failed, and for a while work that has just ended. */
function operationToShow(tenant: Tenant, nowMs: number): Operation | null {
  const { operation } = tenant;
  if (operation === null || operation.finishedAtMs === null || operation.error !== null) return operation;
  return nowMs - operation.finishedAtMs < resultShownMs ? operation : null;
}

function tabTitle(tenant: Tenant, operation: Operation | null): string {
  if (operation !== null && operationPhase(operation) !== 'done')
    return operationTitle(operation.kind, operationPhase(operation), tenant.name);
  return `${tenant.name}: ${stateLabel(tenant.state).toLowerCase()}`;
}
