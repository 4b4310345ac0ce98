/** The stored secrets, without their values: what each is for, who uses it, and whether it still works. */
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { unreachable } from '../../../control-plane/src/contract/result.ts';
import { channelNames, modelProviderNames, secretUserText } from '../../../control-plane/src/contract/secrets.ts';
import type { SecretView } from '../../../control-plane/src/contract/secrets.ts';
import { toFailure } from '../api/errors.ts';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/dialog.tsx';
import { FailureNotice } from '../ui/notice.tsx';
import { When } from '../ui/when.tsx';
import { takenOnce, useSecretDelete, useSecretStore } from './use-secret-change.ts';
import { ValueField } from './value-field.tsx';

interface ListProps {
  readonly tenantId: string;
  readonly secrets: readonly SecretView[];
}

export function SecretList({ tenantId, secrets }: ListProps) {
  const [replacing, setReplacing] = useState<string | null>(null);
  const [deleting, setDeleting] = useState<SecretView | null>(null);
  const remove = useSecretDelete(tenantId);
  const shown = secrets.find(({ name }) => name === deleting?.name) ?? deleting;
  return (
    <section aria-labelledby="secrets-title" className="flex flex-col gap-3">
      <div>
        <h2 id="secrets-title" className="text-xl font-semibold tracking-tight">
          Stored secrets
        </h2>
        <p className="text-sm text-soft">
          No value is inside the assistant: it is added to a request after that has left.
        </p>
      </div>
      {remove.isError ? <FailureNotice failure={toFailure(remove.error)} /> : null}
      {secrets.length === 0 ? (
        <p className="border-y border-line py-6 text-soft">
          No secrets. Models are paid by the platform, and requests go out without a key.
        </p>
      ) : (
        <ul>
          {secrets.map((secret) => (
            <li key={secret.name} className="flex flex-col gap-3 border-b border-line py-4">
              <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
                <Facts tenantId={tenantId} secret={secret} />
                <div className="flex gap-2">
                  <Button
                    aria-label={`Replace ${secret.name}`}
                    aria-expanded={replacing === secret.name}
                    onClick={() => setReplacing(replacing === secret.name ? null : secret.name)}
                  >
                    Replace
                  </Button>
                  <Button
                    kind="danger"
                    busy={remove.isPending && remove.variables.name === secret.name}
                    aria-label={`Delete ${secret.name}`}
                    onClick={() => setDeleting(secret)}
                  >
                    Delete
                  </Button>
                </div>
              </div>
              {replacing === secret.name ? (
                <ReplaceForm tenantId={tenantId} secret={secret} onDone={() => setReplacing(null)} />
              ) : null}
            </li>
          ))}
        </ul>
      )}
      <ConfirmDialog
        open={shown !== null}
        title={shown === null ? '' : `Delete ${shown.name}?`}
        confirmLabel="Delete the secret"
        busy={remove.isPending}
        onClose={() => setDeleting(null)}
        onConfirm={() => {
          if (shown === null || remove.isPending) return;
          remove.mutate(
            { name: shown.name, confirmed: shown.usedBy.length > 0 },
            { onSettled: () => setDeleting(null) },
          );
        }}
      >
        {shown === null ? null : <WhatIsLost secret={shown} />}
      </ConfirmDialog>
    </section>
  );
}

function WhatIsLost({ secret }: { secret: SecretView }) {
  return (
    <div className="flex flex-col gap-2">
      {secret.usedBy.length === 0 ? (
        <p>Nothing uses it now.</p>
      ) : (
        <>
          <p>It is used by:</p>
          <ul className="list-disc pl-5">
            {secret.usedBy.map((user) => (
              <li key={`${secretUserText(user)} ${user.kind === 'network' ? user.rule : ''}`}>
                {secretUserText(user)}
              </li>
            ))}
          </ul>
          {secret.use.kind === 'model_key' ? (
            <p>After that the platform pays for these models, within your cap.</p>
          ) : null}
        </>
      )}
      <p>It cannot be brought back from here. Have it at hand, or make a new one where it came from.</p>
    </div>
  );
}

function Facts({ tenantId, secret }: { tenantId: string; secret: SecretView }) {
  const { name, lastFour, refused, lastUsedAtMs, version, createdAtMs, changedAtMs } = secret;
  return (
    <div className="min-w-0 text-sm">
      <p className="text-base font-medium break-all">
        {name} {lastFour === '' ? null : <span className="font-mono text-sm text-soft">…{lastFour}</span>}
      </p>
      <p className="break-all">{purposeOf(secret)}</p>
      {refused === null ? null : (
        <p className="font-medium text-coral">
          Refused <When at={refused.atMs} /> ({refused.status}). Replace it with one that works.
        </p>
      )}
      <UsedBy tenantId={tenantId} secret={secret} />
      <p className="text-soft">
        {lastUsedAtMs === null ? (
          'Not used yet'
        ) : (
          <>
            Last used <When at={lastUsedAtMs} />
          </>
        )}
        , {version === 1 || changedAtMs === createdAtMs ? 'stored' : 'replaced'} <When at={changedAtMs} />
      </p>
    </div>
  );
}

function UsedBy({ tenantId, secret }: { tenantId: string; secret: SecretView }) {
  const texts = [...new Set(secret.usedBy.map(secretUserText))];
  if (texts.length > 0) return <p className="break-all">Used by {texts.join(', ')}</p>;
  if (secret.use.kind !== 'egress') return <p className="text-soft">Used by nothing yet</p>;
  return (
    <p className="text-soft">
      Used by nothing: the network policy lets no such request out.{' '}
      <Link to="/a/$tenantId/network" params={{ tenantId }} className="link">
        Network
      </Link>
    </p>
  );
}

function purposeOf({ use }: SecretView): string {
  switch (use.kind) {
    case 'model_key':
      return `Model key, ${modelProviderNames[use.provider]}`;
    case 'channel_token':
      return `Channel token, ${channelNames[use.channel]}`;
    case 'egress': {
      const { host, methods, pathPrefix, header, template } = use.binding;
      return `${methods.join(', ')} on ${host}${pathPrefix === '/' ? '' : pathPrefix}, as “${header}: ${template}”`;
    }
    default:
      return unreachable(use);
  }
}

function ReplaceForm({ tenantId, secret, onDone }: { tenantId: string; secret: SecretView; onDone: () => void }) {
  const [value, setValue] = useState('');
  const store = useSecretStore(tenantId);
  return (
    <form
      className="flex max-w-xl flex-col gap-3"
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        if (value.trim() === '' || store.isPending) return;
        const takeValue = takenOnce(value.trim());
        setValue('');
        store.mutate({ name: secret.name, use: secret.use, takeValue }, { onSuccess: onDone });
      }}
    >
      <ValueField
        label={`New value of ${secret.name}`}
        hint="It takes the old one’s place at once."
        value={value}
        onValue={setValue}
        autoFocus
      />
      {store.isError ? (
        <FailureNotice failure={toFailure(store.error)}>
          <span>The old value stays. Paste the new one again: it was not kept.</span>
        </FailureNotice>
      ) : null}
      <div className="flex gap-2">
        <Button
          type="submit"
          kind="primary"
          busy={store.isPending}
          disabledReason={value.trim() === '' ? 'Paste the new value first.' : undefined}
        >
          Replace it
        </Button>
        <Button kind="plain" onClick={onDone}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
