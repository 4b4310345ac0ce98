/** What takes over from one model, in its order. Moved with buttons, so that a keyboard can do it too. */
import { ArrowDown, ArrowUp, X } from 'lucide-react';
import { fallbacksMax, type ModelChoice } from '../../../control-plane/src/contract/models.ts';
import { Button } from '../ui/button.tsx';
import { ModelAdd } from './model-add.tsx';
import { moved, priceText, takesOver } from './model-words.ts';

interface FallbackListProps {
  readonly model: string;
  /** OpenClaw asks again by itself in another format for its default model only. */
  readonly isDefault: boolean;
  readonly then: readonly string[];
  readonly choices: readonly ModelChoice[];
  readonly reason: string | undefined;
  readonly onChange: (then: readonly string[]) => void;
}

export function FallbackList({ model, isDefault, then, choices, reason, onChange }: FallbackListProps) {
  const of = (ref: string): ModelChoice | undefined => choices.find((choice) => choice.ref === ref);
  const open = choices.filter(({ ref, kind }) => ref !== model && kind === 'chat' && !then.includes(ref));
  return (
    <div className="flex flex-col gap-3">
      <h3 className="text-base font-semibold break-words">When {of(model)?.model ?? model} fails</h3>
      {then.length === 0 ? (
        <p className="text-sm text-soft">Nothing takes over: the failure is said in the conversation.</p>
      ) : (
        <ol className="flex flex-col">
          {then.map((ref, at) => {
            const choice = of(ref);
            const name = choice?.model ?? ref;
            const how = takesOver(of(model), choice);
            return (
              <li key={ref} className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line py-2.5">
                <div className="min-w-0 flex-1">
                  <p className="font-medium break-words">
                    {at + 1}. {name}
                  </p>
                  <p className="text-sm text-soft">
                    {choice === undefined ? 'No price here. ' : `${priceText(choice)} for a million tokens. `}
                    {how === 'at_once'
                      ? 'Takes over within the answer.'
                      : isDefault
                        ? 'Speaks another format, so the assistant asks it anew.'
                        : 'Speaks another format: it takes over from the default model only.'}
                  </p>
                </div>
                <div className="flex gap-2">
                  <Button
                    aria-label={`Try ${name} sooner`}
                    icon={<ArrowUp size={16} aria-hidden />}
                    disabledReason={reason ?? (at === 0 ? 'It is the first already.' : undefined)}
                    onClick={() => onChange(moved(then, at, -1))}
                  />
                  <Button
                    aria-label={`Try ${name} later`}
                    icon={<ArrowDown size={16} aria-hidden />}
                    disabledReason={reason ?? (at === then.length - 1 ? 'It is the last already.' : undefined)}
                    onClick={() => onChange(moved(then, at, 1))}
                  />
                  <Button
                    aria-label={`Remove ${name} from the fallbacks`}
                    icon={<X size={16} aria-hidden />}
                    disabledReason={reason}
                    onClick={() => onChange(then.filter((one) => one !== ref))}
                  />
                </div>
              </li>
            );
          })}
        </ol>
      )}
      {then.length >= fallbacksMax ? (
        <p className="text-sm text-soft">At most {fallbacksMax} fallbacks.</p>
      ) : (
        <ModelAdd
          label={then.length === 0 ? 'Let another model take over' : 'And then'}
          action={`Add a fallback of ${of(model)?.model ?? model}`}
          choices={open}
          reason={reason}
          onAdd={(ref) => onChange([...then, ref])}
        />
      )}
    </div>
  );
}
