/**
 * Reads the Worker's bindings once and decides. Nobody else reads `env.*` for configuration. A conflict is a sentence
 * that names the variable; secrets never appear in it.
 */
import { z } from 'zod';
import type { RateBindings } from './adapters/rate-counter.ts';
import { isKnownRelease, knownReleases } from './contract/releases.ts';
import { planIds } from './core/billing/plans.ts';
import type { PlanId } from './core/billing/plans.ts';
import type { TenantControl } from './contract/tenant-rpc.ts';

/** Cloudflare Email Service's binding, as far as it is used (docs: email-service, send from Workers). */
export interface EmailBinding {
  send(message: { from: string; to: string; subject: string; text: string }): Promise<unknown>;
}

/** The bindings of wrangler.toml. */
export interface Env extends RateBindings {
  readonly DB: D1Database;
  /** The built dashboard. An API without pages has none. */
  readonly ASSETS?: Fetcher;
  readonly TENANTS: TenantControl;
  /** Daily heads of the audit chains. */
  readonly AUDIT_ANCHORS: R2Bucket;
  readonly EMAIL?: EmailBinding;
  readonly PLATFORM_ORIGIN: string;
  readonly TENANT_ORIGIN: string;
  readonly MAIL: string;
  readonly MAIL_FROM?: string;
  /** Both of Turnstile's keys, or neither: then nobody who signs up is checked. */
  readonly TURNSTILE_SITE_KEY?: string;
  readonly TURNSTILE_SECRET_KEY?: string;
  readonly BETTER_AUTH_SECRET: string;
  /** "1" where the local launcher runs a stand-in; pages say so. */
  readonly MODEL_STAND_IN?: string;
  readonly CONTAINERS_STAND_IN?: string;
  /** OpenClaw versions that people may choose, separated by commas; all known ones when empty. */
  readonly RELEASES?: string;
  /** E-mail addresses of the platform's own staff, separated by commas. Nobody when empty. */
  readonly STAFF_EMAILS?: string;
  /** The plan that everybody has while nothing is charged. */
  readonly OPERATOR_PLAN?: string;
  /** Nothing is charged without it. */
  readonly STRIPE_SECRET_KEY?: string;
  /** `whsec_…`; two separated by a comma while they are changed. */
  readonly STRIPE_WEBHOOK_SECRET?: string;
  /** Where the local stand-in answers; Stripe itself when empty. */
  readonly STRIPE_API_BASE?: string;
  /** "1": Stripe Tax works out the tax. */
  readonly STRIPE_TAX?: string;
  /** "0": use above the plan is not sent to Billing Meters. */
  readonly STRIPE_METERS?: string;
  /** Where AI Gateway lists its logs; receipts are compared with nothing when empty. */
  readonly USAGE_WITNESS_URL?: string;
  /** A Cloudflare API token that may read AI Gateway's logs and nothing else. */
  readonly USAGE_WITNESS_TOKEN?: string;
}

const Vars = z.object({
  PLATFORM_ORIGIN: z.url().refine((url) => new URL(url).origin === url, 'PLATFORM_ORIGIN is an origin without a path'),
  TENANT_ORIGIN: z
    .string()
    .refine(
      (text) => /^https?:\/\/\{slug\}\.[a-z0-9.-]+(:\d+)?$/.test(text),
      'TENANT_ORIGIN looks like https://{slug}.example.net',
    ),
  MAIL: z.enum(['outbox', 'cloudflare'], { error: 'MAIL is "outbox" or "cloudflare"' }),
  TURNSTILE_SITE_KEY: z.string().max(100).default(''),
  TURNSTILE_SECRET_KEY: z.string().max(200).default(''),
  MAIL_FROM: z.string().default('Tidepool <no-reply@localhost>'),
  RELEASES: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()])))
    .refine((list) => list.every(isKnownRelease), `RELEASES names only ${knownReleases.join(', ')}`),
  STAFF_EMAILS: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim().toLowerCase()])))
    .refine((list) => list.every((email) => z.email().safeParse(email).success), 'STAFF_EMAILS names e-mail addresses'),
  BETTER_AUTH_SECRET: z.string().min(32, 'BETTER_AUTH_SECRET has at least 32 characters'),
  OPERATOR_PLAN: z.enum(planIds, { error: `OPERATOR_PLAN is one of ${planIds.join(', ')}` }).default('operator'),
  STRIPE_SECRET_KEY: z.string().default(''),
  STRIPE_WEBHOOK_SECRET: z.string().default(''),
  STRIPE_API_BASE: z.union([z.literal(''), z.url()], { error: 'STRIPE_API_BASE is an address' }).default(''),
  STRIPE_TAX: z.string().default(''),
  STRIPE_METERS: z.string().default('1'),
  USAGE_WITNESS_URL: z.union([z.literal(''), z.url()], { error: 'USAGE_WITNESS_URL is an address' }).default(''),
  USAGE_WITNESS_TOKEN: z.string().max(400).default(''),
});

export interface StripeConfig {
  readonly secretKey: string;
  readonly webhookSecrets: readonly string[];
  readonly apiBase: string | null;
  readonly tax: boolean;
  readonly meters: boolean;
  readonly standIn: boolean;
}

export interface Config {
  readonly platformOrigin: string;
  /** With `{slug}` to be replaced. */
  readonly tenantOrigin: string;
  readonly mail: 'outbox' | 'cloudflare';
  readonly mailFrom: string;
  readonly secure: boolean;
  /** OpenClaw versions that people may choose, newest first. */
  readonly releases: readonly string[];
  /** Lower-case e-mail addresses of the platform's own staff. */
  readonly staffEmails: readonly string[];
  readonly billing: 'off' | 'stand_in' | 'live';
  readonly operatorPlan: PlanId;
  readonly standIns: {
    readonly mail: boolean;
    readonly model: boolean;
    readonly containers: boolean;
    readonly billing: boolean;
  };
}

export interface Secrets {
  readonly betterAuthSecret: string;
  /** Turnstile's keys; null where nobody who signs up is checked. */
  readonly turnstile: { readonly siteKey: string; readonly secret: string } | null;
}

export interface WitnessConfig {
  readonly url: string;
  readonly token: string;
}

/** @throws with a sentence per problem */
export function readConfig(env: Env): {
  config: Config;
  secrets: Secrets;
  stripe: StripeConfig | null;
  witness: WitnessConfig | null;
} {
  const parsed = Vars.safeParse(env);
  if (!parsed.success)
    throw new Error(`configuration: ${parsed.error.issues.map((issue) => issue.message).join('; ')}`);
  const { data } = parsed;
  const url = new URL(data.PLATFORM_ORIGIN);
  const loopback = url.protocol === 'http:' && url.hostname === 'localhost';
  if (!loopback && url.protocol !== 'https:')
    throw new Error('configuration: PLATFORM_ORIGIN must begin with https://');
  if (data.MAIL === 'outbox' && !loopback) {
    throw new Error(
      'configuration: MAIL=outbox shows everybody all mail and is for a laptop only; set MAIL=cloudflare',
    );
  }
  if (data.MAIL === 'cloudflare' && env.EMAIL === undefined) {
    throw new Error('configuration: MAIL=cloudflare needs the EMAIL binding ([[send_email]] in wrangler.toml)');
  }
  const { TURNSTILE_SITE_KEY: siteKey, TURNSTILE_SECRET_KEY: turnstileSecret } = data;
  if ((siteKey === '') !== (turnstileSecret === '')) {
    throw new Error('configuration: TURNSTILE_SITE_KEY and TURNSTILE_SECRET_KEY are set together or not at all');
  }
  const stripe = readStripe(data, loopback);
  return {
    stripe,
    witness: readWitness(data, loopback),
    config: {
      platformOrigin: data.PLATFORM_ORIGIN,
      tenantOrigin: data.TENANT_ORIGIN,
      mail: data.MAIL,
      mailFrom: data.MAIL_FROM,
      secure: url.protocol === 'https:',
      releases: knownReleases.filter((version) => data.RELEASES.length === 0 || data.RELEASES.includes(version)),
      staffEmails: data.STAFF_EMAILS,
      standIns: {
        mail: data.MAIL === 'outbox',
        model: env.MODEL_STAND_IN === '1',
        containers: env.CONTAINERS_STAND_IN === '1',
        billing: stripe?.standIn === true,
      },
      operatorPlan: data.OPERATOR_PLAN,
      billing: stripe === null ? 'off' : stripe.standIn ? 'stand_in' : 'live',
    },
    secrets: {
      betterAuthSecret: data.BETTER_AUTH_SECRET,
      turnstile: siteKey === '' ? null : { siteKey, secret: turnstileSecret },
    },
  };
}

/** Null: there is no second witness. */
function readWitness(data: z.infer<typeof Vars>, loopback: boolean): WitnessConfig | null {
  const { USAGE_WITNESS_URL: url, USAGE_WITNESS_TOKEN: token } = data;
  if (url === '') return null;
  if (new URL(url).search !== '') throw new Error('configuration: USAGE_WITNESS_URL has no query');
  if (!loopback && new URL(url).origin !== 'https://api.cloudflare.com') {
    throw new Error('configuration: USAGE_WITNESS_URL begins with https://api.cloudflare.com/');
  }
  if (url.startsWith('https:') && token === '') {
    throw new Error('configuration: USAGE_WITNESS_URL needs USAGE_WITNESS_TOKEN');
  }
  return { url, token };
}

/** Null: nothing is charged. */
function readStripe(data: z.infer<typeof Vars>, loopback: boolean): StripeConfig | null {
  const webhookSecrets = data.STRIPE_WEBHOOK_SECRET.split(',').flatMap((part) =>
    part.trim() === '' ? [] : [part.trim()],
  );
  if (data.STRIPE_SECRET_KEY === '') {
    if (webhookSecrets.length === 0) return null;
    throw new Error('configuration: STRIPE_WEBHOOK_SECRET without STRIPE_SECRET_KEY; set both or neither');
  }
  if (webhookSecrets.length === 0) {
    throw new Error('configuration: STRIPE_SECRET_KEY needs STRIPE_WEBHOOK_SECRET (whsec_…), or payments go unnoticed');
  }
  if (data.STRIPE_API_BASE !== '' && !loopback) {
    throw new Error('configuration: STRIPE_API_BASE is for the local stand-in only; leave it empty');
  }
  return {
    secretKey: data.STRIPE_SECRET_KEY,
    webhookSecrets,
    apiBase: data.STRIPE_API_BASE === '' ? null : data.STRIPE_API_BASE,
    tax: data.STRIPE_TAX === '1',
    meters: data.STRIPE_METERS !== '0',
    standIn: data.STRIPE_API_BASE !== '',
  };
}

export function tenantOriginOf(config: Config, slug: string): string {
  return config.tenantOrigin.replace('{slug}', slug);
}
