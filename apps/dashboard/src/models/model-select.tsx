/** A labelled choice of one model, by provider, with what it costs. */
import { useId } from 'react';
import type { ModelChoice } from '../../../control-plane/src/contract/models.ts';
import { byProvider, priceNote, priceText, providerName } from './model-words.ts';

interface ModelSelectProps {
  readonly label: string;
  readonly hint?: string;
  readonly choices: readonly ModelChoice[];
  readonly value: string;
  readonly disabled: boolean;
  /** Shown first and chosen when nothing is: for adding to a list. */
  readonly nothing?: string;
  readonly onChange: (ref: string) => void;
}

export function ModelSelect({ label, hint, choices, value, disabled, nothing, onChange }: ModelSelectProps) {
  const id = useId();
  const chosen = choices.find(({ ref }) => ref === value);
  const about = chosen === undefined ? '' : `${priceText(chosen)} for a million tokens. ${priceNote(chosen)}`.trim();
  return (
    <div className="flex min-w-0 flex-col gap-1.5">
      <label htmlFor={id} className="text-sm font-semibold">
        {label}
      </label>
      <select
        id={id}
        value={value}
        disabled={disabled}
        aria-describedby={`${id}-about`}
        onChange={({ target }) => onChange(target.value)}
        className="min-h-11 w-full min-w-0 rounded-md border border-edge bg-foam px-3 text-base"
      >
        {nothing === undefined ? null : <option value="">{nothing}</option>}
        {value === '' || chosen !== undefined ? null : <option value={value}>{value} (no price here)</option>}
        {byProvider(choices).map(([provider, models]) => (
          <optgroup key={provider} label={providerName(provider)}>
            {models.map((choice) => (
              <option key={choice.ref} value={choice.ref} disabled={choice.paidBy === 'none'}>
                {choice.model} · {choice.paidBy === 'none' ? 'not configured here' : priceText(choice)}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
      <p id={`${id}-about`} className="text-sm text-soft">
        {[about, hint ?? ''].filter((part) => part !== '').join(' ')}
      </p>
    </div>
  );
}
