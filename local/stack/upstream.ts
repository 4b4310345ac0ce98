// Which model answers locally: AI Gateway, a provider's own key, or the built-in demo model.

import { unreachable } from '../../apps/control-plane/src/contract/result.ts';

export type Upstream =
  | { readonly kind: 'gateway'; readonly baseUrl: string }
  | { readonly kind: 'direct'; readonly providers: readonly string[] }
  | { readonly kind: 'demo' };

/** What a provider is called with directly. Workers AI has an address for each account. */
const keysOf: Readonly<Record<string, readonly string[]>> = {
  anthropic: ['ANTHROPIC_API_KEY'],
  openai: ['OPENAI_API_KEY'],
  google: ['GOOGLE_API_KEY'],
  openrouter: ['OPENROUTER_API_KEY'],
  'workers-ai': ['WORKERS_AI_TOKEN', 'WORKERS_AI_ACCOUNT_ID'],
};

/** Decides from the tenant worker's variables. A gateway needs address and token; half of it is not one. */
export function chooseUpstream(vars: Readonly<Record<string, string>>): Upstream {
  const has = (key: string): boolean => (vars[key] ?? '') !== '';
  if (has('AI_GATEWAY_BASE_URL') && has('AI_GATEWAY_TOKEN')) {
    return { kind: 'gateway', baseUrl: vars['AI_GATEWAY_BASE_URL'] ?? '' };
  }
  const keys = Object.entries(keysOf).filter(([, needed]) => needed.every(has));
  const providers = keys.map(([provider]) => provider);
  return providers.length > 0 ? { kind: 'direct', providers } : { kind: 'demo' };
}

/** One line for the table that `npm start` prints. */
export function describeUpstream(upstream: Upstream): string {
  switch (upstream.kind) {
    case 'gateway':
      return `real, through AI Gateway (${new URL(upstream.baseUrl).host})`;
    case 'direct':
      return `real, with your own ${upstream.providers.join(' and ')} key`;
    case 'demo':
      return 'stand-in: the demo model (put ANTHROPIC_API_KEY, OPENAI_API_KEY, GOOGLE_API_KEY or OPENROUTER_API_KEY into .dev.vars for a real one)';
    default:
      return unreachable(upstream);
  }
}
