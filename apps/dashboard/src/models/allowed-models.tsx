/** Which models the assistant may use at all: every one with a price, or those that are ticked. */
import { type ReactNode, useId, useState } from 'react';
import type { ModelChoice } from '../../../control-plane/src/contract/models.ts';
import { Field } from '../ui/field.tsx';
import { formatCount } from '../ui/format.ts';
import { byProvider, priceText, providerName } from './model-words.ts';

interface AllowedModelsProps {
  readonly choices: readonly ModelChoice[];
  readonly allowed: readonly string[] | null;
  /** What a list has to hold: the models that are chosen above. */
  readonly needed: readonly string[];
  readonly reason: string | undefined;
  readonly onChange: (allowed: readonly string[] | null) => void;
}

export function AllowedModels({ choices, allowed, needed, reason, onChange }: AllowedModelsProps) {
  const name = useId();
  const [search, setSearch] = useState('');
  const wanted = search.trim().toLowerCase();
  const shown = choices.filter(({ ref }) => ref.toLowerCase().includes(wanted));
  // Allowed once and not in the list any more: shown whatever is searched, since nothing can be saved with them.
  const gone = (allowed ?? []).filter((ref) => choices.every((choice) => choice.ref !== ref));
  const tick = (ref: string, ticked: boolean): void => {
    const others = (allowed ?? []).filter((one) => one !== ref);
    onChange(ticked ? [...others, ref] : others);
  };
  return (
    <fieldset className="flex flex-col gap-3" disabled={reason !== undefined}>
      <legend className="pb-3 text-xl font-semibold tracking-tight">What it may use</legend>
      <label className="flex items-start gap-3 text-sm">
        <input
          type="radio"
          name={name}
          checked={allowed === null}
          onChange={() => onChange(null)}
          className="mt-0.5 size-5 shrink-0 accent-tide"
        />
        <span>
          <span className="font-semibold">Every model with a price</span>{' '}
          <span className="text-soft">({formatCount(choices.length)} today)</span>
        </span>
      </label>
      <label className="flex items-start gap-3 text-sm">
        <input
          type="radio"
          name={name}
          checked={allowed !== null}
          onChange={() => onChange([...new Set(needed)])}
          className="mt-0.5 size-5 shrink-0 accent-tide"
        />
        <span>
          <span className="font-semibold">Only these</span>{' '}
          <span className="text-soft">Any other is refused before it costs anything, with a message in the chat.</span>
        </span>
      </label>
      {allowed === null ? null : (
        <div className="flex flex-col gap-3 pl-8">
          <Field
            label="Find a model"
            type="search"
            value={search}
            onChange={({ target }) => setSearch(target.value)}
            autoCapitalize="none"
            spellCheck={false}
            maxLength={120}
            // The list follows every letter; Enter would save the whole page.
            onKeyDown={(event) => event.key === 'Enter' && event.preventDefault()}
          />
          <div
            className="max-h-96 overflow-y-auto rounded-md border border-edge p-3"
            tabIndex={0}
            role="region"
            aria-label="Models"
          >
            {shown.length === 0 ? <p className="text-sm text-soft">No model has this in its name.</p> : null}
            {gone.length === 0 ? null : (
              <div role="group" aria-label="Without a price" className="pb-3">
                <p className="pb-1 text-sm font-semibold">Without a price here</p>
                {gone.map((ref) => (
                  <Tick key={ref} checked onTick={(ticked) => tick(ref, ticked)}>
                    {ref}
                  </Tick>
                ))}
              </div>
            )}
            {byProvider(shown).map(([provider, models]) => (
              <div key={provider} role="group" aria-label={providerName(provider)} className="pb-3">
                <p className="pb-1 text-sm font-semibold">{providerName(provider)}</p>
                {models.map((choice) => (
                  <Tick
                    key={choice.ref}
                    checked={allowed.includes(choice.ref)}
                    onTick={(ticked) => tick(choice.ref, ticked)}
                  >
                    {choice.model} <span className="text-soft">{priceText(choice)}</span>
                  </Tick>
                ))}
              </div>
            ))}
          </div>
        </div>
      )}
    </fieldset>
  );
}

function Tick({
  checked,
  onTick,
  children,
}: {
  checked: boolean;
  onTick: (ticked: boolean) => void;
  children: ReactNode;
}) {
  return (
    <label className="flex min-h-9 items-center gap-3 text-sm">
      <input
        type="checkbox"
        checked={checked}
        onChange={({ target }) => onTick(target.checked)}
        className="size-5 shrink-0 accent-tide"
      />
      <span className="min-w-0 break-words">{children}</span>
    </label>
  );
}
