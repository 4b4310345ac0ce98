/** Changes budgets and ends pauses. What the server answers is shown; what counts against a budget is read again. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Tenant } from '../../../control-plane/src/contract/api.ts';
import type { WantedBudgets } from '../../../control-plane/src/contract/budgets.ts';
import { call } from '../api/client.ts';
import { budgetsQuery, keys } from '../api/queries.ts';
import { showToast } from '../ui/toast.tsx';

export function useBudgetsUpdate({ id: tenantId }: Tenant) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (body: WantedBudgets) => call('budgetsUpdate', { params: { tenantId }, body }),
    onSuccess: (wanted) => {
      queryClient.setQueryData(budgetsQuery(tenantId).queryKey, (old) => old && { ...old, wanted });
      showToast({ tone: 'done', text: 'The budgets are changed. They hold at once.' });
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.budgets(tenantId) }),
  });
}

export function useResume({ id: tenantId, orgId }: Tenant) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (pauseId: string) => call('spendingResume', { params: { tenantId }, body: { pauseId } }),
    onSuccess: () => showToast({ tone: 'done', text: 'Model requests go on.' }),
    onSettled: () => {
      void queryClient.invalidateQueries({ queryKey: keys.budgets(tenantId) });
      void queryClient.invalidateQueries({ queryKey: keys.tenants(orgId) });
      return queryClient.invalidateQueries({ queryKey: keys.tenant(tenantId) });
    },
  });
}
