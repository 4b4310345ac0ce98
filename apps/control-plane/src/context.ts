/** The composition root: everything a request, a queue batch or a cron run needs, wired once per isolate. */
import { waitUntil } from 'cloudflare:workers';
import { drizzle } from 'drizzle-orm/d1';
import type { DrizzleD1Database } from 'drizzle-orm/d1';
import { createAuth } from './adapters/auth.ts';
import type { Auth } from './adapters/auth.ts';
import { CloudflareMailer, OutboxMailer } from './adapters/mail.ts';
import type { Mailer } from './adapters/mail.ts';
import { realSystem } from './adapters/system.ts';
import type { System } from './adapters/system.ts';
import type { TenantControl } from './contract/tenant-rpc.ts';
import { readConfig } from './env.ts';
import type { Config, Env } from './env.ts';
import { endTenantSessions } from './services/tenant-sessions.ts';

export interface Context {
  readonly config: Config;
  readonly d1: D1Database;
  readonly db: DrizzleD1Database;
  readonly tenants: TenantControl;
  readonly auth: Auth;
  readonly mailer: Mailer;
  /** The kept mail, where mail is kept. */
  readonly outbox: OutboxMailer | null;
  readonly system: System;
  log(event: string, fields: Readonly<Record<string, string | number | boolean | null>>): void;
}

export interface ContextOverrides {
  readonly d1?: D1Database;
  readonly tenants?: TenantControl;
  readonly system?: System;
}

export function createContext(env: Env, overrides: ContextOverrides = {}): Context {
  const { config, secrets } = readConfig(env);
  const d1 = overrides.d1 ?? env.DB;
  const db = drizzle(d1);
  const system = overrides.system ?? realSystem;
  const outbox = config.mail === 'outbox' ? new OutboxMailer(db, system) : null;
  const mailer = outbox ?? (env.EMAIL === undefined ? null : new CloudflareMailer(env.EMAIL, config.mailFrom));
  if (mailer === null) throw new Error('configuration: no way to send mail');
  const log: Context['log'] = (event, fields) => console.log(JSON.stringify({ log: event, ...fields }));
  const later = (work: Promise<unknown>): void =>
    waitUntil(work.catch((error: unknown) => log('later.failed', { error: String(error).slice(0, 300) })));
  const base = { config, d1, db, tenants: overrides.tenants ?? env.TENANTS, mailer, outbox, system, log };
  const auth = createAuth({
    config,
    secret: secrets.betterAuthSecret,
    db,
    mailer,
    later,
    onSessionEnded: (session) => endTenantSessions(base, session),
  });
  return { ...base, auth };
}
