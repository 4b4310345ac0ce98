/** The composition root: everything a request, a queue batch or a cron run needs, wired once per isolate. */
import { waitUntil } from 'cloudflare:workers';
import { drizzle } from 'drizzle-orm/d1';
import type { DrizzleD1Database } from 'drizzle-orm/d1';
import { noHumanCheck, turnstile } from './adapters/human-check.ts';
import type { HumanCheck } from './adapters/human-check.ts';
import { rateCounter } from './adapters/rate-counter.ts';
import { createAuth } from './adapters/auth.ts';
import type { Auth } from './adapters/auth.ts';
import { boundedCell } from './adapters/cell.ts';
import { gatewayLogs } from './adapters/gateway-logs.ts';
import type { GatewayLogs } from './adapters/gateway-logs.ts';
import { CloudflareMailer, OutboxMailer } from './adapters/mail.ts';
import type { Mailer } from './adapters/mail.ts';
import { createBilling } from './billing.ts';
import type { Billing } from './billing.ts';
import { realSystem } from './adapters/system.ts';
import type { System } from './adapters/system.ts';
import { RateLimits } from './contract/rate-limit.ts';
import type { RateCounter } from './contract/rate-limit.ts';
import type { TenantControl } from './contract/tenant-rpc.ts';
import { readConfig } from './env.ts';
import { describeError, printEvent as log } from './events.ts';
import type { Log } from './events.ts';
import type { Config, Env } from './env.ts';
import { accountEventKeep } from './services/account-events.ts';
import { personalOrganisationCreate } from './services/people.ts';
import { endSessions, sessionEnded } from './services/session-endings.ts';

export interface Context {
  readonly config: Config;
  readonly d1: D1Database;
  readonly db: DrizzleD1Database;
  /** Never throws: a cell that is away is a refusal. */
  readonly tenants: TenantControl;
  readonly auth: Auth;
  /** Where heads of audit chains are kept, outside the database. */
  readonly anchors: R2Bucket;
  readonly limits: RateLimits;
  readonly human: HumanCheck;
  readonly mailer: Mailer;
  /** Null where nothing is charged. */
  readonly billing: Billing | null;
  /** The gateway's own log; null where it cannot be read. */
  readonly witness: GatewayLogs | null;
  /** The kept mail, where mail is kept. */
  readonly outbox: OutboxMailer | null;
  readonly system: System;
  /** Runs work after the answer; its failure is logged. */
  later(work: Promise<unknown>): void;
  readonly log: Log;
}

export interface ContextOverrides {
  readonly d1?: D1Database;
  readonly tenants?: TenantControl;
  readonly system?: System;
  readonly counter?: RateCounter;
  readonly human?: HumanCheck;
  readonly billing?: Billing;
  readonly waitUntil?: (work: Promise<unknown>) => void;
}

export function createContext(env: Env, overrides: ContextOverrides = {}): Context {
  const { config, secrets, stripe, witness: witnessConfig } = readConfig(env);
  const d1 = overrides.d1 ?? env.DB;
  const db = drizzle(d1);
  const system = overrides.system ?? realSystem;
  const keepAlive = overrides.waitUntil ?? waitUntil;
  const later = (work: Promise<unknown>): void =>
    keepAlive(work.catch((error: unknown) => log('later.failed', { error: describeError(error) })));
  const outbox = config.mail === 'outbox' ? new OutboxMailer({ db, system }) : null;
  const mailer =
    outbox ??
    (env.EMAIL === undefined
      ? null
      : new CloudflareMailer({ db, system, binding: env.EMAIL, from: config.mailFrom, log }));
  if (mailer === null) throw new Error('configuration: no way to send mail');
  const tenants = boundedCell(overrides.tenants ?? env.TENANTS, log);
  const limits = new RateLimits({
    counter: overrides.counter ?? rateCounter(env),
    nowMs: () => system.nowMs(),
    failed: (error) => log('rate.uncounted', { error: describeError(error) }),
  });
  const human =
    overrides.human ??
    (secrets.turnstile === null
      ? noHumanCheck
      : turnstile({
          ...secrets.turnstile,
          hostname: new URL(config.platformOrigin).hostname,
          fetch: (url, init) => fetch(url, init),
          newKey: () => crypto.randomUUID(),
          log,
        }));
  const billing = overrides.billing ?? (stripe === null ? null : createBilling(stripe));
  const witness = witnessConfig === null ? null : gatewayLogs(witnessConfig);
  const base = {
    config,
    anchors: env.AUDIT_ANCHORS,
    d1,
    db,
    tenants,
    limits,
    human,
    mailer,
    billing,
    witness,
    outbox,
    system,
    later,
    log,
  };
  const auth = createAuth({
    config,
    secret: secrets.betterAuthSecret,
    db,
    mailer,
    system,
    log,
    later,
    onUserCreated: async (user) => {
      // Made again by the first look at /me when this fails; the account stands.
      await personalOrganisationCreate(base, user).catch((error: unknown) =>
        log('organisation.deferred', { user: user.id, error: describeError(error) }),
      );
    },
    onSessionEnded: async (session) => {
      // Not written down, they end by their own time on the tenant host (12 hours unused, 7 days at most).
      const rows = await sessionEnded(base, session).catch((error: unknown) => {
        log('session.ending_not_kept', { user: session.userId, error: describeError(error) });
        return [];
      });
      later(endSessions(base, rows));
    },
    onAccountEvent: (event) => accountEventKeep(base, event),
  });
  return { ...base, auth };
}
