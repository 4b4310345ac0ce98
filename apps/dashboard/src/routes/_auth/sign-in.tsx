/** Sign in with e-mail and password. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { createFileRoute, Link, useRouter } from '@tanstack/react-router';
import { signIn } from '../../api/auth.ts';
import { toFailure } from '../../api/errors.ts';
import { systemQuery } from '../../api/queries.ts';
import { continueAfterSignIn } from '../../shell/after-sign-in.ts';
import { Button } from '../../ui/button.tsx';
import { Field, PasswordField } from '../../ui/field.tsx';
import { formText } from '../../ui/form-text.ts';
import { FailureNotice } from '../../ui/notice.tsx';
import { PageTitle } from '../../ui/page-title.tsx';

export const Route = createFileRoute('/_auth/sign-in')({ component: SignIn });

function SignIn() {
  const { next } = Route.useSearch();
  const router = useRouter();
  const queryClient = useQueryClient();
  const { data: system } = useQuery(systemQuery);
  const enter = useMutation({
    mutationFn: (form: FormData) => signIn({ email: formText(form, 'email'), password: formText(form, 'password') }),
    onSuccess: () => continueAfterSignIn(router, queryClient, next, '/'),
  });
  return (
    <div className="flex flex-col gap-7">
      <PageTitle tab="Sign in">Sign in</PageTitle>
      {enter.isError ? <FailureNotice failure={toFailure(enter.error)} /> : null}
      <form
        className="flex flex-col gap-5"
        onSubmit={(event) => {
          event.preventDefault();
          if (!enter.isPending) enter.mutate(new FormData(event.currentTarget));
        }}
      >
        <Field label="E-mail address" name="email" type="email" autoComplete="username" required maxLength={254} />
        <PasswordField label="Password" name="password" autoComplete="current-password" required maxLength={128} />
        <Button kind="primary" type="submit" busy={enter.isPending || enter.isSuccess} wide>
          Sign in
        </Button>
      </form>
      <div className="flex flex-col gap-2 text-sm">
        <p>
          New here?{' '}
          <Link
            to="/sign-up"
            reloadDocument={typeof system?.humanCheckSiteKey === 'string'}
            search={next === undefined ? {} : { next }}
            className="link"
          >
            Create an account
          </Link>
        </p>
        <p>
          <Link to="/forgot-password" className="link">
            Set a new password by e-mail
          </Link>
        </p>
      </div>
    </div>
  );
}
