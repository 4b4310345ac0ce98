/**
 * Which model API paths are open: exactly the ones whose answers are metered. Everything else is refused before its
 * body is read; that includes free ones (token counting, model lists), which OpenClaw does not need.
 */
import { modelProviderNames } from '../../../../control-plane/src/contract/secrets.ts';
import type { UsageFormat } from './usage-meter.ts';

export const aiProviders = ['anthropic', 'openai', 'google', 'openrouter', 'workers-ai'] as const;
export type AiProvider = (typeof aiProviders)[number];

/** As people call them. Workers AI runs in the platform's own account: no key of a customer's goes there. */
export const aiProviderNames: Readonly<Record<AiProvider, string>> = {
  ...modelProviderNames,
  'workers-ai': 'Cloudflare Workers AI',
};

export interface AiRoute {
  readonly provider: AiProvider;
  readonly format: UsageFormat;
  /** The path below the provider's base URL as AI Gateway and the direct API both have it. */
  readonly upstreamPath: string;
  /** What Gemini's path says and every other format's body says. */
  readonly named: { readonly model: string; readonly streaming: boolean } | null;
}

/** Clients put the version into the base URL or into the path; both spellings are one route. */
const routes: Record<AiProvider, Readonly<Record<string, AiRoute>>> = {
  anthropic: byPath('anthropic', 'anthropic-messages', '/v1/messages', ['/v1/messages', '/messages']),
  openai: {
    ...byPath('openai', 'openai-chat', '/chat/completions', chatPaths()),
    ...byPath('openai', 'openai-responses', '/responses', ['/responses', '/v1/responses']),
    ...byPath('openai', 'openai-embeddings', '/embeddings', ['/embeddings', '/v1/embeddings']),
  },
  google: {},
  openrouter: byPath('openrouter', 'openai-chat', '/chat/completions', chatPaths()),
  'workers-ai': byPath('workers-ai', 'openai-chat', '/chat/completions', chatPaths()),
};

/** The model is part of the path, so it is held to characters that mean nothing in one. */
const geminiPath =
  /^\/(?:v1beta\/|v1\/)?models\/([A-Za-z0-9][A-Za-z0-9.-]{0,99}):(generateContent|streamGenerateContent)$/;

export function parseProvider(name: string): AiProvider | null {
  return aiProviders.find((provider) => provider === name) ?? null;
}

/** The route of a request, or null: not open. `path` is everything below `/<provider>`, without a query. */
export function findRoute(provider: AiProvider, method: string, path: string): AiRoute | null {
  if (method !== 'POST') return null;
  if (provider === 'google') return geminiRoute(path);
  return Object.hasOwn(routes[provider], path) ? (routes[provider][path] ?? null) : null;
}

/** A stream is always asked for as events (`alt=sse`): the other form is one JSON list, which no client of ours uses. */
function geminiRoute(path: string): AiRoute | null {
  const [, model, method] = geminiPath.exec(path) ?? [];
  if (model === undefined || method === undefined) return null;
  const streaming = method === 'streamGenerateContent';
  const upstreamPath = `/v1beta/models/${model}:${method}${streaming ? '?alt=sse' : ''}`;
  return { provider: 'google', format: 'google-gemini', upstreamPath, named: { model, streaming } };
}

function chatPaths(): readonly string[] {
  return ['/chat/completions', '/v1/chat/completions'];
}

function byPath(
  provider: AiProvider,
  format: UsageFormat,
  upstreamPath: string,
  paths: readonly string[],
): Record<string, AiRoute> {
  return Object.fromEntries(paths.map((path) => [path, { provider, format, upstreamPath, named: null }]));
}

/** The route of `model` at a provider in the wire format of another request, or null: it does not speak it. */
export function routeFor(provider: AiProvider, like: Pick<AiRoute, 'format' | 'named'>, model: string): AiRoute | null {
  if (provider === 'google') {
    if (like.format !== 'google-gemini') return null;
    return geminiRoute(
      `/models/${model}:${like.named?.streaming === true ? 'streamGenerateContent' : 'generateContent'}`,
    );
  }
  return Object.values(routes[provider]).find((route) => route.format === like.format) ?? null;
}

/** The wire formats that a provider speaks. */
export function formatsOf(provider: AiProvider): readonly UsageFormat[] {
  if (provider === 'google') return ['google-gemini'];
  return [...new Set(Object.values(routes[provider]).map(({ format }) => format))];
}
