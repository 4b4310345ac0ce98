/**
 * A model for a list: chosen first, added with the button. A closed choice changes with every arrow key, so that choosing
 * alone may not add.
 */
import { Plus } from 'lucide-react';
import { useState } from 'react';
import type { ModelChoice } from '../../../control-plane/src/contract/models.ts';
import { Button } from '../ui/button.tsx';
import { ModelSelect } from './model-select.tsx';

interface ModelAddProps {
  readonly label: string;
  /** What the button does, beginning with "Add": "Add a fallback". */
  readonly action: string;
  readonly choices: readonly ModelChoice[];
  readonly reason: string | undefined;
  readonly onAdd: (ref: string) => void;
}

export function ModelAdd({ label, action, choices, reason, onAdd }: ModelAddProps) {
  const [ref, setRef] = useState('');
  // One that was added elsewhere meanwhile is not among them any more.
  const chosen = choices.some((choice) => choice.ref === ref) ? ref : '';
  return (
    <div className="flex gap-3">
      <div className="min-w-0 flex-1">
        <ModelSelect
          label={label}
          choices={choices}
          value={chosen}
          nothing="Choose a model"
          disabled={reason !== undefined}
          onChange={setRef}
        />
      </div>
      <div className="pt-7">
        <Button
          aria-label={action}
          icon={<Plus size={16} aria-hidden />}
          disabledReason={reason ?? (chosen === '' ? 'Choose a model first.' : undefined)}
          onClick={() => {
            setRef('');
            onAdd(chosen);
          }}
        >
          Add
        </Button>
      </div>
    </div>
  );
}
