/** Everything behind sign-in: the guard, the organisation, the shell. */
import { useQuery } from '@tanstack/react-query';
import { createFileRoute, Outlet, redirect } from '@tanstack/react-router';
import { ApiError, type Failure, toFailure } from '../api/errors.ts';
import { meQuery, systemQuery } from '../api/queries.ts';
import { BillingBanner } from '../billing/billing-banner.tsx';
import { activeOrg } from '../shell/active-org.ts';
import { AppHeader } from '../shell/app-header.tsx';
import { OfflineBanner, VerifyBanner } from '../shell/banners.tsx';
import { BareFrame } from '../shell/bare-frame.tsx';
import { PageError, PagePending } from '../shell/page-states.tsx';
import { SystemFooter } from '../shell/stand-ins.tsx';

const noOrganisation: Failure = {
  status: 409,
  code: 'no_organisation',
  title: 'You are in no organisation',
  detail: 'This account belongs to no organisation, so it has no place for assistants.',
  next: 'Ask to be invited again, or sign up with another address.',
  requestId: null,
  retryable: true,
  fields: [],
};

export const Route = createFileRoute('/_app')({
  beforeLoad: async ({ context, location }) => {
    const me = await context.queryClient.ensureQueryData(meQuery).catch((error: unknown) => {
      if (toFailure(error).status === 401) {
        throw redirect({ to: '/sign-in', search: location.href === '/' ? {} : { next: location.href } });
      }
      throw error;
    });
    const org = activeOrg(me);
    if (org === undefined) throw new ApiError(noOrganisation);
    return { org };
  },
  component: Shell,
  pendingComponent: () => (
    <BareFrame>
      <PagePending />
    </BareFrame>
  ),
  errorComponent: (props) => (
    <BareFrame>
      <PageError {...props} />
    </BareFrame>
  ),
});

function Shell() {
  const { org } = Route.useRouteContext();
  const { data: me } = useQuery(meQuery);
  const { data: system } = useQuery(systemQuery);
  if (me === undefined) return null;
  return (
    <div className="flex min-h-dvh flex-col">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-md focus:bg-ink focus:px-4 focus:py-2 focus:text-fog"
      >
        Skip to the page
      </a>
      <AppHeader me={me} org={org} />
      <OfflineBanner />
      <VerifyBanner me={me} system={system} />
      <BillingBanner org={org} />
      <main id="main" tabIndex={-1} className="mx-auto w-full max-w-6xl flex-1 px-4 pt-8 outline-none sm:px-6 sm:pt-10">
        <Outlet />
      </main>
      <SystemFooter system={system} />
    </div>
  );
}
