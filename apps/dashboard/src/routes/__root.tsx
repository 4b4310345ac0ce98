/** The frame around every route: the announcer, toasts, and the page. */
import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, type ErrorComponentProps, Outlet } from '@tanstack/react-router';
import { Announcer } from '../shell/announcer.tsx';
import { BareFrame } from '../shell/bare-frame.tsx';
import { PageError, PageNotFound } from '../shell/page-states.tsx';
import { Toasts } from '../ui/toast.tsx';

export interface RouterContext {
  readonly queryClient: QueryClient;
}

export const Route = createRootRouteWithContext<RouterContext>()({
  component: RootFrame,
  notFoundComponent: BareNotFound,
  errorComponent: BareError,
});

function RootFrame() {
  return (
    <>
      <Outlet />
      <Announcer />
      <Toasts />
    </>
  );
}

function BareNotFound() {
  return (
    <BareFrame>
      <PageNotFound />
    </BareFrame>
  );
}

function BareError(props: ErrorComponentProps) {
  return (
    <BareFrame>
      <PageError {...props} />
    </BareFrame>
  );
}
