/**
 * Where model calls go and with which credentials: AI Gateway when it is configured, else the provider itself with the
 * operator's key, else the local demo model, which has AI Gateway's URL shape. The only place that knows these keys.
 * A customer's own key takes the place of the operator's, and goes to its provider only: never to the demo model.
 * Addresses are put together from parts that are checked here; nothing of a tenant's request ever becomes a host.
 */
import type { AiProvider, AiRoute } from '../core/metering/ai-route.ts';
import { unreachable } from '../../../control-plane/src/contract/result.ts';

/** The bindings that choose the upstream; absent or empty = not configured. */
export interface UpstreamVars {
  readonly AI_GATEWAY_BASE_URL?: string;
  readonly AI_GATEWAY_TOKEN?: string;
  readonly ANTHROPIC_API_KEY?: string;
  readonly OPENAI_API_KEY?: string;
  readonly GOOGLE_API_KEY?: string;
  readonly OPENROUTER_API_KEY?: string;
  /** A Cloudflare API token with "Workers AI Read"; without one AI Gateway's own token is tried through the gateway. */
  readonly WORKERS_AI_TOKEN?: string;
  /** The account of that token; needed only without AI Gateway, which names an account itself. */
  readonly WORKERS_AI_ACCOUNT_ID?: string;
  readonly DEMO_MODEL_BASE_URL?: string;
}

export type UpstreamKind = 'ai-gateway' | 'direct' | 'demo';

export interface UpstreamCall {
  readonly kind: UpstreamKind;
  readonly url: string;
  /** Credentials and routing headers; they replace whatever a client sent under the same names. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface AiUpstream {
  /** Whether the platform itself has access to a provider's models. */
  serves(provider: AiProvider): boolean;
  /** How to call `route`, or null when nothing is configured for its provider. `customerKey` null: the platform pays. */
  call(route: AiRoute, who: { tenantId: string; requestId: string }, customerKey: string | null): UpstreamCall | null;
}

/** Where a provider is below AI Gateway's address. Source: the provider pages of AI Gateway's documentation. */
const gatewayPaths: Record<AiProvider, string> = {
  anthropic: '/anthropic',
  openai: '/openai',
  google: '/google-ai-studio',
  openrouter: '/openrouter/v1',
  'workers-ai': '/workers-ai/v1',
};

/** @throws with a sentence when a configured address is not one */
export function chooseUpstream(vars: UpstreamVars): AiUpstream {
  const gateway = parseBaseUrl('AI_GATEWAY_BASE_URL', vars.AI_GATEWAY_BASE_URL);
  const demo = parseBaseUrl('DEMO_MODEL_BASE_URL', vars.DEMO_MODEL_BASE_URL);
  if (gateway !== '' && !gateway.startsWith('https://'))
    throw new Error('AI_GATEWAY_BASE_URL must begin with https://.');
  const token = vars.AI_GATEWAY_TOKEN ?? '';
  const keys: Record<AiProvider, string> = {
    anthropic: vars.ANTHROPIC_API_KEY ?? '',
    openai: vars.OPENAI_API_KEY ?? '',
    google: vars.GOOGLE_API_KEY ?? '',
    openrouter: vars.OPENROUTER_API_KEY ?? '',
    'workers-ai': vars.WORKERS_AI_TOKEN ?? '',
  };
  const account = parseAccount(vars.WORKERS_AI_ACCOUNT_ID);
  return {
    serves: (provider) =>
      (gateway !== '' && token !== '') ||
      (keys[provider] !== '' && directBaseUrl(provider, account) !== null) ||
      demo !== '',
    call(route, who, customerKey) {
      const { provider, upstreamPath } = route;
      const path = gatewayPaths[provider] + upstreamPath;
      const key = customerKey ?? keys[provider];
      if (gateway !== '' && token !== '') {
        const headers = { ...gatewayHeaders(who), 'cf-aig-authorization': `Bearer ${token}` };
        // Without a key of our own, AI Gateway uses the one stored with it; Workers AI belongs to the same account.
        const own = key === '' && provider === 'workers-ai' ? token : key;
        return { kind: 'ai-gateway', url: gateway + path, headers: { ...headers, ...credentials(provider, own) } };
      }
      const direct = directBaseUrl(provider, account);
      if (key !== '' && direct !== null) {
        return { kind: 'direct', url: direct + upstreamPath, headers: credentials(provider, key) };
      }
      return demo === '' ? null : { kind: 'demo', url: demo + path, headers: gatewayHeaders(who) };
    },
  };
}

/** Null when the address is not known: Workers AI has one for each account. */
function directBaseUrl(provider: AiProvider, account: string): string | null {
  switch (provider) {
    case 'anthropic':
      return 'https://api.anthropic.com';
    case 'openai':
      return 'https://api.openai.com/v1';
    case 'google':
      return 'https://generativelanguage.googleapis.com';
    case 'openrouter':
      return 'https://openrouter.ai/api/v1';
    case 'workers-ai':
      return account === '' ? null : `https://api.cloudflare.com/client/v4/accounts/${account}/ai/v1`;
    default:
      return unreachable(provider);
  }
}

/** Cloudflare's account ids are 32 hexadecimal digits. */
function parseAccount(text = ''): string {
  if (text !== '' && !/^[0-9a-f]{32}$/.test(text)) throw new Error('WORKERS_AI_ACCOUNT_ID must be an account id.');
  return text;
}

/** AI Gateway's headers: who pays (its logs are the second witness), no shared cache, no stored conversations. */
function gatewayHeaders(who: { tenantId: string; requestId: string }): Record<string, string> {
  return {
    'cf-aig-metadata': JSON.stringify({ tenant: who.tenantId, request: who.requestId }),
    'cf-aig-skip-cache': 'true',
    'cf-aig-collect-log-payload': 'false',
  };
}

function credentials(provider: AiProvider, key: string): Record<string, string> {
  if (key === '') return {};
  switch (provider) {
    case 'anthropic':
      return { 'x-api-key': key };
    case 'google':
      return { 'x-goog-api-key': key };
    case 'openai':
    case 'openrouter':
    case 'workers-ai':
      return { authorization: `Bearer ${key}` };
    default:
      return unreachable(provider);
  }
}

/** An http(s) address without credentials, query or fragment, without a trailing slash; '' when there is none. */
function parseBaseUrl(name: string, text = ''): string {
  if (text === '') return '';
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new Error(`${name} must be an http(s) address without credentials, query or fragment.`);
  }
  return (url.origin + url.pathname).replace(/\/+$/, '');
}
