/** A labelled text field with its hint and its error, tied together for assistive technology. */
import { type InputHTMLAttributes, type ReactNode, useId, useState } from 'react';

interface FieldProps extends Omit<InputHTMLAttributes<HTMLInputElement>, 'className' | 'id'> {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly error?: string | null | undefined;
  /** Shown inside the field's frame, before and after the text. */
  readonly before?: string;
  readonly after?: ReactNode;
  readonly mono?: boolean;
}

export function Field({ label, hint, error, before, after, mono = false, ...rest }: FieldProps) {
  const id = useId();
  const described = [hint === undefined ? '' : `${id}-hint`, error ? `${id}-error` : '']
    .filter((part) => part !== '')
    .join(' ');
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="text-sm font-semibold">
        {label}
      </label>
      <div
        className={`flex min-h-11 items-center rounded-md border bg-foam focus-within:outline-2 focus-within:outline-offset-1 focus-within:outline-tide ${error ? 'border-coral' : 'border-edge'}`}
      >
        {before === undefined ? null : <span className="pl-3 text-soft">{before}</span>}
        <input
          {...rest}
          id={id}
          aria-describedby={described === '' ? undefined : described}
          aria-invalid={error ? true : undefined}
          className={`min-w-0 flex-1 bg-transparent px-3 py-2 text-base outline-none placeholder:text-soft ${mono ? 'font-mono text-[0.95rem]' : ''}`}
        />
        {after}
      </div>
      {hint === undefined ? null : (
        <div id={`${id}-hint`} className="text-sm text-soft">
          {hint}
        </div>
      )}
      {error ? (
        <p id={`${id}-error`} className="text-sm font-medium text-coral" aria-live="polite">
          {error}
        </p>
      ) : null}
    </div>
  );
}

/** A password that can be shown while typing; pasting and password managers are welcome. */
export function PasswordField(props: Omit<FieldProps, 'type' | 'after'>) {
  const [shown, setShown] = useState(false);
  return (
    <Field
      {...props}
      type={shown ? 'text' : 'password'}
      autoCapitalize="none"
      spellCheck={false}
      after={
        <button
          type="button"
          className="mr-1 min-h-9 rounded-sm px-2.5 text-sm font-medium text-soft hover:bg-well hover:text-ink"
          aria-pressed={shown}
          aria-label={shown ? 'Hide the password' : 'Show the password'}
          onClick={() => setShown(!shown)}
        >
          {shown ? 'Hide' : 'Show'}
        </button>
      }
    />
  );
}
