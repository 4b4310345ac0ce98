/**
 * The cache's rules: only what may succeed later is tried again, at most twice; a session that ended while a page
 * was open leads to sign-in and back to the same page.
 */
import { QueryCache, QueryClient } from '@tanstack/react-query';
import { toFailure } from './errors.ts';
import { keys } from './queries.ts';

const retryMax = 2;

/** @param onSessionEnded called with the path to come back to */
export function makeQueryClient(onSessionEnded: (next: string) => void): QueryClient {
  const client = new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        // Before the first sign-in there is no cached person: the route guard handles that case.
        if (toFailure(error).status !== 401 || client.getQueryData(keys.me) === undefined) return;
        client.clear();
        onSessionEnded(`${window.location.pathname}${window.location.search}`);
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 2_000,
        retry: (failures, error) => failures < retryMax && toFailure(error).retryable,
        retryDelay: (attempt) => 600 * 2 ** attempt,
      },
      mutations: { retry: false },
    },
  });
  return client;
}
