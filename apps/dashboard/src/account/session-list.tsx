/** Where this person is signed in, this device first; any other can be signed out. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { deviceName } from '../../../control-plane/src/contract/device-name.ts';
import { revokeOtherSessions, revokeSession } from '../api/auth.ts';
import { call } from '../api/client.ts';
import { toFailure } from '../api/errors.ts';
import { keys, sessionsQuery } from '../api/queries.ts';
import { useSignOut } from '../shell/use-sign-out.ts';
import { Button } from '../ui/button.tsx';
import { FailureNotice } from '../ui/notice.tsx';
import { Loading, Skeleton } from '../ui/skeleton.tsx';
import { showToast } from '../ui/toast.tsx';
import { When } from '../ui/when.tsx';

export function SessionList() {
  const queryClient = useQueryClient();
  const query = useQuery(sessionsQuery);
  const leave = useSignOut();
  const after = (text: string) => async (): Promise<void> => {
    await Promise.all(
      [keys.sessions, keys.accountEvents].map((queryKey) => queryClient.invalidateQueries({ queryKey })),
    );
    showToast({ tone: 'done', text });
  };
  const one = useMutation({ mutationFn: revokeSession, onSuccess: after('That device is signed out.') });
  const others = useMutation({
    mutationFn: revokeOtherSessions,
    onSuccess: after('All other devices are signed out.'),
  });
  // Every sign-in and everything open on the assistants; what this browser still has of it goes with its own sign-out.
  const everywhere = useMutation({ mutationFn: () => call('sessionsEnd', {}), onSuccess: () => leave.mutate() });
  if (query.isPending) {
    return (
      <div className="flex flex-col gap-3">
        <Loading label="Loading your sessions" />
        <Skeleton className="h-14" />
        <Skeleton className="h-14" />
      </div>
    );
  }
  if (query.isError) return <FailureNotice failure={toFailure(query.error)} onRetry={() => void query.refetch()} />;
  const { sessions, currentToken } = query.data;
  const failed = one.error ?? others.error ?? everywhere.error;
  return (
    <div className="flex flex-col gap-4">
      <ul>
        {sessions.map((session) => (
          <li
            key={session.token}
            className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 border-b border-line py-3"
          >
            <div className="min-w-0">
              <p className="font-medium">{deviceName(session.userAgent)}</p>
              <p className="text-sm text-soft">
                Signed in <When at={session.createdAt} />
                {session.ipAddress ? `, from ${session.ipAddress}` : ''}
              </p>
            </div>
            {session.token === currentToken ? (
              <span className="rounded-full bg-shoal px-2.5 py-0.5 text-sm font-semibold text-tide-deep">
                This device
              </span>
            ) : (
              <Button busy={one.isPending && one.variables === session.token} onClick={() => one.mutate(session.token)}>
                Sign out<span className="sr-only"> {deviceName(session.userAgent)}</span>
              </Button>
            )}
          </li>
        ))}
      </ul>
      {failed === null ? null : <FailureNotice failure={toFailure(failed)} />}
      <div className="flex flex-wrap gap-2">
        <Button busy={leave.isPending} onClick={() => leave.mutate()}>
          Sign out here
        </Button>
        {sessions.length > 1 ? (
          <Button busy={others.isPending} onClick={() => others.mutate()}>
            Sign out all other devices
          </Button>
        ) : null}
        <Button kind="danger" busy={everywhere.isPending} onClick={() => everywhere.mutate()}>
          Sign out everywhere
        </Button>
      </div>
    </div>
  );
}
