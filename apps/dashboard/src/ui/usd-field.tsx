/** A field for an amount in US dollars. What its text means is `usd-text.ts`'s matter. */
import type { ReactNode } from 'react';
import { Field } from './field.tsx';

interface UsdFieldProps {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly text: string;
  readonly error: string | null;
  readonly readOnly: boolean;
  readonly autoFocus?: boolean;
  readonly onText: (text: string) => void;
  readonly onLeave?: () => void;
}

export function UsdField({ text, onText, onLeave, ...rest }: UsdFieldProps) {
  return (
    <Field
      {...rest}
      value={text}
      onChange={({ target }) => onText(target.value)}
      onBlur={onLeave}
      before="$"
      inputMode="decimal"
      autoComplete="off"
    />
  );
}
