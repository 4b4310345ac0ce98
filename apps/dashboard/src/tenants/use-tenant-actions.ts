/** Wake, sleep and restart: pending from the operation, never faked. Each press is one intent with one key. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Tenant } from '../../../control-plane/src/contract/api.ts';
import type { RestartSettings } from '../../../control-plane/src/contract/tenant-rpc.ts';
import { call } from '../api/client.ts';
import { keys } from '../api/queries.ts';

export type PowerAction = 'wake' | 'sleep' | 'restart';

interface PowerPress {
  readonly action: PowerAction;
  readonly key: string;
  /** What a restart builds the configuration on; what is set, when absent. */
  readonly settings?: RestartSettings;
}

const endpointOf = { wake: 'tenantWake', sleep: 'tenantSleep' } as const;

export function useTenantAction(tenant: Pick<Tenant, 'id' | 'orgId'>) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ action, key, settings }: PowerPress) => {
      const asked = { params: { tenantId: tenant.id }, idempotencyKey: key };
      return action === 'restart'
        ? call('tenantRestart', { ...asked, body: settings === undefined ? {} : { settings } })
        : call(endpointOf[action], asked);
    },
    onSuccess: (operation) => {
      queryClient.setQueryData<Tenant>(keys.tenant(tenant.id), (old) =>
        old === undefined ? old : { ...old, operation },
      );
      void queryClient.invalidateQueries({ queryKey: keys.tenant(tenant.id) });
      void queryClient.invalidateQueries({ queryKey: keys.tenants(tenant.orgId) });
      void queryClient.invalidateQueries({ queryKey: keys.timeline(tenant.id) });
    },
  });
}
