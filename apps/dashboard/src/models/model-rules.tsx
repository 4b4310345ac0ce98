/** Rules that choose by themselves: a cheaper model near the cap, what a refused key means, requests a minute. */
import { useId } from 'react';
import { X } from 'lucide-react';
import type { ModelChoice, ModelRouting } from '../../../control-plane/src/contract/models.ts';
import { Button } from '../ui/button.tsx';
import { SelectField } from '../ui/select-field.tsx';
import { WholeField } from '../ui/whole-field.tsx';
import { ModelAdd } from './model-add.tsx';
import { ModelSelect } from './model-select.tsx';

interface ModelRulesProps {
  readonly routing: ModelRouting;
  readonly choices: readonly ModelChoice[];
  readonly reason: string | undefined;
  readonly onChange: (change: Partial<ModelRouting>) => void;
}

const economyFirst = 80;
const perMinuteFirst = 20;

export function ModelRules(props: ModelRulesProps) {
  return (
    <div className="flex flex-col gap-8">
      <Economy {...props} />
      <KeyRefused {...props} />
      <PerMinute {...props} />
      <KeptAnswers {...props} />
    </div>
  );
}

function Economy({ routing: { economy }, choices, reason, onChange }: ModelRulesProps) {
  const chats = choices.filter(({ kind }) => kind === 'chat');
  const cheapest = chats
    .filter(({ paidBy }) => paidBy !== 'none')
    .toSorted((a, b) => a.inputNanoUsd + a.outputNanoUsd - b.inputNanoUsd - b.outputNanoUsd)[0];
  return (
    <div className="flex flex-col gap-3">
      <label className="flex items-start gap-3 text-sm">
        <input
          type="checkbox"
          checked={economy !== null}
          disabled={reason !== undefined || cheapest === undefined}
          onChange={({ target }) =>
            onChange({
              economy:
                target.checked && cheapest !== undefined ? { abovePercent: economyFirst, model: cheapest.ref } : null,
            })
          }
          className="mt-0.5 size-5 shrink-0 accent-tide"
        />
        <span>
          <span className="font-semibold">Use a cheaper model near the cap</span>{' '}
          <span className="text-soft">
            It answers instead of the model that was asked for, where both speak the same format.
          </span>
        </span>
      </label>
      {economy === null ? null : (
        <div className="grid gap-4 pl-8 sm:grid-cols-[10rem_1fr]">
          <WholeField
            label="From this share of the cap"
            min={1}
            max={99}
            after={<span className="pr-3 text-soft">%</span>}
            value={economy.abovePercent}
            readOnly={reason !== undefined}
            onValue={(abovePercent) => onChange({ economy: { ...economy, abovePercent } })}
          />
          <ModelSelect
            label="Cheaper model"
            choices={chats}
            value={economy.model}
            disabled={reason !== undefined}
            onChange={(model) => onChange({ economy: { ...economy, model } })}
          />
        </div>
      )}
    </div>
  );
}

function KeyRefused({ routing: { keyRefused }, reason, onChange }: ModelRulesProps) {
  const name = useId();
  const options = [
    ['stop', 'Say so', 'Nothing here is charged for it. Another model that a key of yours pays for still takes over.'],
    ['fall_back', 'Let a fallback answer', 'It is charged here by its price, within the cap.'],
  ] as const;
  return (
    <fieldset className="flex flex-col gap-2" disabled={reason !== undefined}>
      <legend className="pb-2 text-base font-semibold">When a key of yours is refused</legend>
      {options.map(([value, label, text]) => (
        <label key={value} className="flex items-start gap-3 text-sm">
          <input
            type="radio"
            name={name}
            checked={keyRefused === value}
            onChange={() => onChange({ keyRefused: value })}
            className="mt-0.5 size-5 shrink-0 accent-tide"
          />
          <span>
            <span className="font-semibold">{label}.</span> <span className="text-soft">{text}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function KeptAnswers({ routing: { answerMinutes }, reason, onChange }: ModelRulesProps) {
  const minutes = [...new Set([5, 60, 1_440, ...(answerMinutes === null ? [] : [answerMinutes])])];
  return (
    <div className="max-w-md">
      <SelectField
        label="The very same request again"
        value={String(answerMinutes ?? '')}
        disabled={reason !== undefined}
        options={[['', 'Ask the model again'], ...minutes.map((each) => [String(each), keptText(each)] as const)]}
        hint="A kept answer costs nothing. It is kept for this assistant alone and forgotten when it sleeps long."
        onChoose={(chosen) => onChange({ answerMinutes: chosen === '' ? null : Number(chosen) })}
      />
    </div>
  );
}

function keptText(minutes: number): string {
  if (minutes % 60 !== 0) return `Give the same answer for ${minutes} minutes`;
  return minutes === 60 ? 'Give the same answer for an hour' : `Give the same answer for ${minutes / 60} hours`;
}

function PerMinute({ routing: { perMinute }, choices, reason, onChange }: ModelRulesProps) {
  const open = choices.filter(({ ref }) => perMinute.every(({ model }) => model !== ref));
  return (
    <div className="flex flex-col gap-3">
      <h3 className="text-base font-semibold">Requests a minute</h3>
      {perMinute.length === 0 ? <p className="text-sm text-soft">No model has a limit.</p> : null}
      {perMinute.map(({ model, requests }, at) => (
        <div key={model} className="flex items-start gap-3">
          <div className="max-w-56 min-w-0 flex-1">
            <WholeField
              label={model}
              min={1}
              max={600}
              value={requests}
              readOnly={reason !== undefined}
              onValue={(next) =>
                onChange({ perMinute: perMinute.map((one, n) => (n === at ? { model, requests: next } : one)) })
              }
            />
          </div>
          <div className="pt-7">
            <Button
              aria-label={`Remove the limit of ${model}`}
              icon={<X size={16} aria-hidden />}
              disabledReason={reason}
              onClick={() => onChange({ perMinute: perMinute.filter((_, n) => n !== at) })}
            />
          </div>
        </div>
      ))}
      <ModelAdd
        label="Limit a model"
        action="Add a limit"
        choices={open}
        reason={reason}
        onAdd={(model) => onChange({ perMinute: [...perMinute, { model, requests: perMinuteFirst }] })}
      />
    </div>
  );
}
