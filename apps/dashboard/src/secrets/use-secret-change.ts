/** Storing and deleting secrets; afterwards the list is read again, since what uses a secret is worked out there. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { SecretUse } from '../../../control-plane/src/contract/secrets.ts';
import { call } from '../api/client.ts';
import { keys } from '../api/queries.ts';
import { showToast } from '../ui/toast.tsx';

export interface SecretToStore {
  readonly name: string;
  readonly use: SecretUse;
  /** Gives the value once. What remembers a request, to show or to repeat it, does not remember the value. */
  readonly takeValue: () => string;
}

/** Holds a value until it is taken. */
export function takenOnce(value: string): () => string {
  let held = value;
  return () => {
    const given = held;
    held = '';
    return given;
  };
}

export function useSecretStore(tenantId: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ name, use, takeValue }: SecretToStore) =>
      call('secretPut', { params: { tenantId, name }, body: { use, value: takeValue() } }),
    onSuccess: ({ name, version }) =>
      showToast({ tone: 'done', text: version === 1 ? `${name} is stored.` : `${name} is replaced.` }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.secrets(tenantId) }),
  });
}

export function useSecretDelete(tenantId: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ name, confirmed }: { name: string; confirmed: boolean }) =>
      call('secretDelete', { params: { tenantId, name }, query: { confirmed: confirmed ? 'true' : 'false' } }),
    onSuccess: (_answer, { name }) => showToast({ tone: 'done', text: `${name} is deleted.` }),
    // Also after a refusal: something may use it that the page does not show yet.
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.secrets(tenantId) }),
  });
}
