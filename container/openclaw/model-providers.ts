/**
 * The providers behind the meter, as OpenClaw is told of them. Anthropic and OpenAI always are; the others when the
 * platform's choice of models names them, so that OpenClaw does not take a provider for usable (for search, pictures, speech)
 * that nobody chose. One that a tenant set up with a key of its own is left alone until then.
 */
import type { GatewayConfigInput } from './config-input.ts';
import type { Json, PathValue } from './render-config.ts';

/** Not a secret: the credential is added outside the container. OpenClaw wants a non-empty key to use a provider. */
const sentinelApiKey = 'tidepool-managed';

interface Metered {
  /** What OpenClaw's client speaks; null: its own choice for this provider. */
  readonly api: string | null;
  /** Below the metered endpoint. */
  readonly path: string;
  readonly always: boolean;
  /** OpenClaw has no list of its own: the chosen models are listed for it. */
  readonly lists: boolean;
}

/** `api` is explicit for Anthropic: without it OpenClaw sends utility calls in OpenAI's format. */
const metered: Readonly<Record<string, Metered>> = {
  anthropic: { api: 'anthropic-messages', path: '/anthropic', always: true, lists: false },
  openai: { api: null, path: '/openai', always: true, lists: false },
  google: { api: 'google-generative-ai', path: '/google/v1beta', always: false, lists: false },
  openrouter: { api: 'openai-completions', path: '/openrouter/v1', always: false, lists: false },
  'workers-ai': { api: 'openai-completions', path: '/workers-ai/v1', always: false, lists: true },
};

/** What OpenClaw assumes of a model that is listed for it; the meter knows the real bounds. */
const listedModel = { reasoning: false, input: ['text'], contextWindow: 128_000, maxTokens: 4_096 } as const;

type Read = (path: string) => Json | undefined;

/** @param read a path of what the tenant has */
export function providerValues(input: GatewayConfigInput, read: Read): readonly PathValue[] {
  const { primary, utility, fallbacks = [] } = input.models;
  const named = [primary, utility, ...fallbacks].map(splitRef);
  return Object.entries(metered).flatMap(([name, provider]): PathValue[] => {
    const at = `models.providers.${name}`;
    const chosen = named.filter((ref) => ref.provider === name).map((ref) => ref.model);
    if (!provider.always && chosen.length === 0 && !isOurs(read, name)) return [];
    const listed = read(`${at}.models`);
    const models: readonly Json[] = Array.isArray(listed) ? listed : [];
    return [
      [
        at,
        {
          ...(provider.api === null ? {} : { api: provider.api }),
          baseUrl: input.ai.baseUrl + provider.path,
          apiKey: sentinelApiKey,
          // The name resolves to a placeholder address that OpenClaw's own guard may take for private.
          request: { allowPrivateNetwork: true },
          models: provider.lists ? withModels(models, chosen) : models,
        },
      ],
    ];
  });
}

/** Paths of the addresses that must not change while the gateway runs: of the providers that are behind the meter. */
export function guardedProviderPaths(read: Read): readonly string[] {
  return Object.keys(metered)
    .filter((name) => isOurs(read, name))
    .map((name) => `models.providers.${name}.baseUrl`);
}

function isOurs(read: Read, name: string): boolean {
  return read(`models.providers.${name}.apiKey`) === sentinelApiKey;
}

function withModels(models: readonly Json[], chosen: readonly string[]): Json {
  const has = (id: string): boolean =>
    models.some((model) => typeof model === 'object' && model !== null && 'id' in model && model.id === id);
  const missing = [...new Set(chosen)].filter((id) => !has(id));
  return [...models, ...missing.map((id) => ({ id, name: id, ...listedModel }))];
}

function splitRef(ref: string): { provider: string; model: string } {
  const slash = ref.indexOf('/');
  return { provider: ref.slice(0, slash), model: ref.slice(slash + 1) };
}
