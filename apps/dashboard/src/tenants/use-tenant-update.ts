/** Saves settings of an assistant, and shows what was saved. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Tenant } from '../../../control-plane/src/contract/api.ts';
import { call } from '../api/client.ts';
import { keys } from '../api/queries.ts';
import { showToast } from '../ui/toast.tsx';

type Change = { name?: string; aiCapNanoUsdPerMonth?: number; idleSleepMs?: number; keepAwake?: boolean };

/** @param said what the toast says when it is done */
export function useTenantUpdate(tenant: Tenant, said: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (body: Change) => call('tenantUpdate', { params: { tenantId: tenant.id }, body }),
    onSuccess: (updated) => {
      queryClient.setQueryData(keys.tenant(tenant.id), updated);
      void queryClient.invalidateQueries({ queryKey: keys.tenants(tenant.orgId) });
      void queryClient.invalidateQueries({ queryKey: ['usage', tenant.id] });
      showToast({ tone: 'done', text: said });
    },
  });
}
