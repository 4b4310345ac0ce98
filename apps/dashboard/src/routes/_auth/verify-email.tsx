/** Where the confirmation link comes back to: the server has checked the token and says how it went. */
import { useQueryClient } from '@tanstack/react-query';
import { createFileRoute, Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import { keys } from '../../api/queries.ts';
import { buttonClass } from '../../ui/button.tsx';
import { PageTitle } from '../../ui/page-title.tsx';

export const Route = createFileRoute('/_auth/verify-email')({
  validateSearch: (search: Record<string, unknown>): { error?: string } => ({
    error: typeof search['error'] === 'string' ? search['error'].slice(0, 60) : undefined,
  }),
  component: VerifyEmail,
});

function VerifyEmail() {
  const { error } = Route.useSearch();
  const queryClient = useQueryClient();
  useEffect(() => void queryClient.invalidateQueries({ queryKey: keys.me }), [queryClient]);
  if (error !== undefined) {
    return (
      <div className="flex flex-col items-start gap-5">
        <PageTitle tab="Confirm your e-mail">The link did not work</PageTitle>
        <p className="text-soft">
          It is too old, or it was used before. Sign in and send a new one from the strip on top of the page.
        </p>
        <p className="text-xs text-soft">
          Code <code className="font-mono">{error}</code>
        </p>
        <Link to="/" className={buttonClass('primary')}>
          Go on
        </Link>
      </div>
    );
  }
  return (
    <div className="flex flex-col items-start gap-5">
      <PageTitle tab="E-mail confirmed">Your e-mail address is confirmed</PageTitle>
      <p className="text-soft">You can always get back in with it.</p>
      <Link to="/" className={buttonClass('primary')}>
        Go to your assistants
      </Link>
    </div>
  );
}
