/** The signed-in person: name, e-mail, password, devices, what was done lately; and the organisation's API keys. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { createFileRoute } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { AccountEvents } from '../../account/account-events.tsx';
import { PasswordForm } from '../../account/password-form.tsx';
import { ProfileForm } from '../../account/profile-form.tsx';
import { SessionList } from '../../account/session-list.tsx';
import { ApiKeySection } from '../../api-keys/api-key-section.tsx';
import { meQuery } from '../../api/queries.ts';
import { PageTitle } from '../../ui/page-title.tsx';

export const Route = createFileRoute('/_app/account')({ component: Account });

function Account() {
  const { data: me } = useSuspenseQuery(meQuery);
  const { org } = Route.useRouteContext();
  return (
    <div>
      <PageTitle tab="Account">Account</PageTitle>
      <div className="mt-6 flex flex-col">
        <Section title="You">
          <ProfileForm me={me} />
        </Section>
        <Section title="Password" note="Other devices are signed out when you change it.">
          <PasswordForm email={me.user.email} />
        </Section>
        <Section title="Where you are signed in">
          <SessionList />
        </Section>
        <Section
          title="Recent activity"
          note="Kept for half a year, without network addresses. Is there something that wasn't you? Change your password."
        >
          <AccountEvents />
        </Section>
        <Section title="API keys" note={`For programs that act in ${org.name}.`}>
          <ApiKeySection org={org} />
        </Section>
      </div>
    </div>
  );
}

function Section({ title, note, children }: { title: string; note?: string; children: ReactNode }) {
  return (
    <section className="grid gap-x-12 gap-y-4 border-t border-line py-8 md:grid-cols-[16rem_minmax(0,28rem)]">
      <div>
        <h2 className="text-lg font-semibold">{title}</h2>
        {note === undefined ? null : <p className="mt-1 text-sm text-soft">{note}</p>}
      </div>
      <div>{children}</div>
    </section>
  );
}
