/**
 * better-auth on D1: accounts, sessions, organisations. Everything else sees only `Auth`. What must hold: a static base
 * URL and one trusted origin; cookies for this host only; no answer tells whether an address has an account.
 */
import { betterAuth } from 'better-auth';
import { drizzleAdapter } from 'better-auth/adapters/drizzle';
import { organization } from 'better-auth/plugins/organization';
import type { DrizzleD1Database } from 'drizzle-orm/d1';
import type { Config } from '../env.ts';
import * as schema from './d1/auth-schema.ts';
import type { Mailer } from './mail.ts';
import { sha256Base64Url } from './system.ts';

/** A revoked session may go on being read from its cookie for this long. */
const cookieCacheSeconds = 60;
const sessionSeconds = 14 * 86_400;
const verificationSeconds = 24 * 3_600;
const resetSeconds = 3_600;

export interface AuthDeps {
  readonly config: Config;
  readonly secret: string;
  readonly db: DrizzleD1Database;
  readonly mailer: Mailer;
  /** Runs work after the answer, so that its time tells nothing. */
  readonly later: (work: Promise<unknown>) => void;
  /** Sessions of this person or sign-in end: their tenant sessions end too. */
  readonly onSessionEnded: (session: { userId: string; token: string }) => Promise<void>;
}

export type Auth = ReturnType<typeof createAuth>;

export function createAuth({ config, secret, db, mailer, later, onSessionEnded }: AuthDeps) {
  const mail = (
    kind: string,
    to: string,
    words: { subject: string; lead: string; link: string; note: string },
  ): void => {
    later(
      sha256Base64Url(words.link).then((hash) =>
        mailer.send({
          key: `${kind}:${hash}`,
          to,
          subject: words.subject,
          text: `${words.lead}\n\n${words.link}\n\n${words.note}\n`,
          link: words.link,
        }),
      ),
    );
  };
  return betterAuth({
    appName: 'Tidepool',
    baseURL: config.platformOrigin,
    basePath: '/api/auth',
    secret,
    trustedOrigins: [config.platformOrigin],
    telemetry: { enabled: false },
    database: drizzleAdapter(db, { provider: 'sqlite', schema }),
    emailAndPassword: {
      enabled: true,
      minPasswordLength: 10,
      maxPasswordLength: 128,
      autoSignIn: true,
      revokeSessionsOnPasswordReset: true,
      resetPasswordTokenExpiresIn: resetSeconds,
      sendResetPassword: async ({ user, url }) => {
        mail('reset', user.email, {
          subject: 'Choose a new password for Tidepool',
          lead: `Hello ${user.name}, choose a new password here:`,
          link: url,
          note: 'The link works once, for one hour. If you did not ask for it, nothing has changed.',
        });
      },
    },
    emailVerification: {
      sendOnSignUp: true,
      autoSignInAfterVerification: false,
      expiresIn: verificationSeconds,
      sendVerificationEmail: async ({ user, url }) => {
        mail('verify', user.email, {
          subject: 'Confirm your address for Tidepool',
          lead: `Hello ${user.name}, confirm that this address is yours:`,
          link: url,
          note: 'The link works for one day. If you did not sign up, ignore this mail.',
        });
      },
    },
    session: {
      expiresIn: sessionSeconds,
      updateAge: 86_400,
      cookieCache: { enabled: true, maxAge: cookieCacheSeconds },
    },
    rateLimit: {
      enabled: true,
      storage: 'database',
      window: 60,
      max: 100,
      customRules: {
        '/get-session': false,
        '/sign-in/email': { window: 60, max: 10 },
        '/sign-up/email': { window: 60, max: 10 },
        '/request-password-reset': { window: 60, max: 5 },
        '/send-verification-email': { window: 60, max: 5 },
      },
    },
    advanced: {
      cookiePrefix: 'tidepool',
      useSecureCookies: config.secure,
      // `__Host-` binds a cookie to this very host. A browser takes the prefix only with Secure, so plain http on a
      // laptop uses the honest name without it.
      cookies: Object.fromEntries(
        (['session_token', 'session_data', 'dont_remember'] as const).map((name) => [
          name,
          { name: config.secure ? `__Host-tidepool.${name}` : `tidepool.${name}`, attributes: { path: '/' } },
        ]),
      ),
      ipAddress: { ipAddressHeaders: ['cf-connecting-ip'] },
      backgroundTasks: { handler: later },
    },
    databaseHooks: {
      session: {
        delete: {
          after: async (session) => {
            later(onSessionEnded({ userId: session.userId, token: session.token }));
          },
        },
      },
    },
    plugins: [
      organization({
        allowUserToCreateOrganization: false,
        requireEmailVerificationOnInvitation: true,
        cancelPendingInvitationsOnReInvite: true,
      }),
    ],
  });
}
