/** Where a person goes once signed in: on to `next` (a full navigation where the server answers it), or home. */
import type { QueryClient } from '@tanstack/react-query';
import type { AnyRouter } from '@tanstack/react-router';
import { meQuery } from '../api/queries.ts';
import { isServerPath } from '../ui/next-path.ts';

/** @param next already parsed by `parseNextPath` */
export async function continueAfterSignIn(router: AnyRouter, queryClient: QueryClient, next: string): Promise<void> {
  if (isServerPath(next)) {
    window.location.assign(next);
    return;
  }
  queryClient.clear();
  await queryClient.fetchQuery(meQuery);
  router.history.push(next);
}
