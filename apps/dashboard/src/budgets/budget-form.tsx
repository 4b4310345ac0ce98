/** Budgets beside the monthly cap: of a day, of single models; and the fuse. Saved together; empty means none. */
import { Plus, Trash2 } from 'lucide-react';
import { useId, useState } from 'react';
import type { Tenant } from '../../../control-plane/src/contract/api.ts';
import { BudgetModel, modelBudgetsMax } from '../../../control-plane/src/contract/budgets.ts';
import type { SpendingView, WantedBudgets } from '../../../control-plane/src/contract/budgets.ts';
import { toFailure } from '../api/errors.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { parseUsd, usdFieldText } from '../ui/format.ts';
import { FailureNotice } from '../ui/notice.tsx';
import { useBudgetsUpdate } from './use-budgets.ts';
import { fuseText } from './words.ts';

interface ModelLine {
  readonly id: number;
  readonly model: string;
  readonly amount: string;
}

interface FormProps {
  readonly tenant: Tenant;
  readonly wanted: WantedBudgets;
  readonly fuse: SpendingView['fuse'];
  readonly reason: string | undefined;
}

export function BudgetForm({ tenant, wanted, fuse, reason }: FormProps) {
  const [day, setDay] = useState(wanted.dayNanoUsd === null ? '' : usdFieldText(wanted.dayNanoUsd));
  const [lines, setLines] = useState<readonly ModelLine[]>(() =>
    wanted.models.map(({ model, monthNanoUsd }, id) => ({ id, model, amount: usdFieldText(monthNanoUsd) })),
  );
  const [nextId, setNextId] = useState(wanted.models.length);
  const [isOn, setOn] = useState(wanted.fuse);
  const [touched, setTouched] = useState(false);
  const save = useBudgetsUpdate(tenant);
  const fuseId = useId();
  const read = readForm(day, lines, isOn);
  const same = read.wanted !== null && JSON.stringify(read.wanted) === JSON.stringify(wanted);
  const change = (id: number, part: Partial<ModelLine>): void =>
    setLines(lines.map((line) => (line.id === id ? { ...line, ...part } : line)));
  const readOnly = reason !== undefined;
  return (
    <form
      className="flex max-w-2xl flex-col gap-6"
      onSubmit={(event) => {
        event.preventDefault();
        setTouched(true);
        if (read.wanted !== null && !same && !save.isPending) save.mutate(read.wanted);
      }}
    >
      <Field
        label="Budget per day"
        value={day}
        onChange={(event) => setDay(event.target.value)}
        before="$"
        inputMode="decimal"
        autoComplete="off"
        readOnly={readOnly}
        error={touched ? read.dayError : null}
        hint="Empty means none. The day is UTC; the monthly cap holds besides."
      />
      <fieldset className="flex flex-col gap-3">
        <legend className="text-sm font-semibold">Budgets per month for single models</legend>
        {lines.length === 0 ? <p className="text-sm text-soft">None.</p> : null}
        {lines.map((line, i) => (
          <div
            key={line.id}
            className="grid grid-cols-[minmax(0,1fr)_auto] items-start gap-x-3 gap-y-2 sm:grid-cols-[minmax(0,1fr)_9rem_auto]"
          >
            <div className="col-span-2 sm:col-span-1">
              <Field
                label="Model"
                value={line.model}
                onChange={(event) => change(line.id, { model: event.target.value })}
                placeholder="anthropic/claude-opus-4-6"
                autoCapitalize="none"
                spellCheck={false}
                maxLength={120}
                readOnly={readOnly}
                error={touched ? read.lines[i]?.modelError : null}
              />
            </div>
            <Field
              label="A month"
              value={line.amount}
              onChange={(event) => change(line.id, { amount: event.target.value })}
              before="$"
              inputMode="decimal"
              autoComplete="off"
              readOnly={readOnly}
              error={touched ? read.lines[i]?.amountError : null}
            />
            <div className="pt-7">
              <Button
                kind="plain"
                icon={<Trash2 size={16} aria-hidden />}
                disabledReason={reason}
                aria-label={`Remove the budget of ${line.model === '' ? 'this model' : line.model}`}
                onClick={() => setLines(lines.filter(({ id }) => id !== line.id))}
              >
                Remove
              </Button>
            </div>
          </div>
        ))}
        <div>
          <Button
            icon={<Plus size={16} aria-hidden />}
            disabledReason={
              reason ?? (lines.length >= modelBudgetsMax ? `There may be ${modelBudgetsMax} of them.` : undefined)
            }
            onClick={() => {
              setLines([...lines, { id: nextId, model: '', amount: '' }]);
              setNextId(nextId + 1);
            }}
          >
            Add a model
          </Button>
        </div>
      </fieldset>
      <label className="flex items-start gap-3 text-sm">
        <input
          type="checkbox"
          checked={isOn}
          disabled={readOnly}
          onChange={(event) => setOn(event.target.checked)}
          aria-describedby={fuseId}
          className="mt-0.5 size-5"
        />
        <span>
          <span className="font-semibold">Fuse</span>
          <span id={fuseId} className="block text-soft">
            {fuseText(fuse.tripsAboveNanoUsd)}
          </span>
        </span>
      </label>
      {save.isError ? <FailureNotice failure={toFailure(save.error)} /> : null}
      <div>
        <Button
          type="submit"
          busy={save.isPending}
          disabledReason={reason ?? (same ? 'These are the budgets already.' : undefined)}
        >
          Change the budgets
        </Button>
      </div>
    </form>
  );
}

interface ReadLine {
  readonly modelError: string | null;
  readonly amountError: string | null;
}

/** What the form means, or what is wrong with each field. */
function readForm(
  day: string,
  lines: readonly ModelLine[],
  fuse: boolean,
): { wanted: WantedBudgets | null; dayError: string | null; lines: readonly ReadLine[] } {
  const dayAmount = day.trim() === '' ? null : parseUsd(day);
  const dayError = dayAmount === null || dayAmount.ok ? null : dayAmount.reason;
  const models: WantedBudgets['models'] = [];
  const readLines = lines.map((line): ReadLine => {
    const name = BudgetModel.safeParse(line.model.trim());
    const amount = parseUsd(line.amount);
    const twice = models.some(({ model }) => model === name.data);
    if (name.success && amount.ok && !twice) models.push({ model: name.data, monthNanoUsd: amount.nanoUsd });
    return {
      modelError: twice
        ? 'This model has a budget above.'
        : name.success
          ? null
          : 'Write the provider and the model, such as anthropic/claude-opus-4-6.',
      amountError: amount.ok ? null : amount.reason,
    };
  });
  const whole = dayError === null && models.length === lines.length;
  const dayNanoUsd = dayAmount?.ok === true ? dayAmount.nanoUsd : null;
  return { wanted: whole ? { dayNanoUsd, models, fuse } : null, dayError, lines: readLines };
}
