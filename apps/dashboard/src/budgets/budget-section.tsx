/** The budgets of an assistant: how each stands, and the form that changes them. */
import { useQuery } from '@tanstack/react-query';
import type { OrgRole, Tenant } from '../../../control-plane/src/contract/api.ts';
import type { BudgetUse } from '../../../control-plane/src/contract/budgets.ts';
import { toFailure } from '../api/errors.ts';
import { budgetsQuery, roleMay } from '../api/queries.ts';
import { CapGauge } from '../tenants/cap-gauge.tsx';
import { formatUsd } from '../ui/format.ts';
import { FailureNotice } from '../ui/notice.tsx';
import { Loading, Skeleton } from '../ui/skeleton.tsx';
import { BudgetForm } from './budget-form.tsx';
import { budgetName, budgetStanding, opensText } from './words.ts';

export function BudgetSection({ tenant, role }: { tenant: Tenant; role: OrgRole }) {
  const query = useQuery(budgetsQuery(tenant.id));
  const may = roleMay(role, 'tenant:configure');
  return (
    <section aria-labelledby="budgets-title" className="flex flex-col gap-6 border-t border-line pt-8">
      <h2 id="budgets-title" className="text-xl font-semibold tracking-tight">
        Budgets
      </h2>
      {query.isPending ? (
        <>
          <Loading label="Loading the budgets" />
          <Skeleton className="h-24" />
        </>
      ) : null}
      {query.isError && query.data === undefined ? (
        <FailureNotice failure={toFailure(query.error)} onRetry={() => void query.refetch()} />
      ) : null}
      {query.data === undefined ? null : (
        <>
          <ul className="grid gap-x-12 gap-y-6 md:grid-cols-2">
            {query.data.now.budgets.map((use) => (
              <Budget key={budgetName(use)} use={use} />
            ))}
          </ul>
          <BudgetForm
            tenant={tenant}
            wanted={query.data.wanted}
            fuse={query.data.now.fuse}
            reason={may.allowed ? undefined : may.reason}
          />
        </>
      )}
    </section>
  );
}

const tones = { care: 'text-sand', stop: 'text-coral' } as const;

function Budget({ use }: { use: BudgetUse }) {
  const standing = budgetStanding(use);
  return (
    <li>
      <h3 className="mb-1 text-sm font-semibold break-words">{budgetName(use)}</h3>
      <CapGauge spentNanoUsd={use.spentNanoUsd} capNanoUsd={use.capNanoUsd} when="" compact />
      <p className="mt-1.5 text-sm text-soft">
        {standing === null ? null : (
          <strong className={`font-semibold ${tones[standing.tone]}`}>{standing.text} </strong>
        )}
        {opensText(use)}
        {use.heldNanoUsd > 0
          ? ` ${formatUsd(use.heldNanoUsd)} is set aside for requests whose end is not known yet.`
          : ''}
      </p>
    </li>
  );
}
