/** Budgets of single models: an amount each, one more from the models that the assistant may use, and removed again. */
import { useQuery } from '@tanstack/react-query';
import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { toFailure } from '../api/errors.ts';
import { modelsQuery } from '../api/queries.ts';
import { ModelAdd } from '../models/model-add.tsx';
import { Button } from '../ui/button.tsx';
import { FailureNotice } from '../ui/notice.tsx';
import { UsdField } from '../ui/usd-field.tsx';
import { type BudgetLine, modelNote, modelsToAdd } from './budget-draft.ts';

interface ModelBudgetsProps {
  readonly tenantId: string;
  readonly lines: readonly BudgetLine[];
  /** What is wrong with each line, in their order. */
  readonly errors: readonly (string | null)[];
  /** Errors are shown also at amounts that nobody has left yet. */
  readonly judged: boolean;
  readonly reason: string | undefined;
  readonly max: number;
  readonly onChange: (lines: readonly BudgetLine[]) => void;
}

export function ModelBudgets({ tenantId, lines, errors, judged, reason, max, onChange }: ModelBudgetsProps) {
  const models = useQuery(modelsQuery(tenantId));
  /** The one that was just added: its amount is what comes next. */
  const [fresh, setFresh] = useState<string | null>(null);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const against =
    reason ??
    (lines.length >= max
      ? `There may be ${max} of them.`
      : models.data === undefined
        ? 'The list of models is not there yet.'
        : undefined);
  return (
    <fieldset className="flex flex-col gap-3">
      <legend className="pb-2 text-sm font-semibold">Budgets per month for single models</legend>
      {lines.length === 0 ? <p className="text-sm text-soft">None.</p> : null}
      {lines.map((line, at) => (
        <div key={line.model} className="flex gap-3">
          <div className="min-w-0 flex-1">
            <UsdField
              label={line.model}
              hint={(models.data && modelNote(line.model, models.data)) ?? undefined}
              text={line.amount}
              error={judged || left.has(line.model) ? (errors[at] ?? null) : null}
              readOnly={reason !== undefined}
              autoFocus={line.model === fresh}
              onText={(amount) => onChange(lines.map((one, n) => (n === at ? { ...one, amount } : one)))}
              onLeave={() => setLeft(new Set([...left, line.model]))}
            />
          </div>
          <div className="pt-7">
            <Button
              kind="plain"
              icon={<Trash2 size={16} aria-hidden />}
              disabledReason={reason}
              aria-label={`Remove the budget of ${line.model}`}
              onClick={() => onChange(lines.filter((_, n) => n !== at))}
            >
              <span className="max-sm:sr-only">Remove</span>
            </Button>
          </div>
        </div>
      ))}
      {models.isError && models.data === undefined ? (
        <FailureNotice failure={toFailure(models.error)} onRetry={() => void models.refetch()} />
      ) : null}
      <ModelAdd
        label="One more model"
        action="Add a model’s budget"
        choices={models.data === undefined ? [] : modelsToAdd(models.data, lines)}
        reason={against}
        onAdd={(model) => {
          setFresh(model);
          onChange([...lines, { model, amount: '' }]);
        }}
      />
    </fieldset>
  );
}
