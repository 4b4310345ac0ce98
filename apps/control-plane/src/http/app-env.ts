/** What Hono carries with each request. */
import type { Context } from '../context.ts';
import type { Env } from '../env.ts';

export interface SessionUser {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly emailVerified: boolean;
}

export interface Session {
  readonly user: SessionUser;
  readonly token: string;
}

export interface AppEnv {
  Bindings: Env;
  Variables: { ctx: Context; requestId: string; session: Session | null };
}
