/** Name and e-mail address of the signed-in person. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { CircleAlert, CircleCheck } from 'lucide-react';
import { useState } from 'react';
import type { Me } from '../../../control-plane/src/contract/api.ts';
import { updateName } from '../api/auth.ts';
import { toFailure } from '../api/errors.ts';
import { keys } from '../api/queries.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { FailureNotice } from '../ui/notice.tsx';
import { showToast } from '../ui/toast.tsx';

export function ProfileForm({ me }: { me: Me }) {
  const queryClient = useQueryClient();
  const [name, setName] = useState(me.user.name);
  const trimmed = name.trim();
  const save = useMutation({
    mutationFn: updateName,
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: keys.me });
      showToast({ tone: 'done', text: 'Your name is changed.' });
    },
  });
  return (
    <div className="flex flex-col gap-6">
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (trimmed !== '' && trimmed !== me.user.name && !save.isPending) save.mutate(trimmed);
        }}
      >
        <Field
          label="Your name"
          value={name}
          onChange={(event) => setName(event.target.value)}
          autoComplete="name"
          required
          maxLength={60}
        />
        {save.isError ? <FailureNotice failure={toFailure(save.error)} /> : null}
        <div>
          <Button
            type="submit"
            busy={save.isPending}
            disabledReason={trimmed === me.user.name ? 'This is your name already.' : undefined}
          >
            Change your name
          </Button>
        </div>
      </form>
      <div>
        <p className="text-sm font-semibold">E-mail address</p>
        <p className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1">
          <span className="break-all">{me.user.email}</span>
          {me.user.emailVerified ? (
            <span className="inline-flex items-center gap-1.5 text-sm text-tide">
              <CircleCheck size={15} aria-hidden /> Confirmed
            </span>
          ) : (
            <span className="inline-flex items-center gap-1.5 text-sm text-sand">
              <CircleAlert size={15} aria-hidden /> Not confirmed yet
            </span>
          )}
        </p>
      </div>
    </div>
  );
}
