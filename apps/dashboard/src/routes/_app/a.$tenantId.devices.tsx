/** Who else is let in to an assistant: devices and senders that wait, devices that are in, and what a stranger sees. */
import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { createFileRoute } from '@tanstack/react-router';
import type { DeviceChange, DeviceList } from '../../../../control-plane/src/contract/device-api.ts';
import { call } from '../../api/client.ts';
import { toFailure } from '../../api/errors.ts';
import { devicesQuery, keys, roleMay, tenantQuery } from '../../api/queries.ts';
import { PairedList, WaitingList } from '../../devices/device-lists.tsx';
import { StrangerCard } from '../../devices/stranger-card.tsx';
import { FailureNotice } from '../../ui/notice.tsx';
import { Loading, Skeleton } from '../../ui/skeleton.tsx';
import { showToast } from '../../ui/toast.tsx';
import { When } from '../../ui/when.tsx';

export const Route = createFileRoute('/_app/a/$tenantId/devices')({ component: Devices });

const said: Record<DeviceChange['kind'], string> = {
  approve_device: 'The device is in.',
  deny_device: 'The device was turned away.',
  revoke_device: 'The device is out; its connections are closed.',
  approve_sender: 'The sender may write to the assistant.',
  deny_sender: 'The request is gone.',
};

function Devices() {
  const { tenantId } = Route.useParams();
  const { org } = Route.useRouteContext();
  const queryClient = useQueryClient();
  const { data: tenant } = useSuspenseQuery(tenantQuery(tenantId));
  const may = roleMay(org.role, 'tenant:configure');
  const query = useQuery({ ...devicesQuery(tenantId), enabled: may.allowed });
  const change = useMutation({
    mutationFn: (asked: DeviceChange) => call('deviceChange', { params: { tenantId }, body: { change: asked } }),
    onSuccess: (list, asked) => {
      queryClient.setQueryData<DeviceList>(keys.devices(tenantId), list);
      showToast({ tone: 'done', text: said[asked.kind] });
    },
    onError: () => queryClient.invalidateQueries({ queryKey: keys.devices(tenantId) }),
  });
  const list = query.data;
  const asleep = tenant.state === 'awake' ? undefined : 'Wake the assistant first: it answers for itself.';
  return (
    <div className="flex flex-col gap-10">
      <title>{`Devices of ${tenant.name} · Tidepool`}</title>
      {may.allowed ? null : <p className="text-soft">{may.reason}</p>}
      {may.allowed && query.isPending ? (
        <div className="flex flex-col gap-4">
          <Loading label="Loading the devices" />
          <Skeleton className="h-20" />
          <Skeleton className="h-20" />
        </div>
      ) : null}
      {query.isError && list === undefined ? (
        <FailureNotice failure={toFailure(query.error)} onRetry={() => void query.refetch()} />
      ) : null}
      {change.isError ? <FailureNotice failure={toFailure(change.error)} /> : null}
      {list === undefined ? null : (
        <>
          {list.live ? null : (
            <p className="rounded-md border border-line p-4 text-sm text-soft">
              {list.asOfMs === null ? (
                'Not known yet: the list is read when the assistant is awake.'
              ) : (
                <>
                  As the assistant told it <When at={list.asOfMs} />. Looking here does not wake it.
                </>
              )}
            </p>
          )}
          <WaitingList list={list} busy={change.isPending} reason={asleep} onAnswer={change.mutate} />
          <PairedList devices={list.devices} busy={change.isPending} reason={asleep} onAnswer={change.mutate} />
        </>
      )}
      <StrangerCard origin={tenant.origin} />
    </div>
  );
}
