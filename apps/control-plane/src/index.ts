/** The control plane's entry: HTTP, events of the cells, and the sweep. Thin. */
import { createApp } from './app.ts';
import { createContext } from './context.ts';
import type { Context } from './context.ts';
import type { Env } from './env.ts';
import { sweep } from './jobs/sweep.ts';
import { consumeTenantEvents } from './jobs/tenant-events.ts';

/** One per isolate: building the sign-in library takes milliseconds. Bindings are the same for every request. */
let built: { ctx: Context; app: ReturnType<typeof createApp> } | null = null;

function build(env: Env): { ctx: Context; app: ReturnType<typeof createApp> } {
  if (built === null) {
    const ctx = createContext(env);
    built = { ctx, app: createApp(ctx) };
  }
  return built;
}

export default {
  fetch: (request, env, execution) => build(env).app.fetch(request, env, execution),
  queue: (batch, env) => consumeTenantEvents(batch.messages, build(env).ctx),
  scheduled: async (_controller, env) => {
    await sweep(build(env).ctx);
  },
} satisfies ExportedHandler<Env>;
