/** Changes of the network policy: what the server answers is what the page shows, and the feed is read again. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { z } from 'zod';
import type { endpoints } from '../../../control-plane/src/contract/api.ts';
import type { EgressPolicy } from '../../../control-plane/src/contract/egress.ts';
import { keys } from '../api/queries.ts';
import { showToast } from '../ui/toast.tsx';

type Network = z.output<(typeof endpoints)['networkRead']['response']>;

/** @param send calls one of the endpoints that answer with the new policy */
export function useNetworkChange<Input>(
  tenantId: string,
  send: (input: Input) => Promise<EgressPolicy>,
  said: (input: Input) => string,
) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: send,
    onSuccess: (policy, input) => {
      queryClient.setQueryData<Network>(keys.network(tenantId), (old) =>
        old === undefined ? old : { ...old, policy },
      );
      showToast({ tone: 'done', text: said(input) });
    },
    // Also after a refusal: somebody else may have changed the policy.
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.network(tenantId) }),
  });
}
