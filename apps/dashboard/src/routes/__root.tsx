/** The frame around every route: the announcer, toasts, and the page. */
import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, Outlet } from '@tanstack/react-router';
import { Announcer } from '../shell/announcer.tsx';
import { PageNotFound } from '../shell/page-states.tsx';
import { Wordmark } from '../shell/wordmark.tsx';
import { Toasts } from '../ui/toast.tsx';

export interface RouterContext {
  readonly queryClient: QueryClient;
}

export const Route = createRootRouteWithContext<RouterContext>()({
  component: RootFrame,
  notFoundComponent: BareNotFound,
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
    <main className="mx-auto flex min-h-dvh max-w-6xl flex-col gap-16 px-4 py-6 sm:px-6">
      <Wordmark />
      <PageNotFound />
    </main>
  );
}
