/** The organisation's plan: what it has and used, what comes next, what it may choose, and the way to pay. */
import { useQuery } from '@tanstack/react-query';
import { createFileRoute } from '@tanstack/react-router';
import { useEffect } from 'react';
import { z } from 'zod';
import type { Billing } from '../../../../control-plane/src/contract/billing-api.ts';
import { toFailure } from '../../api/errors.ts';
import { billingQuery, roleMay } from '../../api/queries.ts';
import { Invoices, Money } from '../../billing/money.tsx';
import { OrgBudget } from '../../billing/org-budget.tsx';
import { OverageLimit } from '../../billing/overage-limit.tsx';
import { PlanChoice } from '../../billing/plan-choice.tsx';
import { PlanUse } from '../../billing/plan-use.tsx';
import { usePay, usePlanAct } from '../../billing/use-billing.ts';
import { cents, stateWords } from '../../billing/words.ts';
import { buttonClass } from '../../ui/button.tsx';
import { formatDate } from '../../ui/format.ts';
import { EmptyState, FailureNotice } from '../../ui/notice.tsx';
import { PageTitle } from '../../ui/page-title.tsx';
import { Loading, Skeleton } from '../../ui/skeleton.tsx';

export const Route = createFileRoute('/_app/billing')({
  validateSearch: z.object({ checkout: z.enum(['done', 'left']).optional().catch(undefined) }),
  component: BillingPage,
});

function BillingPage() {
  const { org } = Route.useRouteContext();
  const may = roleMay(org.role, 'billing:read');
  if (!may.allowed) {
    return (
      <div>
        <PageTitle tab="Billing">Billing</PageTitle>
        <EmptyState title="Others look after this">
          An owner or admin of {org.name} sees the plan and its invoices here.
        </EmptyState>
      </div>
    );
  }
  return <Loaded orgId={org.id} />;
}

function Loaded({ orgId }: { orgId: string }) {
  const query = useQuery(billingQuery(orgId));
  useReturn(orgId);
  return (
    <div className="flex flex-col gap-10">
      <PageTitle tab="Billing">Billing</PageTitle>
      {query.isPending ? (
        <>
          <Loading label="Loading the plan" />
          <Skeleton className="h-24" />
          <Skeleton className="h-40" />
        </>
      ) : null}
      {query.isError && query.data === undefined ? (
        <FailureNotice failure={toFailure(query.error)} onRetry={() => void query.refetch()} />
      ) : null}
      {query.data === undefined ? null : <Shown orgId={orgId} billing={query.data} />}
    </div>
  );
}

/** Back from the payment page: what was paid is read before anything is believed. */
function useReturn(orgId: string): void {
  const { checkout } = Route.useSearch();
  const navigate = Route.useNavigate();
  const { mutate } = usePlanAct(orgId);
  useEffect(() => {
    if (checkout === undefined) return;
    if (checkout === 'done') mutate({ kind: 'refresh' });
    void navigate({ search: {}, replace: true });
  }, [checkout, mutate, navigate]);
}

function Shown({ orgId, billing }: { orgId: string; billing: Billing }) {
  const { org } = Route.useRouteContext();
  const may = roleMay(org.role, 'billing:manage');
  const reason = may.allowed ? undefined : may.reason;
  const pay = usePay(orgId);
  const payingFor = pay.isPending || pay.isSuccess ? pay.variables : null;
  if (billing.mode === 'off') return <Off billing={billing} />;
  const shared = { billing, reason, payingFor, onPay: pay.mutate };
  return (
    <>
      <State billing={billing} />
      {pay.isError ? <FailureNotice failure={toFailure(pay.error)} onRetry={() => pay.mutate(pay.variables)} /> : null}
      <PlanUse billing={billing} />
      <PlanChoice orgId={orgId} {...shared} />
      {billing.plan.payAsYouGo && billing.subscription !== null ? (
        // Made anew with another limit, whoever set it: what was typed before is about the old one.
        <OverageLimit key={billing.above.limitNanoUsd} orgId={orgId} billing={billing} reason={reason} />
      ) : null}
      <Money {...shared} />
      <OrgBudget key={billing.budgetNanoUsd} orgId={orgId} billing={billing} reason={reason} />
      <Invoices orgId={orgId} />
    </>
  );
}

function Off({ billing }: { billing: Billing }) {
  return (
    <>
      <p role="status" className="max-w-2xl rounded-md border border-line bg-foam px-4 py-3 text-sm">
        This installation charges nothing. Its operator gives every organisation the plan {billing.plan.name}:{' '}
        {billing.plan.assistantsMax} assistants, and no plan ends.
      </p>
      <PlanUse billing={billing} />
    </>
  );
}

const tones = {
  calm: 'border-line bg-foam',
  care: 'border-sand/40 bg-sand-soft',
  stop: 'border-coral/40 bg-coral-soft',
} as const;

function State({ billing }: { billing: Billing }) {
  const words = stateWords(billing);
  const { subscription } = billing;
  return (
    <div className="flex flex-col gap-4">
      <p className="text-lg">
        {subscription === null && billing.service.kind !== 'trial' ? (
          'You have no plan'
        ) : (
          <>
            You are on <strong>{billing.plan.name}</strong>
          </>
        )}
        {subscription === null || subscription.endsAt !== null ? null : (
          <span className="text-soft">, renewed on {formatDate(Date.parse(subscription.renewsAt))}</span>
        )}
        .
        {billing.mode === 'stand_in' ? (
          <span className="text-soft"> Payments here are a stand-in; no money moves.</span>
        ) : null}
      </p>
      {words === null ? null : (
        <div role="status" className={`flex flex-wrap items-center gap-4 rounded-md border p-4 ${tones[words.tone]}`}>
          <div className="min-w-0 flex-1 basis-72 text-sm">
            <p className="font-semibold">{words.title}</p>
            <p>{words.text}</p>
          </div>
          {subscription === null || subscription.payUrl === null ? null : (
            <a href={subscription.payUrl} className={buttonClass('primary')} rel="noreferrer">
              Pay {cents(subscription.dueCents)}
            </a>
          )}
        </div>
      )}
    </div>
  );
}
