/** What all assistants together may spend on AI in a month, below what the plan allows. Empty means as the plan allows. */
import type { Billing } from '../../../control-plane/src/contract/billing-api.ts';
import { toFailure } from '../api/errors.ts';
import { Button } from '../ui/button.tsx';
import { capRatio, formatCap, formatUsd } from '../ui/format.ts';
import { FailureNotice } from '../ui/notice.tsx';
import { UsdField } from '../ui/usd-field.tsx';
import { parseUsdOrNone } from '../ui/usd-text.ts';
import { useUsdText } from '../ui/use-usd-text.ts';
import { usePlanAct } from './use-billing.ts';

export function OrgBudget({ orgId, billing, reason }: { orgId: string; billing: Billing; reason: string | undefined }) {
  const { budgetNanoUsd: kept, aiLimitNanoUsd, used } = billing;
  const { parsed, judge, field } = useUsdText(kept, parseUsdOrNone);
  const save = usePlanAct(orgId);
  const same = parsed.ok && parsed.nanoUsd === kept;
  return (
    <section aria-labelledby="org-budget-title">
      <form
        className="flex max-w-md flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          judge();
          if (parsed.ok && !same && !save.isPending) save.mutate({ kind: 'budget', budgetNanoUsd: parsed.nanoUsd });
        }}
      >
        <h2 id="org-budget-title" className="text-xl font-semibold tracking-tight">
          AI budget
        </h2>
        {kept === null ? null : <BudgetLine usedNanoUsd={used.aiNanoUsd} budgetNanoUsd={kept} />}
        <UsdField
          label="For all assistants together, per month"
          {...field}
          readOnly={reason !== undefined}
          hint={`Empty means as the plan and the balance allow: ${formatCap(aiLimitNanoUsd)} a month. Those who may pay get a mail at 50, 80 and 100 %.`}
        />
        {save.isError ? <FailureNotice failure={toFailure(save.error)} /> : null}
        <div>
          <Button
            type="submit"
            busy={save.isPending}
            disabledReason={reason ?? (same ? 'This is the budget already.' : undefined)}
          >
            Change the budget
          </Button>
        </div>
      </form>
    </section>
  );
}

function BudgetLine({ usedNanoUsd, budgetNanoUsd }: { usedNanoUsd: number; budgetNanoUsd: number }) {
  const ratio = capRatio(usedNanoUsd, budgetNanoUsd);
  return (
    <p className="figures text-sm">
      {formatUsd(usedNanoUsd)} of {formatCap(budgetNanoUsd)} is used.{' '}
      {ratio >= 1 ? (
        <strong className="font-semibold text-coral">Reached: model requests are refused.</strong>
      ) : ratio >= 0.8 ? (
        <strong className="font-semibold text-sand">{Math.floor(ratio * 100)} %.</strong>
      ) : null}
    </p>
  );
}
