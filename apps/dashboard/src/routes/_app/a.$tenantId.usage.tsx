/** What an assistant used and what it cost: the month, each model, each day, each request. */
import { keepPreviousData, useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { createFileRoute } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { UsageReport } from '../../../../control-plane/src/contract/api.ts';
import { toFailure } from '../../api/errors.ts';
import { BudgetSection } from '../../budgets/budget-section.tsx';
import { systemQuery, tenantQuery, usageQuery } from '../../api/queries.ts';
import { demoModelSentence } from '../../shell/stand-ins.tsx';
import { CapGauge } from '../../tenants/cap-gauge.tsx';
import { formatBytes, formatClock, formatCount, formatSpan } from '../../ui/format.ts';
import { FailureNotice } from '../../ui/notice.tsx';
import { Loading, Skeleton } from '../../ui/skeleton.tsx';
import { useNow } from '../../ui/use-now.ts';
import { DayChart, fillDays } from '../../usage/day-chart.tsx';
import { ModelTable } from '../../usage/model-table.tsx';
import { daysOf, monthLabel, monthOf, monthsBetween, parseMonth } from '../../usage/month.ts';
import { ReceiptList } from '../../usage/receipt-list.tsx';
import { WitnessLine } from '../../usage/witness-line.tsx';

export const Route = createFileRoute('/_app/a/$tenantId/usage')({
  validateSearch: (search: Record<string, unknown>): { month?: string } => ({
    month: parseMonth(search['month']) ?? undefined,
  }),
  component: Usage,
});

function Usage() {
  const { tenantId } = Route.useParams();
  const { org } = Route.useRouteContext();
  const navigate = Route.useNavigate();
  const nowMs = useNow(60_000);
  const { data: tenant } = useSuspenseQuery(tenantQuery(tenantId));
  const { data: system } = useQuery(systemQuery);
  const current = monthOf(nowMs);
  const month = Route.useSearch().month ?? current;
  const report = useQuery({ ...usageQuery(tenantId, month), placeholderData: keepPreviousData });
  return (
    <div className="flex flex-col gap-10">
      <title>{`Usage of ${tenant.name} · Tidepool`}</title>
      <section aria-labelledby="month-title" className="flex flex-col gap-6">
        <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
          <h2 id="month-title" className="text-xl font-semibold tracking-tight">
            {monthLabel(month)}
          </h2>
          <label className="flex items-center gap-2 text-sm">
            <span className="font-semibold">Month</span>
            <select
              value={month}
              onChange={(event) => {
                const chosen = event.target.value;
                void navigate({ search: chosen === current ? {} : { month: chosen }, replace: true });
              }}
              className="min-h-10 rounded-md border border-edge bg-foam px-3 text-base"
            >
              {monthsBetween(Date.parse(tenant.createdAt), nowMs).map((option) => (
                <option key={option} value={option}>
                  {monthLabel(option)}
                </option>
              ))}
            </select>
          </label>
        </div>
        {report.isPending ? <UsageSkeleton /> : null}
        {report.isError && report.data === undefined ? (
          <FailureNotice failure={toFailure(report.error)} onRetry={() => void report.refetch()} />
        ) : null}
        {report.data === undefined ? null : (
          <MonthReport report={report.data} month={month} nowMs={nowMs} dimmed={report.isPlaceholderData} />
        )}
        <WitnessLine tenantId={tenantId} />
        {system?.standIns.model ? <p className="text-sm text-soft">{demoModelSentence}</p> : null}
      </section>
      <BudgetSection key={tenantId} tenant={tenant} role={org.role} />
      <ReceiptList
        tenantId={tenantId}
        slug={tenant.slug}
        month={month}
        monthRequests={report.isPlaceholderData ? undefined : report.data?.totals.requests}
        keptFrom={report.data?.requestsKeptFrom ?? null}
      />
    </div>
  );
}

function MonthReport({
  report,
  month,
  nowMs,
  dimmed,
}: {
  report: UsageReport;
  month: string;
  nowMs: number;
  dimmed: boolean;
}) {
  const { totals } = report;
  const days = fillDays(daysOf(month, nowMs), report.byDay);
  const label = monthLabel(month);
  return (
    <div
      className={`flex flex-col gap-8 motion-safe:transition-opacity ${dimmed ? 'opacity-60' : ''}`}
      aria-busy={dimmed}
    >
      <div className="grid gap-x-12 gap-y-6 md:grid-cols-2">
        <CapGauge
          spentNanoUsd={totals.spentNanoUsd}
          capNanoUsd={report.capNanoUsd}
          when={month === monthOf(nowMs) ? 'this month' : `in ${label}`}
        />
        <dl className="grid grid-cols-2 gap-x-6 gap-y-4 sm:grid-cols-3 md:grid-cols-2 lg:grid-cols-3">
          <Total term="Requests">{formatCount(totals.requests)}</Total>
          <Total term="Tokens in">{formatCount(totals.inputTokens)}</Total>
          <Total term="Tokens out">{formatCount(totals.outputTokens)}</Total>
          <Total term="Awake">{formatSpan(totals.awakeMs)}</Total>
          {report.stored === null ? null : <Total term="Stored">{formatBytes(report.stored.bytes)}</Total>}
        </dl>
      </div>
      <p className="text-sm text-soft">
        As of <time dateTime={report.asOf}>{formatClock(Date.parse(report.asOf))}</time>. A request is counted when its
        answer ends, a few seconds later at most.
        {totals.heldNanoUsd > 0 ? ' Answers that are still being written are not in these numbers.' : ''}
      </p>
      {totals.requests === 0 ? (
        <p className="border-y border-line py-8 text-soft">
          No model requests in {label}. They appear here as soon as somebody talks to the assistant.
        </p>
      ) : (
        <>
          <DayChart days={days} caption={`Cost by day in ${label}`} />
          <ModelTable rows={report.byModel} />
        </>
      )}
    </div>
  );
}

function Total({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-sm text-soft">{term}</dt>
      <dd className="figures text-lg font-semibold whitespace-nowrap first-letter:uppercase">{children}</dd>
    </div>
  );
}

function UsageSkeleton() {
  return (
    <div className="flex flex-col gap-8">
      <Loading label="Loading the month" />
      <div className="grid gap-6 md:grid-cols-2">
        <Skeleton className="h-16" />
        <Skeleton className="h-16" />
      </div>
      <Skeleton className="h-36" />
      <Skeleton className="h-24" />
    </div>
  );
}
