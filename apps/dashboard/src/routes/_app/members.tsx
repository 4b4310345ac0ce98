/** The people of the organisation: who is in and as what, who is invited, what the roles mean, and leaving. */
import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { createFileRoute, useRouter } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { orgRoles, type Organisation } from '../../../../control-plane/src/contract/api.ts';
import { call } from '../../api/client.ts';
import { toFailure } from '../../api/errors.ts';
import { membersQuery, meQuery, roleMay } from '../../api/queries.ts';
import { InvitationList, InviteForm } from '../../members/invitations.tsx';
import { MemberList } from '../../members/member-list.tsx';
import { roleWords } from '../../members/role-words.ts';
import { Button } from '../../ui/button.tsx';
import { ConfirmDialog } from '../../ui/dialog.tsx';
import { FailureNotice } from '../../ui/notice.tsx';
import { PageTitle } from '../../ui/page-title.tsx';
import { Loading, Skeleton } from '../../ui/skeleton.tsx';

export const Route = createFileRoute('/_app/members')({ component: Members });

function Members() {
  const { org } = Route.useRouteContext();
  const { data: me } = useSuspenseQuery(meQuery);
  const query = useQuery(membersQuery(org.id));
  const may = roleMay(org.role, 'org:manage');
  return (
    <div>
      <PageTitle tab="Members">Members of {org.name}</PageTitle>
      <div className="mt-6 flex flex-col gap-10">
        {query.isPending ? (
          <div className="flex flex-col gap-3">
            <Loading label="Loading the members" />
            <Skeleton className="h-16" />
            <Skeleton className="h-16" />
          </div>
        ) : null}
        {query.isError && query.data === undefined ? (
          <FailureNotice failure={toFailure(query.error)} onRetry={() => void query.refetch()} />
        ) : null}
        {query.data === undefined ? null : (
          <>
            <Section title="Who is in">
              <MemberList org={org} myId={me.user.id} members={query.data.members} />
            </Section>
            <Section title="Invite somebody">
              <InviteForm org={org} reason={may.allowed ? undefined : may.reason} />
            </Section>
            {may.allowed ? (
              <Section title="Invited">
                <InvitationList org={org} invitations={query.data.invitations} />
              </Section>
            ) : null}
          </>
        )}
        <Section title="What the roles may">
          <dl className="grid max-w-2xl gap-x-6 gap-y-2 sm:grid-cols-[6rem_1fr]">
            {orgRoles.map((role) => (
              <div key={role} className="contents">
                <dt className="font-semibold">{roleWords[role].name}</dt>
                <dd className="text-soft max-sm:mb-2">{roleWords[role].may}</dd>
              </div>
            ))}
          </dl>
        </Section>
        <Leave org={org} />
      </div>
    </div>
  );
}

function Leave({ org }: { org: Organisation }) {
  const [asking, setAsking] = useState(false);
  const queryClient = useQueryClient();
  const router = useRouter();
  const leave = useMutation({
    mutationFn: () => call('orgLeave', { params: { orgId: org.id } }),
    onSuccess: async () => {
      queryClient.clear();
      await queryClient.fetchQuery(meQuery);
      await router.invalidate();
      await router.navigate({ to: '/' });
    },
    onSettled: () => setAsking(false),
  });
  return (
    <Section title="Leave">
      <p className="max-w-2xl text-sm text-soft">
        You lose the assistants of {org.name} until somebody invites you again. The last owner cannot leave.
      </p>
      {leave.isError ? <FailureNotice failure={toFailure(leave.error)} /> : null}
      <div>
        <Button kind="danger" onClick={() => setAsking(true)}>
          Leave {org.name}
        </Button>
      </div>
      <ConfirmDialog
        open={asking}
        title={`Leave ${org.name}?`}
        confirmLabel="Leave"
        busy={leave.isPending}
        onClose={() => setAsking(false)}
        onConfirm={() => leave.mutate()}
      >
        What you have open of its assistants closes within a minute.
      </ConfirmDialog>
    </Section>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="flex flex-col gap-3">
      <h2 className="text-xl font-semibold tracking-tight">{title}</h2>
      {children}
    </section>
  );
}
