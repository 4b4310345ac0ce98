/** Makes a key, and shows it the only time that it can be seen. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import type { ApiKey } from '../../../control-plane/src/contract/api-key-api.ts';
import { keyScopes } from '../../../control-plane/src/contract/api.ts';
import { call } from '../api/client.ts';
import { toFailure } from '../api/errors.ts';
import { Button } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Field } from '../ui/field.tsx';
import { FailureNotice } from '../ui/notice.tsx';
import { SelectField } from '../ui/select-field.tsx';

export const apiKeysKey = (orgId: string) => ['api-keys', orgId] as const;

type Scope = ApiKey['scope'];

export const scopeWords: Record<Scope, { label: string; hint: string }> = {
  read: { label: 'Read', hint: 'Sees assistants and what they cost.' },
  operate: { label: 'Operate', hint: 'Also wakes, sleeps, restarts and saves them.' },
  admin: { label: 'Admin', hint: 'Also creates and configures them, and reads the audit trail.' },
};

const days = [7, 30, 90, 365];

export function ApiKeyForm({ orgId }: { orgId: string }) {
  const queryClient = useQueryClient();
  const [name, setName] = useState('');
  const [scope, setScope] = useState<Scope>('read');
  const [expiresInDays, setExpiresInDays] = useState(90);
  // Kept until an answer came, so that a second try doesn't make a second key.
  const intent = useRef<string | null>(null);
  const make = useMutation({
    mutationFn: () => {
      intent.current ??= crypto.randomUUID();
      const body = { name: name.trim(), scope, expiresInDays };
      return call('apiKeyCreate', { params: { orgId }, body, idempotencyKey: intent.current });
    },
    onSuccess: async () => {
      intent.current = null;
      setName('');
      await queryClient.invalidateQueries({ queryKey: apiKeysKey(orgId) });
    },
    onError: (error) => {
      if (!toFailure(error).retryable) intent.current = null;
    },
  });
  const changed = (): void => {
    intent.current = null;
  };
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== '' && !make.isPending) make.mutate();
      }}
    >
      <Field
        label="Name"
        value={name}
        onChange={({ target }) => {
          changed();
          setName(target.value);
        }}
        placeholder="What uses it"
        maxLength={60}
      />
      <div className="flex flex-wrap gap-4">
        <SelectField
          label="Scope"
          value={scope}
          options={keyScopes.map((each) => [each, scopeWords[each].label])}
          onChoose={(chosen) => {
            changed();
            setScope(chosen);
          }}
        />
        <SelectField
          label="Ends after"
          value={String(expiresInDays)}
          options={days.map((each) => [String(each), `${each} days`])}
          onChoose={(chosen) => {
            changed();
            setExpiresInDays(Number(chosen));
          }}
        />
      </div>
      <p className="text-sm text-soft">{scopeWords[scope].hint}</p>
      {make.isError ? <FailureNotice failure={toFailure(make.error)} /> : null}
      <div>
        <Button
          type="submit"
          busy={make.isPending}
          disabledReason={name.trim() === '' ? 'Name what uses the key first.' : undefined}
        >
          Make an API key
        </Button>
      </div>
      {make.isSuccess ? <Shown secret={make.data.secret} name={make.data.key.name} /> : null}
    </form>
  );
}

function Shown({ secret, name }: { secret: string | null; name: string }) {
  if (secret === null) {
    return (
      <p role="status" className="text-sm">
        The key {name} was made, but its text was shown once already. Revoke it and make another.
      </p>
    );
  }
  return (
    <div role="status" className="rounded-md border border-sand/35 bg-sand-soft p-4 text-sm">
      <p className="font-semibold">Copy the key {name} now: it is not shown again.</p>
      <p className="mt-2 flex items-center gap-2">
        <code className="min-w-0 font-mono break-all">{secret}</code>
        <CopyButton label="Copy the key" text={secret} iconOnly />
      </p>
    </div>
  );
}
