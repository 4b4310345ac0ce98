/** What every route falls back to: on its way, failed, not there. */
import { useQueryClient } from '@tanstack/react-query';
import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router';
import { toFailure } from '../api/errors.ts';
import { buttonClass } from '../ui/button.tsx';
import { FailureNotice } from '../ui/notice.tsx';
import { PageTitle } from '../ui/page-title.tsx';
import { Loading, Skeleton } from '../ui/skeleton.tsx';

export function PagePending() {
  return (
    <div className="flex flex-col gap-6">
      <Loading label="Loading the page" />
      <Skeleton className="h-9 w-64" />
      <Skeleton className="h-40 w-full rounded-lg" />
      <Skeleton className="h-40 w-full rounded-lg" />
    </div>
  );
}

export function PageError({ error }: ErrorComponentProps) {
  const router = useRouter();
  const queryClient = useQueryClient();
  const failure = toFailure(error);
  if (failure.status === 404) return <PageNotFound />;
  const title = failure.status === 403 ? 'You cannot see this' : 'This page could not be loaded';
  return (
    <div className="flex max-w-2xl flex-col gap-6">
      <PageTitle tab={title}>{title}</PageTitle>
      <FailureNotice
        failure={failure}
        onRetry={() => {
          void queryClient
            .resetQueries({ predicate: (query) => query.state.status === 'error' })
            .then(() => router.invalidate());
        }}
      />
      <p>
        <Link to="/" className="link">
          Go to your assistants
        </Link>
      </p>
    </div>
  );
}

export function PageNotFound() {
  return (
    <div className="flex max-w-2xl flex-col items-start gap-6">
      <PageTitle tab="Not found">There is nothing here</PageTitle>
      <p className="text-soft">
        The address may be mistyped, the assistant may be deleted, or it belongs to an organisation you are not a member
        of.
      </p>
      <Link to="/" className={buttonClass('primary')}>
        Go to your assistants
      </Link>
    </div>
  );
}
