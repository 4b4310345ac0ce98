/** Who is in, with what each may be given and what ends for them. */
import { useState } from 'react';
import { mayChangeMember, type Organisation } from '../../../control-plane/src/contract/api.ts';
import type { Member } from '../../../control-plane/src/contract/members-api.ts';
import { call } from '../api/client.ts';
import { toFailure } from '../api/errors.ts';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/dialog.tsx';
import { FailureNotice } from '../ui/notice.tsx';
import { When } from '../ui/when.tsx';
import { RoleSelect } from './role-select.tsx';
import { roleWords } from './role-words.ts';
import { usePeopleChange } from './use-people-change.ts';

export function MemberList({ org, myId, members }: { org: Organisation; myId: string; members: readonly Member[] }) {
  const [removing, setRemoving] = useState<Member | null>(null);
  const params = (member: Member) => ({ orgId: org.id, userId: member.userId });
  const change = usePeopleChange(
    org.id,
    ({ member, role }: { member: Member; role: Member['role'] }) =>
      call('memberUpdate', { params: params(member), body: { role } }),
    ({ member, role }) => `${member.name} is ${roleWords[role].name.toLowerCase()} now.`,
  );
  const remove = usePeopleChange(
    org.id,
    (member: Member) => call('memberRemove', { params: params(member) }),
    (member) => `${member.name} is removed.`,
  );
  const signOut = usePeopleChange(
    org.id,
    (member: Member) => call('memberSessionsEnd', { params: params(member) }),
    (member) => `${member.name} is signed out everywhere.`,
  );
  const failed = change.error ?? remove.error ?? signOut.error;
  return (
    <div className="flex flex-col gap-3">
      {failed === null ? null : <FailureNotice failure={toFailure(failed)} />}
      <ul>
        {members.map((member) => {
          const isMe = member.userId === myId;
          const may = mayChangeMember(org.role, { from: member.role, to: member.role });
          return (
            <li
              key={member.userId}
              className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3 border-b border-line py-4"
            >
              <div className="min-w-0">
                <p className="font-medium break-words">
                  {member.name} {isMe ? <span className="text-soft">(you)</span> : null}
                </p>
                <p className="text-sm break-all text-soft">
                  {member.email}, since <When at={member.joinedAt} />
                </p>
              </div>
              <div className="flex flex-wrap items-center gap-2">
                {may ? (
                  <>
                    <MemberRole
                      // Made anew with another role, whoever gave it.
                      key={member.role}
                      org={org}
                      member={member}
                      busy={change.isPending && change.variables.member.userId === member.userId}
                      onChange={(role) => change.mutate({ member, role })}
                    />
                    {isMe ? null : (
                      <>
                        <Button
                          busy={signOut.isPending && signOut.variables === member}
                          aria-label={`Sign out ${member.name} everywhere`}
                          onClick={() => signOut.mutate(member)}
                        >
                          Sign out
                        </Button>
                        <Button kind="danger" aria-label={`Remove ${member.name}`} onClick={() => setRemoving(member)}>
                          Remove
                        </Button>
                      </>
                    )}
                  </>
                ) : (
                  <span className="text-sm font-semibold">{roleWords[member.role].name}</span>
                )}
              </div>
            </li>
          );
        })}
      </ul>
      <ConfirmDialog
        open={removing !== null}
        title={`Remove ${removing?.name ?? ''}?`}
        confirmLabel="Remove"
        busy={remove.isPending}
        onClose={() => setRemoving(null)}
        onConfirm={() => {
          if (removing !== null) remove.mutate(removing, { onSettled: () => setRemoving(null) });
        }}
      >
        What they have open of the assistants closes within a minute. What they wrote stays.
      </ConfirmDialog>
    </div>
  );
}

interface MemberRoleProps {
  readonly org: Organisation;
  readonly member: Member;
  readonly busy: boolean;
  readonly onChange: (role: Member['role']) => void;
}

/** Chosen first and given with a button: a closed choice changes with every arrow key, and a role is power. */
function MemberRole({ org, member, busy, onChange }: MemberRoleProps) {
  const [role, setRole] = useState(member.role);
  return (
    <>
      <RoleSelect
        label={`Role of ${member.name}`}
        hideLabel
        value={role}
        disabled={busy}
        mayGive={(to) => mayChangeMember(org.role, { from: member.role, to })}
        onChange={setRole}
      />
      {role === member.role ? null : (
        <Button kind="primary" busy={busy} onClick={() => onChange(role)}>
          Give this role<span className="sr-only"> to {member.name}</span>
        </Button>
      )}
    </>
  );
}
