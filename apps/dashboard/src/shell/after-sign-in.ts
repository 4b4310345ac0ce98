/** Where a person goes once signed in: on to `next` (a full navigation where the server answers it), or home. */
import type { QueryClient } from '@tanstack/react-query';
import type { AnyRouter } from '@tanstack/react-router';
import { meQuery } from '../api/queries.ts';
import { isServerPath, parseNextPath } from '../ui/next-path.ts';

/**
 * @param wanted from the address bar: anything that is not a safe path of this origin becomes `otherwise`
 */
export async function continueAfterSignIn(
  router: AnyRouter,
  queryClient: QueryClient,
  wanted: string | undefined,
  otherwise: '/' | '/new',
): Promise<void> {
  const next = parseNextPath(wanted) ?? otherwise;
  if (isServerPath(next)) {
    window.location.assign(next);
    return;
  }
  queryClient.clear();
  await queryClient.fetchQuery(meQuery);
  router.history.push(next);
}
