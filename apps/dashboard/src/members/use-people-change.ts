/** Changes of an organisation's people: the list is read again after each, also after a refusal. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { keys } from '../api/queries.ts';
import { showToast } from '../ui/toast.tsx';

export function usePeopleChange<Input, Output>(
  orgId: string,
  send: (input: Input) => Promise<Output>,
  said: (input: Input) => string,
) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: send,
    onSuccess: (_output, input) => showToast({ tone: 'done', text: said(input) }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.members(orgId) }),
  });
}
