/** Create an account. The first assistant is the next page. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { createFileRoute, Link, useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { signUp } from '../../api/auth.ts';
import { toFailure } from '../../api/errors.ts';
import { systemQuery } from '../../api/queries.ts';
import { HumanCheck } from '../../account/human-check.tsx';
import { continueAfterSignIn } from '../../shell/after-sign-in.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Field, PasswordField } from '../../ui/field.tsx';
import { formText } from '../../ui/form-text.ts';
import { FailureNotice } from '../../ui/notice.tsx';
import { PageTitle } from '../../ui/page-title.tsx';
import { passwordHint, passwordMinLength, passwordProblem } from '../../account/password-rule.ts';

export const Route = createFileRoute('/_auth/sign-up')({ component: SignUp });

function SignUp() {
  const { next } = Route.useSearch();
  const router = useRouter();
  const queryClient = useQueryClient();
  const { data: system } = useQuery(systemQuery);
  const siteKey = system?.humanCheckSiteKey ?? null;
  const [humanToken, setHumanToken] = useState<string | null>(null);
  // A token works once: after a refusal the check is made anew.
  const [round, setRound] = useState(0);
  const [weak, setWeak] = useState<string | null>(null);
  const [waitingFor, setWaitingFor] = useState<string | null>(null);
  const create = useMutation({
    mutationFn: (form: FormData) =>
      signUp({
        name: formText(form, 'name').trim(),
        email: formText(form, 'email'),
        password: formText(form, 'password'),
        ...(humanToken === null ? {} : { humanToken }),
      }),
    onError: () => {
      setHumanToken(null);
      setRound((n) => n + 1);
    },
    onSuccess: async (signedIn, form) => {
      if (signedIn) await continueAfterSignIn(router, queryClient, next, '/new');
      else setWaitingFor(formText(form, 'email'));
    },
  });
  if (waitingFor !== null) return <CheckMail email={waitingFor} />;
  return (
    <div className="flex flex-col gap-7">
      <div className="flex flex-col gap-2">
        <PageTitle tab="Create an account">Create an account</PageTitle>
        <p className="text-soft">
          Then name your assistant. It is up in under a minute, and it costs nothing while it sleeps.
        </p>
      </div>
      {create.isError ? <FailureNotice failure={toFailure(create.error)} /> : null}
      <form
        className="flex flex-col gap-5"
        onSubmit={(event) => {
          event.preventDefault();
          if (create.isPending) return;
          const form = new FormData(event.currentTarget);
          const problem = passwordProblem(formText(form, 'password'));
          setWeak(problem);
          if (problem === null) create.mutate(form);
        }}
      >
        <Field label="Your name" name="name" autoComplete="name" required maxLength={60} />
        <Field label="E-mail address" name="email" type="email" autoComplete="email" required maxLength={254} />
        <PasswordField
          label="Password"
          name="password"
          autoComplete="new-password"
          required
          minLength={passwordMinLength}
          maxLength={128}
          hint={passwordHint}
          error={weak}
        />
        {siteKey === null ? null : <HumanCheck key={round} siteKey={siteKey} onToken={setHumanToken} />}
        <Button kind="primary" type="submit" busy={create.isPending || create.isSuccess} wide>
          Create account
        </Button>
      </form>
      <p className="text-sm">
        Have one?{' '}
        <Link to="/sign-in" search={next === undefined ? {} : { next }} className="link">
          Sign in
        </Link>
      </p>
    </div>
  );
}

function CheckMail({ email }: { email: string }) {
  return (
    <div className="flex flex-col gap-4">
      <PageTitle tab="Look into your mail">Look into your mail</PageTitle>
      <p>
        We wrote to {email}. If you have an account with this address, sign in with its password, or choose a new one.
      </p>
      <div className="flex flex-wrap gap-2">
        <Link to="/sign-in" className={buttonClass('primary')}>
          Go to sign in
        </Link>
        <Link to="/forgot-password" className={buttonClass('plain')}>
          Choose a new password
        </Link>
      </div>
    </div>
  );
}
