/** The organisation's API keys: one is made and shown once, all are listed, each can be revoked. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ApiKey } from '../../../control-plane/src/contract/api-key-api.ts';
import type { Organisation } from '../../../control-plane/src/contract/api.ts';
import { call } from '../api/client.ts';
import { toFailure } from '../api/errors.ts';
import { roleMay } from '../api/queries.ts';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/dialog.tsx';
import { FailureNotice } from '../ui/notice.tsx';
import { Loading, Skeleton } from '../ui/skeleton.tsx';
import { showToast } from '../ui/toast.tsx';
import { When } from '../ui/when.tsx';
import { ApiKeyForm, apiKeysKey, scopeWords } from './api-key-form.tsx';

export function ApiKeySection({ org }: { org: Organisation }) {
  const may = roleMay(org.role, 'apikey:manage');
  if (!may.allowed) return <p className="text-soft">{may.reason}</p>;
  return (
    <div className="flex flex-col gap-6">
      <ApiKeyForm orgId={org.id} />
      <ApiKeyList orgId={org.id} />
    </div>
  );
}

function ApiKeyList({ orgId }: { orgId: string }) {
  const queryClient = useQueryClient();
  const [asked, setAsked] = useState<ApiKey | null>(null);
  const query = useQuery({
    queryKey: apiKeysKey(orgId),
    queryFn: ({ signal }) => call('apiKeyList', { params: { orgId }, signal }),
  });
  const revoke = useMutation({
    mutationFn: (key: ApiKey) => call('apiKeyRevoke', { params: { orgId, keyId: key.id } }),
    onSuccess: async (key) => {
      setAsked(null);
      await queryClient.invalidateQueries({ queryKey: apiKeysKey(orgId) });
      showToast({ tone: 'done', text: `The key ${key.name} does not work any more.` });
    },
  });
  if (query.isPending) {
    return (
      <div className="flex flex-col gap-3">
        <Loading label="Loading the API keys" />
        <Skeleton className="h-14" />
      </div>
    );
  }
  if (query.isError) return <FailureNotice failure={toFailure(query.error)} onRetry={() => void query.refetch()} />;
  const { items } = query.data;
  if (items.length === 0) return <p className="text-soft">No keys yet.</p>;
  return (
    <>
      {revoke.isError ? <FailureNotice failure={toFailure(revoke.error)} /> : null}
      <ul>
        {items.map((key) => (
          <li
            key={key.id}
            className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 border-b border-line py-3"
          >
            <div className="min-w-0">
              <p className="font-medium break-words">
                {key.name} <code className="font-mono text-sm text-soft">{key.starts}…</code>
              </p>
              <p className="text-sm text-soft">
                {scopeWords[key.scope].label}
                {key.state === 'live' ? (
                  <>
                    , ends <When at={key.expiresAt} />
                  </>
                ) : (
                  `, ${key.state}`
                )}
                , {key.lastUsedAt === null ? 'never used' : 'last used '}
                {key.lastUsedAt === null ? null : <When at={key.lastUsedAt} />}
              </p>
            </div>
            {key.state === 'live' ? (
              <Button kind="danger" aria-label={`Revoke the key ${key.name}`} onClick={() => setAsked(key)}>
                Revoke
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
      <ConfirmDialog
        open={asked !== null}
        title={`Revoke the key ${asked?.name ?? ''}?`}
        confirmLabel="Revoke it"
        busy={revoke.isPending}
        onConfirm={() => {
          if (asked !== null) revoke.mutate(asked);
        }}
        onClose={() => setAsked(null)}
      >
        Programs that use it are refused from this moment. It cannot be brought back.
      </ConfirmDialog>
    </>
  );
}
