/** What Hono carries with each request. */
import type { KeyScope } from '../contract/roles.ts';
import type { Context } from '../context.ts';
import type { Env } from '../env.ts';

/** Who sent the request. */
export interface Session {
  /** A person's id, or an API key's (`key_…`): what rows are looked up for. */
  readonly userId: string;
  /** Of a person's session; empty for a key. */
  readonly token: string;
  readonly keyScope?: KeyScope;
}

export interface AppEnv {
  Bindings: Env;
  Variables: { ctx: Context; requestId: string };
}
