/** Change the password. Other devices are signed out, because a changed password mostly means a worry. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { changePassword } from '../api/auth.ts';
import { toFailure } from '../api/errors.ts';
import { keys } from '../api/queries.ts';
import { Button } from '../ui/button.tsx';
import { PasswordField } from '../ui/field.tsx';
import { formText } from '../ui/form-text.ts';
import { FailureNotice } from '../ui/notice.tsx';
import { showToast } from '../ui/toast.tsx';
import { passwordHint, passwordMinLength, passwordProblem } from './password-rule.ts';

export function PasswordForm({ email }: { email: string }) {
  const form = useRef<HTMLFormElement>(null);
  const queryClient = useQueryClient();
  const [weak, setWeak] = useState<string | null>(null);
  const save = useMutation({
    mutationFn: changePassword,
    onSuccess: () => {
      form.current?.reset();
      for (const queryKey of [keys.sessions, keys.accountEvents]) void queryClient.invalidateQueries({ queryKey });
      showToast({ tone: 'done', text: 'The password is changed. Other devices are signed out.' });
    },
  });
  return (
    <form
      ref={form}
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        const data = new FormData(event.currentTarget);
        const newPassword = formText(data, 'newPassword');
        const problem = passwordProblem(newPassword);
        setWeak(problem);
        if (problem === null && !save.isPending)
          save.mutate({ currentPassword: formText(data, 'currentPassword'), newPassword });
      }}
    >
      <input type="hidden" name="username" autoComplete="username" value={email} readOnly />
      <PasswordField
        label="Current password"
        name="currentPassword"
        autoComplete="current-password"
        required
        maxLength={128}
      />
      <PasswordField
        label="New password"
        name="newPassword"
        autoComplete="new-password"
        required
        minLength={passwordMinLength}
        maxLength={128}
        hint={passwordHint}
        error={weak}
      />
      {save.isError ? <FailureNotice failure={toFailure(save.error)} /> : null}
      <div>
        <Button type="submit" busy={save.isPending}>
          Change password
        </Button>
      </div>
    </form>
  );
}
