/** Which requests a secret is added to, and as which header. */
import type { ReactNode } from 'react';
import { egressMethods } from '../../../control-plane/src/contract/egress.ts';
import { Field } from '../ui/field.tsx';
import type { SecretDraft } from './draft.ts';

export function BindingFields({
  draft,
  change,
  name,
}: {
  draft: SecretDraft;
  change: (part: Partial<SecretDraft>) => void;
  name: ReactNode;
}) {
  const plain = { autoComplete: 'off', autoCapitalize: 'none', spellCheck: false } as const;
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-2 sm:items-start">
        {name}
        <Field
          {...plain}
          label="Host"
          value={draft.host}
          onChange={({ target }) => change({ host: target.value })}
          placeholder="api.github.com"
          maxLength={253}
          hint="Exactly one, over https."
        />
        <Field
          {...plain}
          label="Path, optional"
          value={draft.pathPrefix}
          onChange={({ target }) => change({ pathPrefix: target.value })}
          placeholder="/repos"
          maxLength={500}
          hint="This and what is below it. Narrow is safer."
        />
        <Field
          {...plain}
          label="Header"
          value={draft.header}
          onChange={({ target }) => change({ header: target.value })}
          maxLength={60}
        />
        <Field
          {...plain}
          label="The header’s value"
          value={draft.template}
          onChange={({ target }) => change({ template: target.value })}
          maxLength={200}
          hint="{secret} stands for the secret."
          mono
        />
      </div>
      <fieldset className="flex flex-wrap gap-x-5 gap-y-2">
        <legend className="mb-2 text-sm font-semibold">Methods</legend>
        {egressMethods.map((method) => (
          <label key={method} className="flex min-h-9 items-center gap-2 text-sm">
            <input
              type="checkbox"
              checked={draft.methods.includes(method)}
              onChange={({ target }) =>
                change({
                  methods: target.checked
                    ? [...draft.methods, method]
                    : draft.methods.filter((chosen) => chosen !== method),
                })
              }
              className="accent-tide"
            />
            {method}
          </label>
        ))}
      </fieldset>
    </>
  );
}
