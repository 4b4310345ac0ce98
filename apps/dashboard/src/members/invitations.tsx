/** Inviting somebody, and the invitations that wait. */
import { useState } from 'react';
import { mayChangeMember, type Organisation, type OrgRole } from '../../../control-plane/src/contract/api.ts';
import type { Invitation } from '../../../control-plane/src/contract/members-api.ts';
import { call } from '../api/client.ts';
import { toFailure } from '../api/errors.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { FailureNotice } from '../ui/notice.tsx';
import { When } from '../ui/when.tsx';
import { RoleSelect } from './role-select.tsx';
import { roleWords } from './role-words.ts';
import { usePeopleChange } from './use-people-change.ts';

export function InviteForm({ org, reason }: { org: Organisation; reason: string | undefined }) {
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<OrgRole>('member');
  const [key, setKey] = useState(() => crypto.randomUUID());
  const invite = usePeopleChange(
    org.id,
    (body: { email: string; role: OrgRole }) =>
      call('invitationCreate', { params: { orgId: org.id }, body, idempotencyKey: key }),
    ({ email: to }) => `An invitation is on its way to ${to}.`,
  );
  const trimmed = email.trim();
  return (
    <form
      className="flex max-w-2xl flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (trimmed === '' || invite.isPending || reason !== undefined) return;
        invite.mutate(
          { email: trimmed, role },
          {
            onSuccess: () => setEmail(''),
            // The next press is another intent, also after a refusal.
            onSettled: () => setKey(crypto.randomUUID()),
          },
        );
      }}
    >
      <div className="grid gap-4 sm:grid-cols-[1fr_auto] sm:items-start">
        <Field
          label="E-mail"
          type="email"
          value={email}
          onChange={({ target }) => setEmail(target.value)}
          autoCapitalize="none"
          autoComplete="off"
          maxLength={254}
        />
        <RoleSelect
          label="Role"
          value={role}
          mayGive={(to) => mayChangeMember(org.role, { from: null, to })}
          onChange={setRole}
        />
      </div>
      <p className="text-sm text-soft">{roleWords[role].may}</p>
      {invite.isError ? <FailureNotice failure={toFailure(invite.error)} /> : null}
      <div>
        <Button
          kind="primary"
          type="submit"
          busy={invite.isPending}
          disabledReason={reason ?? (trimmed === '' ? 'Write an address first.' : undefined)}
        >
          Invite
        </Button>
      </div>
    </form>
  );
}

export function InvitationList({ org, invitations }: { org: Organisation; invitations: readonly Invitation[] }) {
  const params = (invitation: Invitation) => ({ orgId: org.id, invitationId: invitation.id });
  const resend = usePeopleChange(
    org.id,
    (invitation: Invitation) => call('invitationResend', { params: params(invitation) }),
    ({ email }) => `Sent to ${email} again. The earlier link stopped working.`,
  );
  const revoke = usePeopleChange(
    org.id,
    (invitation: Invitation) => call('invitationRevoke', { params: params(invitation) }),
    ({ email }) => `The invitation of ${email} is taken back.`,
  );
  const failed = resend.error ?? revoke.error;
  return (
    <div className="flex flex-col gap-3">
      {failed === null ? null : <FailureNotice failure={toFailure(failed)} />}
      {invitations.length === 0 ? <p className="border-y border-line py-6 text-soft">Nobody is invited.</p> : null}
      <ul>
        {invitations.map((invitation) => (
          <li
            key={invitation.id}
            className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2 border-b border-line py-3"
          >
            <div className="min-w-0 text-sm">
              <p className="font-medium break-all">{invitation.email}</p>
              <p className="text-soft">
                {roleWords[invitation.role].name}, invited by {invitation.invitedBy}, sent{' '}
                <When at={invitation.sentAt} />
                {invitation.expired ? '. Expired: send it again.' : ''}
              </p>
            </div>
            <div className="flex flex-wrap gap-2">
              <Button
                busy={resend.isPending && resend.variables === invitation}
                aria-label={`Send again the invitation of ${invitation.email}`}
                onClick={() => resend.mutate(invitation)}
              >
                Send again
              </Button>
              <Button
                busy={revoke.isPending && revoke.variables === invitation}
                aria-label={`Take back the invitation of ${invitation.email}`}
                onClick={() => revoke.mutate(invitation)}
              >
                Take back
              </Button>
            </div>
          </li>
        ))}
      </ul>
    </div>
  );
}
