/** The link in the mail lands here with a token, or with an error when the link is too old. */
import { useMutation } from '@tanstack/react-query';
import { createFileRoute, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { passwordHint, passwordMinLength, passwordProblem } from '../../account/password-rule.ts';
import { resetPassword } from '../../api/auth.ts';
import { toFailure } from '../../api/errors.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { PasswordField } from '../../ui/field.tsx';
import { formText } from '../../ui/form-text.ts';
import { FailureNotice } from '../../ui/notice.tsx';
import { PageTitle } from '../../ui/page-title.tsx';
import { showToast } from '../../ui/toast.tsx';

export const Route = createFileRoute('/_auth/reset-password')({
  validateSearch: (search: Record<string, unknown>): { token?: string } =>
    typeof search['token'] === 'string' && search['token'].length <= 256
      ? { token: search['token'] }
      : { token: undefined },
  component: ResetPassword,
});

function ResetPassword() {
  const { token } = Route.useSearch();
  const navigate = useNavigate();
  const [weak, setWeak] = useState<string | null>(null);
  const save = useMutation({
    mutationFn: (newPassword: string) => resetPassword({ token: token ?? '', newPassword }),
    onSuccess: async () => {
      showToast({ tone: 'done', text: 'The new password is set. Sign in with it.' });
      await navigate({ to: '/sign-in' });
    },
  });
  if (token === undefined) {
    return (
      <div className="flex flex-col items-start gap-5">
        <PageTitle tab="New password">This link does not work any more</PageTitle>
        <p className="text-soft">It was used, or it is more than an hour old.</p>
        <Link to="/forgot-password" className={buttonClass('primary')}>
          Send a new link
        </Link>
      </div>
    );
  }
  return (
    <div className="flex flex-col gap-7">
      <PageTitle tab="New password">Choose a new password</PageTitle>
      {save.isError ? (
        <FailureNotice failure={toFailure(save.error)}>
          <Link to="/forgot-password" className="link text-sm font-semibold">
            Send a new link
          </Link>
        </FailureNotice>
      ) : null}
      <form
        className="flex flex-col gap-5"
        onSubmit={(event) => {
          event.preventDefault();
          const password = formText(new FormData(event.currentTarget), 'password');
          const problem = passwordProblem(password);
          setWeak(problem);
          if (problem === null && !save.isPending) save.mutate(password);
        }}
      >
        <PasswordField
          label="New password"
          name="password"
          autoComplete="new-password"
          required
          minLength={passwordMinLength}
          maxLength={128}
          hint={passwordHint}
          error={weak}
        />
        <Button kind="primary" type="submit" busy={save.isPending} wide>
          Save the password
        </Button>
      </form>
    </div>
  );
}
