/**
 * How much the API takes, from whom, beside the sign-in library's own limits per network address. What must hold: the
 * shield per client is wide enough for an office behind one address; nobody's mailbox or password is tried without end by
 * changing the network address.
 */
import type { RateRule } from '../contract/rate-limit.ts';

export const rateRules = {
  /** Everything that reaches the API from one network address, signed in or not. */
  client: { binding: 'LIMIT_CLIENT', limit: 1_200, periodSeconds: 60 },
  /** Calls with one session or API key: a page asks a dozen at once and then a few in a minute. */
  caller: { binding: 'LIMIT_CALLER', limit: 600, periodSeconds: 60 },
  /** Openings of assistants with one session. Each asks a tenant's object for a code. */
  opening: { binding: 'LIMIT_OPENING', limit: 30, periodSeconds: 60 },
  /** Passwords tried, accounts made and mails asked for with one e-mail address, whoever asks. */
  address: { binding: 'LIMIT_ADDRESS', limit: 20, periodSeconds: 60 },
} as const satisfies Record<string, RateRule>;

export type RateBinding = (typeof rateRules)[keyof typeof rateRules]['binding'];

/** The sign-in library's own counts, in D1: attempts per network address (IPv6 by /64) and path. */
export const signInRates = {
  window: 60,
  max: 100,
  customRules: {
    // Asked by every page, and a write each time.
    '/get-session': false,
    '/sign-in/email': { window: 60, max: 20 },
    '/sign-up/email': { window: 60, max: 20 },
    '/change-password': { window: 60, max: 10 },
    '/request-password-reset': { window: 60, max: 5 },
    '/send-verification-email': { window: 60, max: 5 },
  },
} as const;
