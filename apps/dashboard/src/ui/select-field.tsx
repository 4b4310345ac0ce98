/** A labelled choice. Kept by its page, or read by its form under `name`. */
import { useId } from 'react';

interface SelectFieldProps<Value extends string> {
  readonly label: string;
  readonly options: readonly (readonly [value: Value, text: string])[];
  readonly name?: string;
  readonly value?: Value;
  readonly disabled?: boolean;
  /** Where what stands beside it says what is chosen. */
  readonly hideLabel?: boolean;
  readonly hint?: string;
  readonly onChoose?: (value: Value) => void;
}

export function SelectField<Value extends string>({
  label,
  options,
  hideLabel = false,
  hint,
  onChoose,
  ...rest
}: SelectFieldProps<Value>) {
  const id = useId();
  return (
    <div className="flex min-w-0 flex-col gap-1.5">
      <label htmlFor={id} className={hideLabel ? 'sr-only' : 'text-sm font-semibold'}>
        {label}
      </label>
      <select
        {...rest}
        id={id}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={({ target }) => {
          const chosen = options.find(([value]) => value === target.value);
          if (chosen !== undefined) onChoose?.(chosen[0]);
        }}
        className="min-h-11 max-w-full min-w-0 rounded-md border border-edge bg-foam px-3 text-base"
      >
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      {hint === undefined ? null : (
        <p id={`${id}-hint`} className="text-sm text-soft">
          {hint}
        </p>
      )}
    </div>
  );
}
