// A Worker that is away, for tests of what goes on without it: its name and queues are there, and everything fails.

import type { LoadedWorker } from './workers.ts';

const script = `
const away = () => { throw new Error('this Worker is away'); };
export default { fetch: () => new Response('away', { status: 503 }), queue: away, scheduled: away };
`;

/** The same Worker with nothing behind it: no code, no database, no files, nobody to call. */
export function withoutService(worker: LoadedWorker): LoadedWorker {
  const { name, compatibilityDate, compatibilityFlags, queueConsumers, routes } = worker.options;
  return {
    ...worker,
    options: {
      name,
      compatibilityDate,
      compatibilityFlags,
      queueConsumers,
      ...(routes === undefined ? {} : { routes }),
      modules: [{ type: 'ESModule', path: 'away.mjs', contents: script }],
    },
  };
}
