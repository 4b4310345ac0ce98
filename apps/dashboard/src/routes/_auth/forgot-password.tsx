/** Ask for a link that sets a new password. The answer is the same whether the account exists or not. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { createFileRoute, Link } from '@tanstack/react-router';
import { requestPasswordReset } from '../../api/auth.ts';
import { toFailure } from '../../api/errors.ts';
import { systemQuery } from '../../api/queries.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { formText } from '../../ui/form-text.ts';
import { FailureNotice } from '../../ui/notice.tsx';
import { PageTitle } from '../../ui/page-title.tsx';

export const Route = createFileRoute('/_auth/forgot-password')({ component: ForgotPassword });

function ForgotPassword() {
  const { data: system } = useQuery(systemQuery);
  const ask = useMutation({ mutationFn: (email: string) => requestPasswordReset(email) });
  return (
    <div className="flex flex-col gap-7">
      <div className="flex flex-col gap-2">
        <PageTitle tab="New password">Set a new password</PageTitle>
        <p className="text-soft">We send a link to your e-mail address. It works once, for an hour.</p>
      </div>
      {ask.isError ? <FailureNotice failure={toFailure(ask.error)} /> : null}
      {ask.isSuccess ? (
        <div role="status" className="rounded-md border border-tide/30 bg-shoal p-4 text-sm">
          <p className="font-semibold">Look into your mail</p>
          <p>
            If {ask.variables} has an account, the link is on its way. Nothing there after a minute? Check the spelling
            and send it again.
          </p>
          {system?.outboxUrl ? (
            <p className="mt-2">
              <a href={system.outboxUrl} target="_blank" rel="noreferrer" className="link">
                Open the local outbox
              </a>
            </p>
          ) : null}
        </div>
      ) : null}
      <form
        className="flex flex-col gap-5"
        onSubmit={(event) => {
          event.preventDefault();
          if (!ask.isPending) ask.mutate(formText(new FormData(event.currentTarget), 'email'));
        }}
      >
        <Field label="E-mail address" name="email" type="email" autoComplete="username" required maxLength={254} />
        <Button kind="primary" type="submit" busy={ask.isPending} wide>
          {ask.isSuccess ? 'Send it again' : 'Send the link'}
        </Button>
      </form>
      <p className="text-sm">
        <Link to="/sign-in" className="link">
          Back to sign in
        </Link>
      </p>
    </div>
  );
}
