/** Strips under the header: no connection, an e-mail address that is not confirmed yet. */
import { onlineManager, useMutation } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import type { Me, System } from '../../../control-plane/src/contract/api.ts';
import { sendVerification } from '../api/auth.ts';
import { toFailure } from '../api/errors.ts';
import { Strip } from '../ui/notice.tsx';
import { showToast } from '../ui/toast.tsx';

export function OfflineBanner() {
  const online = useSyncExternalStore(
    (listener) => onlineManager.subscribe(listener),
    () => onlineManager.isOnline(),
  );
  return (
    <div role="status">
      {online ? null : (
        <Strip tone="sand">You are offline. What you see is the last known state; it updates by itself.</Strip>
      )}
    </div>
  );
}

const stripAction = 'link min-h-8 text-sm font-semibold inline-flex items-center';

export function VerifyBanner({ me, system }: { me: Me; system: System | undefined }) {
  const resend = useMutation({
    mutationFn: () => sendVerification(me.user.email),
    onSuccess: () => showToast({ tone: 'done', text: `Sent to ${me.user.email}.` }),
    onError: (error) => showToast({ tone: 'problem', text: `${toFailure(error).detail} ${toFailure(error).next}` }),
  });
  if (me.user.emailVerified) return null;
  return (
    <Strip
      tone="shoal"
      action={
        <span className="flex gap-4">
          {system?.outboxUrl ? (
            <a href={system.outboxUrl} target="_blank" rel="noreferrer" className={stripAction}>
              Open the outbox
            </a>
          ) : null}
          <button
            type="button"
            className={stripAction}
            aria-busy={resend.isPending}
            onClick={() => resend.isPending || resend.mutate()}
          >
            {resend.isPending ? 'Sending' : 'Send it again'}
          </button>
        </span>
      }
    >
      Confirm {me.user.email} with the link we sent, so that you can always get back in.
    </Strip>
  );
}
