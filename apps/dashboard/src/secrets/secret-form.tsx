/** A new secret: what it is for, then what that needs, then the value, which leaves this page once and does not come back. */
import { type ReactNode, useState } from 'react';
import { channelNames, modelProviderNames } from '../../../control-plane/src/contract/secrets.ts';
import type { SecretUse } from '../../../control-plane/src/contract/secrets.ts';
import { toFailure } from '../api/errors.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { FailureNotice } from '../ui/notice.tsx';
import { SelectField } from '../ui/select-field.tsx';
import { BindingFields } from './binding-fields.tsx';
import { emptyDraft, missingOf, nameOf, purposeOf } from './draft.ts';
import type { SecretDraft } from './draft.ts';
import { takenOnce, useSecretStore } from './use-secret-change.ts';
import { ValueField } from './value-field.tsx';

const kinds: readonly { readonly kind: SecretUse['kind']; readonly name: string; readonly text: string }[] = [
  {
    kind: 'model_key',
    name: 'Model key',
    text: 'Your own account at a provider pays for its models; nothing is charged here.',
  },
  {
    kind: 'egress',
    name: 'For requests to a site',
    text: 'Added to its requests to one host, on the way out. It never sees the value.',
  },
  { kind: 'channel_token', name: 'Channel token', text: 'The bot’s token of Telegram, Slack or Discord.' },
];

export function SecretForm({ tenantId }: { tenantId: string }) {
  const [draft, setDraft] = useState<SecretDraft>(emptyDraft);
  const [value, setValue] = useState('');
  const store = useSecretStore(tenantId);
  const change = (part: Partial<SecretDraft>): void => setDraft((old) => ({ ...old, ...part }));
  const missing = missingOf(draft, value);
  return (
    <section aria-labelledby="new-secret-title" className="flex flex-col gap-4">
      <h2 id="new-secret-title" className="text-xl font-semibold tracking-tight">
        Add a secret
      </h2>
      <form
        className="flex max-w-3xl flex-col gap-5"
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          if (missing !== undefined || store.isPending) return;
          const takeValue = takenOnce(value.trim());
          setValue('');
          store.mutate(
            { name: nameOf(draft), use: purposeOf(draft), takeValue },
            { onSuccess: () => setDraft({ ...emptyDraft, kind: draft.kind }) },
          );
        }}
      >
        <fieldset className="grid gap-3 md:grid-cols-3">
          <legend className="mb-2 text-sm font-semibold">What it is for</legend>
          {kinds.map(({ kind, name, text }) => (
            <label
              key={kind}
              className={`flex cursor-pointer flex-col gap-1 rounded-md border bg-foam p-4 text-sm has-focus-visible:outline-2 has-focus-visible:outline-tide ${draft.kind === kind ? 'border-tide' : 'border-edge'}`}
            >
              <span className="flex items-center gap-2 text-base font-semibold">
                <input
                  type="radio"
                  name="kind"
                  value={kind}
                  checked={draft.kind === kind}
                  onChange={() => change({ kind })}
                  className="accent-tide"
                />
                {name}
              </span>
              <span className="text-soft">{text}</span>
            </label>
          ))}
        </fieldset>
        <KindFields draft={draft} change={change} />
        <ValueField
          label={draft.kind === 'model_key' ? 'API key' : draft.kind === 'egress' ? 'Secret' : 'Token'}
          hint="It cannot be read again, by anybody; what is shown later are its last four characters."
          value={value}
          onValue={setValue}
        />
        {store.isError ? (
          <FailureNotice failure={toFailure(store.error)}>
            <span>Paste the value again: it was not kept.</span>
          </FailureNotice>
        ) : null}
        <div>
          <Button type="submit" kind="primary" busy={store.isPending} disabledReason={missing}>
            Store the secret
          </Button>
        </div>
      </form>
    </section>
  );
}

interface KindProps {
  readonly draft: SecretDraft;
  readonly change: (part: Partial<SecretDraft>) => void;
}

function choicesOf<K extends string>(names: Readonly<Record<K, string>>): (readonly [K, string])[] {
  return (Object.keys(names) as K[]).map((key) => [key, names[key]]);
}

function KindFields({ draft, change }: KindProps) {
  if (draft.kind === 'model_key') {
    return (
      <div className="max-w-xs">
        <SelectField
          label="Provider"
          value={draft.provider}
          options={choicesOf(modelProviderNames)}
          onChoose={(provider) => change({ provider })}
        />
      </div>
    );
  }
  const name = (
    <Field
      label={draft.kind === 'egress' ? 'Name' : 'Name, optional'}
      value={draft.name}
      onChange={({ target }) => change({ name: target.value })}
      placeholder={draft.kind === 'egress' ? 'github' : draft.channel}
      hint="What you call it."
      autoComplete="off"
      autoCapitalize="none"
      spellCheck={false}
      maxLength={40}
    />
  );
  if (draft.kind === 'egress') return <BindingFields draft={draft} change={change} name={name} />;
  return (
    <Pair>
      <SelectField
        label="Channel"
        value={draft.channel}
        options={choicesOf(channelNames)}
        onChoose={(channel) => change({ channel })}
      />
      {name}
    </Pair>
  );
}

function Pair({ children }: { children: ReactNode }) {
  return <div className="grid gap-4 sm:grid-cols-2 sm:items-start">{children}</div>;
}
