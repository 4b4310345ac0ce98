/** What Hono carries with each request. */
import type { Context } from '../context.ts';
import type { Env } from '../env.ts';

/** Who sent the request. */
export interface Session {
  readonly userId: string;
  readonly token: string;
}

export interface AppEnv {
  Bindings: Env;
  Variables: { ctx: Context; requestId: string };
}
