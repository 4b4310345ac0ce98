/**
 * Secrets of an assistant as the API and the cell agree on them. Values go one way: sealed by the control plane to a key
 * that only the cell has, opened and stored there, never read back.
 */
import { z } from 'zod';
import { EgressMethod, egressMethods } from './egress.ts';
import { unreachable } from './result.ts';

export const SecretName = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);

/** Longest value: a key file in PEM with its certificate. */
export const secretCharsMax = 8_192;

/** Where an `egress` secret is added: one host, over https, as one header. */
export const SecretBinding = z.strictObject({
  host: z.string().trim().min(1).max(253),
  methods: z.array(EgressMethod).min(1).max(egressMethods.length),
  /** Whole segments. */
  pathPrefix: z.string().max(500).startsWith('/').default('/'),
  header: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,60}$/)
    .default('authorization'),
  /** `{secret}` stands for the value, once. */
  template: z
    .string()
    .max(200)
    .regex(/^[\x20-\x7e]*$/)
    .refine((text) => text.split('{secret}').length === 2, 'The template has {secret} in it, once')
    .default('Bearer {secret}'),
});
export type SecretBinding = z.infer<typeof SecretBinding>;

/** Providers whose models a customer may pay with a key of their own, by what a model's name begins with. */
export const modelProviderNames = {
  anthropic: 'Anthropic',
  openai: 'OpenAI',
  google: 'Google',
  openrouter: 'OpenRouter',
} as const;
export type ModelProvider = keyof typeof modelProviderNames;
const ModelProviderName = z.enum(['anthropic', 'openai', 'google', 'openrouter']) satisfies z.ZodType<ModelProvider>;

/** Channels whose tokens are kept; `channelNames` is what people call them. */
export const channelNames = { telegram: 'Telegram', slack: 'Slack', discord: 'Discord' } as const;
export type SecretChannel = keyof typeof channelNames;

/** What a secret is for. A channel's or provider's name, or the requests it is added to. */
export const SecretUse = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('model_key'),
    provider: ModelProviderName,
  }),
  z.strictObject({
    kind: z.literal('channel_token'),
    channel: z.enum(['telegram', 'slack', 'discord']) satisfies z.ZodType<SecretChannel>,
  }),
  z.strictObject({ kind: z.literal('egress'), binding: SecretBinding }),
]);
export type SecretUse = z.infer<typeof SecretUse>;

/** One thing that would miss a secret: a network rule that lets its requests out, the models of a provider, a channel. */
export const SecretUser = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('network'), host: z.string().max(253), rule: z.string().max(120) }),
  z.object({ kind: z.literal('models'), provider: ModelProviderName }),
  z.object({ kind: z.literal('channel'), channel: z.enum(['telegram', 'slack', 'discord']) }),
]);
export type SecretUser = z.infer<typeof SecretUser>;

/** Everything that is stored about a secret but the secret. */
export const SecretFacts = z.object({
  name: SecretName,
  version: z.number().int().min(1),
  use: SecretUse,
  /** Empty where four characters would say too much. */
  lastFour: z.string().max(4),
  createdAtMs: z.number().int(),
  changedAtMs: z.number().int(),
  changedBy: z.string().max(64),
  /** To the minute. */
  lastUsedAtMs: z.number().int().nullable(),
  /** When the one it is for last refused it, and with which HTTP status; null when it has been taken since. */
  refused: z.object({ atMs: z.number().int(), status: z.number().int() }).nullable(),
});
export type SecretFacts = z.infer<typeof SecretFacts>;

export const SecretView = SecretFacts.extend({
  /** As of now. Empty: nothing would miss it. */
  usedBy: z.array(SecretUser).max(100),
});
export type SecretView = z.infer<typeof SecretView>;

/** A user of a secret, in words. */
export function secretUserText(user: SecretUser): string {
  switch (user.kind) {
    case 'network':
      return `requests to ${user.host}`;
    case 'models':
      return `all requests to ${modelProviderNames[user.provider]} models`;
    case 'channel':
      return `the ${channelNames[user.channel]} channel`;
    default:
      return unreachable(user);
  }
}

/** A value on its way to the cell: X25519, HKDF-SHA-256, AES-256-GCM. All fields but `kid` are base64. */
export interface SealedValue {
  readonly kid: string;
  readonly ephemeral: string;
  readonly iv: string;
  readonly sealed: string;
}

/** The public half of the cell's sealing key. */
export interface SealingKey {
  readonly kid: string;
  /** base64, 32 bytes */
  readonly publicKey: string;
}

/** What a sealed value is bound to; another tenant's or name's does not open. */
export function sealingContext(kid: string, tenantId: string, name: string): string {
  return JSON.stringify(['tidepool/seal/v1', kid, tenantId, name]);
}
