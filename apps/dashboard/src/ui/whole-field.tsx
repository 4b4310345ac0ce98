/**
 * A field for a whole number between two bounds, kept by its page as a number. What is typed stays while it is typed; only
 * what lies within the bounds is passed on, and the field shows what holds when it is left.
 */
import { type ReactNode, useState } from 'react';
import { Field } from './field.tsx';

interface WholeFieldProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly readOnly: boolean;
  readonly after?: ReactNode;
  readonly onValue: (value: number) => void;
}

export function WholeField({ value, min, max, onValue, ...rest }: WholeFieldProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const isWithin = (text: string): boolean => /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max;
  return (
    <Field
      {...rest}
      value={typed ?? String(value)}
      onChange={({ target }) => {
        setTyped(target.value);
        if (isWithin(target.value)) onValue(Number(target.value));
      }}
      onBlur={() => setTyped(null)}
      inputMode="numeric"
      autoComplete="off"
      error={typed === null || isWithin(typed) ? null : `A whole number from ${min} to ${max}.`}
    />
  );
}
