/**
 * better-auth on D1: accounts, sessions, organisations. Everything else sees only `Auth`. What must hold: a static base
 * URL and one trusted origin; cookies for this host only; no answer of sign-up, sign-in or reset tells whether an address
 * has an account.
 *
 * Sign-up answers the same for a new and a taken address, so it makes no session: the page signs in with what it just
 * sent. The library, left to itself, answers a taken address with 422. Confirming the address is not needed to sign in.
 */
import { betterAuth } from 'better-auth';
import { drizzleAdapter } from 'better-auth/adapters/drizzle';
import { createAuthMiddleware, isAPIError } from 'better-auth/api';
import { organization } from 'better-auth/plugins/organization';
import type { DrizzleD1Database } from 'drizzle-orm/d1';
import type { AccountAction } from '../contract/audit.ts';
import { toPlace } from '../contract/place.ts';
import type { Place } from '../contract/place.ts';
import { quotas } from '../core/quotas.ts';
import { signInRates } from '../core/rate-policy.ts';
import type { Config } from '../env.ts';
import { withoutParameters } from '../events.ts';
import type { Log } from '../events.ts';
import { existingAccountMail, resetMail, verificationMail } from './auth-mails.ts';
import * as schema from './d1/auth-schema.ts';
import type { Mail, Mailer } from './mail.ts';
import type { System } from './system.ts';

/** Of a request to the library. */
export const countryHeader = 'cf-ipcountry';

/** A revoked session may go on being read from its cookie for this long, on reads only: changes look it up. */
const cookieCacheSeconds = 60;
const sessionSeconds = 14 * 86_400;
const verificationSeconds = 24 * 3_600;
const resetSeconds = 3_600;

export interface AuthDeps {
  readonly config: Config;
  readonly secret: string;
  readonly db: DrizzleD1Database;
  readonly mailer: Mailer;
  readonly system: System;
  readonly log: Log;
  /** Runs work after the answer, so that its time tells nothing. */
  readonly later: (work: Promise<unknown>) => void;
  readonly onUserCreated: (user: { id: string; name: string }) => Promise<void>;
  /** This sign-in ended: tenant sessions made from it end too. */
  readonly onSessionEnded: (session: { userId: string; token: string }) => Promise<void>;
  /** Done already; must not fail. */
  readonly onAccountEvent: (event: { userId: string; action: AccountAction; place: Place }) => Promise<void>;
}

export type Auth = ReturnType<typeof createAuth>;

/** `__Host-` binds a cookie to this very host; a browser takes the prefix with https only. */
export function cookieNames(config: Config): Record<'session_token' | 'session_data' | 'dont_remember', string> {
  const prefix = config.secure ? '__Host-tidepool' : 'tidepool';
  return {
    session_token: `${prefix}.session_token`,
    session_data: `${prefix}.session_data`,
    dont_remember: `${prefix}.dont_remember`,
  };
}

const idPrefixes: Readonly<Record<string, string>> = {
  user: 'usr',
  session: 'ses',
  organization: 'org',
  member: 'mem',
};

export function createAuth(deps: AuthDeps) {
  const { config, secret, db, mailer, system, log, later, onUserCreated, onSessionEnded, onAccountEvent } = deps;
  const send = (mail: Promise<Mail> | Mail): void => later(Promise.resolve(mail).then((made) => mailer.send(made)));
  const names = cookieNames(config);
  const attributes = { path: '/', httpOnly: true, sameSite: 'lax', secure: config.secure } as const;
  return betterAuth({
    appName: 'Tidepool',
    baseURL: config.platformOrigin,
    basePath: '/api/auth',
    secret,
    trustedOrigins: [config.platformOrigin],
    telemetry: { enabled: false },
    // Failures come to our own handler, and what is printed is ours: the library's would hold bound values of queries.
    onAPIError: { throw: true },
    logger: {
      level: 'error',
      log: (level, message) => log('auth.library', { level, message: withoutParameters(message) }),
    },
    database: drizzleAdapter(db, { provider: 'sqlite', schema }),
    emailAndPassword: {
      enabled: true,
      minPasswordLength: 10,
      maxPasswordLength: 128,
      autoSignIn: false,
      revokeSessionsOnPasswordReset: true,
      resetPasswordTokenExpiresIn: resetSeconds,
      onPasswordReset: async ({ user }, request) =>
        onAccountEvent({ userId: user.id, action: 'account.password_reset', place: statedPlace(request?.headers) }),
      sendResetPassword: async ({ user, url }) => send(resetMail(user, url)),
      onExistingUserSignUp: async ({ user }) => send(existingAccountMail(user, config.platformOrigin, system.nowMs())),
    },
    emailVerification: {
      sendOnSignUp: true,
      autoSignInAfterVerification: false,
      expiresIn: verificationSeconds,
      sendVerificationEmail: async ({ user, url }) => send(verificationMail(user, url)),
    },
    session: {
      expiresIn: sessionSeconds,
      updateAge: 86_400,
      cookieCache: { enabled: true, maxAge: cookieCacheSeconds },
    },
    rateLimit: {
      enabled: true,
      storage: 'database',
      ...signInRates,
    },
    advanced: {
      // The library would put `__Secure-` in front of the names below.
      useSecureCookies: false,
      defaultCookieAttributes: attributes,
      cookies: {
        session_token: { name: names.session_token, attributes },
        session_data: { name: names.session_data, attributes },
        dont_remember: { name: names.dont_remember, attributes },
      },
      ipAddress: { ipAddressHeaders: ['cf-connecting-ip'], ipv6Subnet: 64 },
      backgroundTasks: { handler: later },
      database: { generateId: ({ model }) => `${idPrefixes[model] ?? 'id'}_${system.ulid()}` },
    },
    hooks: {
      after: createAuthMiddleware(async ({ path, headers, context }) => {
        const action = accountActionOf(path);
        const userId = (context.newSession ?? context.session)?.user.id;
        if (action === null || userId === undefined || isAPIError(context.returned)) return;
        await onAccountEvent({ userId, action, place: statedPlace(headers) });
      }),
    },
    databaseHooks: {
      user: { create: { after: async (user) => onUserCreated(user) } },
      session: {
        delete: { after: async (session) => onSessionEnded({ userId: session.userId, token: session.token }) },
      },
    },
    plugins: [
      organization({
        allowUserToCreateOrganization: false,
        disableOrganizationDeletion: true,
        // Its own ways in are served to nobody (http/auth.ts); `adapters/d1/invitations.ts` holds the same numbers.
        membershipLimit: quotas.members,
        invitationLimit: quotas.members,
      }),
    ],
  });
}

/** What is told of a call of the library that went well; a reset has a hook of its own, which alone knows whose it was. */
function accountActionOf(path: string): AccountAction | null {
  switch (path) {
    case '/sign-in/email':
      return 'account.sign_in';
    case '/change-password':
      return 'account.password_change';
    case '/revoke-other-sessions':
      return 'account.sign_out_others';
    default:
      return null;
  }
}

/** `http/auth.ts` puts the platform's word for the country there, whatever the client sent. */
const statedPlace = (headers: Headers | undefined): Place =>
  toPlace(headers?.get(countryHeader), headers?.get('user-agent') ?? null);
