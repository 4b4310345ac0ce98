/** Wake, sleep and restart: pending from the operation, never faked. Each press is one intent with one key. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Tenant } from '../../../control-plane/src/contract/api.ts';
import { call } from '../api/client.ts';
import { keys } from '../api/queries.ts';

export type PowerAction = 'wake' | 'sleep' | 'restart';

const endpointOf = { wake: 'tenantWake', sleep: 'tenantSleep', restart: 'tenantRestart' } as const;

export function useTenantAction(tenant: Pick<Tenant, 'id' | 'orgId'>) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ action, key }: { action: PowerAction; key: string }) =>
      call(endpointOf[action], { params: { tenantId: tenant.id }, idempotencyKey: key }),
    onSuccess: (operation) => {
      queryClient.setQueryData<Tenant>(keys.tenant(tenant.id), (old) =>
        old === undefined ? old : { ...old, operation },
      );
      void queryClient.invalidateQueries({ queryKey: keys.tenant(tenant.id) });
      void queryClient.invalidateQueries({ queryKey: keys.tenants(tenant.orgId) });
    },
  });
}
