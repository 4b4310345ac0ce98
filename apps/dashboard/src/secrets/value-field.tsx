/** Where a secret is pasted: never shown, never offered to be remembered. */
import { secretCharsMax } from '../../../control-plane/src/contract/secrets.ts';
import { Field } from '../ui/field.tsx';

interface ValueFieldProps {
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly autoFocus?: boolean;
}

export function ValueField({ label, hint, value, onValue, autoFocus = false }: ValueFieldProps) {
  return (
    <Field
      label={label}
      hint={hint}
      type="password"
      value={value}
      onChange={({ target }) => onValue(target.value)}
      autoComplete="off"
      autoCapitalize="none"
      spellCheck={false}
      maxLength={secretCharsMax}
      autoFocus={autoFocus}
      data-1p-ignore
      data-lpignore="true"
      mono
    />
  );
}
