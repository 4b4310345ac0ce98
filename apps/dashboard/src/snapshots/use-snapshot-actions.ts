/** What can be done with snapshots. Each press is one intent with one key; long work shows on the overview as an operation. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Tenant } from '../../../control-plane/src/contract/api.ts';
import { call } from '../api/client.ts';
import { keys } from '../api/queries.ts';
import { showToast } from '../ui/toast.tsx';

export type SnapshotAction =
  | { readonly kind: 'take'; readonly note: string; readonly key: string }
  | { readonly kind: 'restore'; readonly snapshotId: string; readonly key: string }
  | { readonly kind: 'undo'; readonly key: string }
  | { readonly kind: 'protect'; readonly snapshotId: string; readonly wanted: boolean }
  | { readonly kind: 'accept'; readonly snapshotId: string };

const done: Record<SnapshotAction['kind'], string> = {
  take: 'The snapshot is being taken.',
  restore: 'The restore has begun.',
  undo: 'What was there before is coming back.',
  protect: 'Saved.',
  accept: 'Accepted.',
};

export function useSnapshotAction(tenant: Pick<Tenant, 'id' | 'orgId'>) {
  const queryClient = useQueryClient();
  const tenantId = tenant.id;
  return useMutation({
    mutationFn: async (action: SnapshotAction): Promise<void> => {
      switch (action.kind) {
        case 'take': {
          const body = action.note === '' ? {} : { note: action.note };
          await call('snapshotTake', { params: { tenantId }, body, idempotencyKey: action.key });
          return;
        }
        case 'restore': {
          const params = { tenantId, snapshotId: action.snapshotId };
          await call('snapshotRestore', { params, idempotencyKey: action.key });
          return;
        }
        case 'undo':
          await call('snapshotUndo', { params: { tenantId }, idempotencyKey: action.key });
          return;
        case 'protect':
        case 'accept': {
          const params = { tenantId, snapshotId: action.snapshotId };
          const body = action.kind === 'accept' ? { accepted: true as const } : { protected: action.wanted };
          await call('snapshotUpdate', { params, body });
        }
      }
    },
    onSuccess: (_nothing, action) => showToast({ tone: 'done', text: done[action.kind] }),
    onSettled: () => {
      void queryClient.invalidateQueries({ queryKey: keys.snapshots(tenantId) });
      void queryClient.invalidateQueries({ queryKey: keys.tenant(tenantId) });
      void queryClient.invalidateQueries({ queryKey: keys.tenants(tenant.orgId) });
    },
  });
}
