/**
 * Budgets beside the monthly cap: of a day, of single models; and the fuse. Saved together; empty means none. What somebody
 * else saved meanwhile is shown at once where nothing was typed, and said where something was.
 */
import { type FormEvent, useId, useState } from 'react';
import { flushSync } from 'react-dom';
import type { Tenant } from '../../../control-plane/src/contract/api.ts';
import { modelBudgetsMax } from '../../../control-plane/src/contract/budgets.ts';
import type { SpendingView, WantedBudgets } from '../../../control-plane/src/contract/budgets.ts';
import { toFailure } from '../api/errors.ts';
import { Button } from '../ui/button.tsx';
import { FailureNotice } from '../ui/notice.tsx';
import { UsdField } from '../ui/usd-field.tsx';
import { type BudgetDraft, draftOf, readDraft, sameBudgets } from './budget-draft.ts';
import { ModelBudgets } from './model-budgets.tsx';
import { useBudgetsUpdate } from './use-budgets.ts';
import { fuseText } from './words.ts';

interface FormProps {
  readonly tenant: Tenant;
  readonly wanted: WantedBudgets;
  readonly fuse: SpendingView['fuse'];
  readonly reason: string | undefined;
}

export function BudgetForm({ tenant, wanted, fuse, reason }: FormProps) {
  const [base, setBase] = useState(wanted);
  const [draft, setDraft] = useState(() => draftOf(wanted));
  const [judged, setJudged] = useState(false);
  const save = useBudgetsUpdate(tenant);
  const fuseId = useId();
  const read = readDraft(draft);
  const same = sameBudgets(read.wanted, base);
  const isOvertaken = !sameBudgets(base, wanted);
  const startFrom = (next: WantedBudgets): void => {
    setBase(next);
    setDraft(draftOf(next));
    setJudged(false);
  };
  if (isOvertaken && (same || sameBudgets(read.wanted, wanted))) startFrom(wanted);
  const change = (part: Partial<BudgetDraft>): void => setDraft({ ...draft, ...part });
  const readOnly = reason !== undefined;
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    // What is wrong is marked before the first of it gets the focus.
    flushSync(() => setJudged(true));
    if (read.wanted === null) event.currentTarget.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    else if (!same && !save.isPending) save.mutate(read.wanted);
  };
  return (
    <form className="flex max-w-2xl flex-col gap-6" onSubmit={submit}>
      <UsdField
        label="Budget per day"
        text={draft.day}
        onText={(day) => change({ day })}
        readOnly={readOnly}
        error={judged ? read.dayError : null}
        hint="Empty means none. The day is UTC; the monthly cap holds besides."
      />
      <ModelBudgets
        tenantId={tenant.id}
        lines={draft.lines}
        errors={read.lineErrors}
        judged={judged}
        reason={reason}
        max={modelBudgetsMax}
        onChange={(lines) => change({ lines })}
      />
      <label className="flex items-start gap-3 text-sm">
        <input
          type="checkbox"
          checked={draft.fuse}
          disabled={readOnly}
          onChange={({ target }) => change({ fuse: target.checked })}
          aria-describedby={fuseId}
          className="mt-0.5 size-5 shrink-0 accent-tide"
        />
        <span>
          <span className="font-semibold">Fuse</span>
          <span id={fuseId} className="block text-soft">
            {fuseText(fuse.tripsAboveNanoUsd)}
          </span>
        </span>
      </label>
      {isOvertaken ? (
        <p className="text-sm font-medium text-sand" aria-live="polite">
          Somebody else changed the budgets meanwhile. Discard your changes to see theirs; what you save replaces them.
        </p>
      ) : null}
      {save.isError ? <FailureNotice failure={toFailure(save.error)} /> : null}
      <div className="flex flex-wrap gap-3">
        <Button
          type="submit"
          busy={save.isPending}
          disabledReason={reason ?? (same ? 'These are the budgets already.' : undefined)}
        >
          Change the budgets
        </Button>
        {same ? null : (
          <Button kind="plain" onClick={() => startFrom(wanted)}>
            Discard the changes
          </Button>
        )}
      </div>
    </form>
  );
}
