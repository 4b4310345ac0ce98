/** Where the link of an invitation leads, signed in or not, with the right account or another. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { createFileRoute, Link, useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { call } from '../api/client.ts';
import { toFailure } from '../api/errors.ts';
import { meQuery } from '../api/queries.ts';
import { forgetSecret, takeSecret } from '../members/invitation-secret.ts';
import { roleWords } from '../members/role-words.ts';
import { rememberOrg } from '../shell/active-org.ts';
import { BareFrame } from '../shell/bare-frame.tsx';
import { useSignOut } from '../shell/use-sign-out.ts';
import { Button, buttonClass } from '../ui/button.tsx';
import { FailureNotice } from '../ui/notice.tsx';
import { PageTitle } from '../ui/page-title.tsx';
import { Loading } from '../ui/skeleton.tsx';

export const Route = createFileRoute('/invitation')({ component: InvitationPage });

function InvitationPage() {
  const [token] = useState(takeSecret);
  return (
    <BareFrame>
      <div className="flex max-w-lg flex-col gap-4">
        <PageTitle tab="Invitation">Your invitation</PageTitle>
        {token === null ? (
          <p className="text-soft">This link is not whole. Open it from the mail again, or ask to be sent another.</p>
        ) : (
          <WithToken token={token} />
        )}
      </div>
    </BareFrame>
  );
}

function WithToken({ token }: { token: string }) {
  const me = useQuery({ ...meQuery, retry: false });
  if (me.isPending) return <Loading label="Loading" />;
  if (me.isError && toFailure(me.error).status === 401) {
    return (
      <>
        <p className="text-soft">Sign in, or make an account, with the address that the mail was sent to.</p>
        <div className="flex flex-wrap gap-2">
          <Link to="/sign-up" search={{ next: '/invitation' }} className={buttonClass('primary')}>
            Make an account
          </Link>
          <Link to="/sign-in" search={{ next: '/invitation' }} className={buttonClass('quiet')}>
            Sign in
          </Link>
        </div>
      </>
    );
  }
  if (me.isError) return <FailureNotice failure={toFailure(me.error)} onRetry={() => void me.refetch()} />;
  return <Offer token={token} email={me.data.user.email} />;
}

function Offer({ token, email }: { token: string; email: string }) {
  const queryClient = useQueryClient();
  const router = useRouter();
  const leave = useSignOut();
  const look = useQuery({
    queryKey: ['invitation', token],
    queryFn: ({ signal }) => call('invitationLook', { body: { token }, signal }),
    retry: false,
    staleTime: Infinity,
  });
  const home = async (): Promise<void> => {
    forgetSecret();
    queryClient.clear();
    await queryClient.fetchQuery(meQuery);
    await router.navigate({ to: '/' });
  };
  const accept = useMutation({
    mutationFn: () => call('invitationAccept', { body: { token } }),
    onSuccess: async ({ orgId }) => {
      rememberOrg(orgId);
      await home();
    },
  });
  const decline = useMutation({ mutationFn: () => call('invitationDecline', { body: { token } }), onSuccess: home });
  if (look.isPending) return <Loading label="Loading the invitation" />;
  if (look.isError) return <FailureNotice failure={toFailure(look.error)} onRetry={() => void look.refetch()} />;
  const { organisation, role, invitedBy, forYou } = look.data;
  const failed = accept.error ?? decline.error;
  if (!forYou) {
    return (
      <>
        <p>
          This invitation was sent to <strong className="break-all">{look.data.email}</strong>; you are signed in as{' '}
          <strong className="break-all">{email}</strong>.
        </p>
        <div>
          <Button busy={leave.isPending} onClick={() => leave.mutate()}>
            Sign out, to use the other account
          </Button>
        </div>
      </>
    );
  }
  return (
    <>
      <p>
        {invitedBy} invites you to <strong>{organisation}</strong> as {roleWords[role].name.toLowerCase()}.
      </p>
      <p className="text-soft">{roleWords[role].may}</p>
      {failed === null ? null : <FailureNotice failure={toFailure(failed)} />}
      <div className="flex flex-wrap gap-2">
        <Button kind="primary" busy={accept.isPending} onClick={() => accept.mutate()}>
          Join {organisation}
        </Button>
        <Button busy={decline.isPending} onClick={() => decline.mutate()}>
          No, thank you
        </Button>
      </div>
    </>
  );
}
