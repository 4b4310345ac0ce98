/**
 * Which model API paths are open: exactly the ones whose answers are metered. Everything else is refused before its
 * body is read; that includes free ones (token counting, model lists), which OpenClaw does not need.
 */
import type { ModelProvider } from '../../../../control-plane/src/contract/secrets.ts';
import type { UsageFormat } from './usage-meter.ts';

export const aiProviders = ['anthropic', 'openai'] as const satisfies readonly ModelProvider[];
export type AiProvider = (typeof aiProviders)[number];

export interface AiRoute {
  readonly provider: AiProvider;
  readonly format: UsageFormat;
  /** The path below the provider's base URL as AI Gateway and the direct API both have it. */
  readonly upstreamPath: string;
}

/** Clients put the version into the base URL or into the path; both spellings are one route. */
const routes: Record<AiProvider, Readonly<Record<string, AiRoute>>> = {
  anthropic: byPath({ provider: 'anthropic', format: 'anthropic-messages', upstreamPath: '/v1/messages' }, [
    '/v1/messages',
    '/messages',
  ]),
  openai: {
    ...byPath({ provider: 'openai', format: 'openai-chat', upstreamPath: '/chat/completions' }, [
      '/chat/completions',
      '/v1/chat/completions',
    ]),
    ...byPath({ provider: 'openai', format: 'openai-responses', upstreamPath: '/responses' }, [
      '/responses',
      '/v1/responses',
    ]),
    ...byPath({ provider: 'openai', format: 'openai-embeddings', upstreamPath: '/embeddings' }, [
      '/embeddings',
      '/v1/embeddings',
    ]),
  },
};

export function parseProvider(name: string): AiProvider | null {
  return aiProviders.find((provider) => provider === name) ?? null;
}

/** The route of a request, or null: not open. `path` is everything below `/<provider>`, without a query. */
export function findRoute(provider: AiProvider, method: string, path: string): AiRoute | null {
  if (method !== 'POST' || !Object.hasOwn(routes[provider], path)) return null;
  return routes[provider][path] ?? null;
}

function byPath(route: AiRoute, paths: readonly string[]): Record<string, AiRoute> {
  return Object.fromEntries(paths.map((path) => [path, route]));
}
